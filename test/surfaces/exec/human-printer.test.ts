import { describe, expect, test } from 'vitest';
import type { ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { HumanPrinter } from '../../../src/surfaces/exec/human-printer.ts';
import type { RunEvent, RunResult } from '../../../src/surfaces/exec/printer.ts';
import {
  agentCall,
  answer,
  command,
  fileChange,
  mcpCall,
  plan,
  thoughts,
  threadStarted,
  toolCall,
  turnCompleted,
  turnStarted,
  usage,
  usageUpdated,
} from '../sample-items.ts';

interface Printed {
  readonly printer: HumanPrinter;
  /** What went to stderr so far; emptied by the call. */
  readonly taken: () => string;
  readonly messages: string[];
}

function printing(more: Partial<ConstructorParameters<typeof HumanPrinter>[0]> = {}): Printed {
  let text = '';
  const messages: string[] = [];
  const printer = new HumanPrinter({
    facts: { version: '1.2.3', provider: 'openai', sandboxPolicy: { mode: 'read-only' } },
    prompt: 'Fix it',
    hideReasoning: false,
    color: false,
    write: (part) => {
      text += part;
    },
    writeMessage: (message) => void messages.push(message),
    hasHeading: () => true,
    resumeCommand: (id) => `keel resume ${id}`,
    ...more,
  });
  const taken = () => {
    const all = text;
    text = '';
    return all;
  };
  return { printer, taken, messages };
}

const started = (item: ThreadItem): RunEvent => ({ type: 'item.started', turnId: 'turn_1', item });
const updated = (item: ThreadItem): RunEvent => ({ type: 'item.updated', turnId: 'turn_1', item });
const completed = (item: ThreadItem): RunEvent => ({ type: 'item.completed', turnId: 'turn_1', item });
const result = (more: Partial<RunResult> = {}): RunResult => ({
  turn: turnCompleted(),
  message: 'Done.',
  notDone: null,
  isUnwritten: false,
  ...more,
});

/** What a thread at /app prints for these events. */
function printed(...events: RunEvent[]): string {
  const { printer, taken } = printing();
  printer.print(threadStarted());
  taken();
  for (const event of events) printer.print(event);
  return taken();
}

describe('the start', () => {
  test('says where, with what and what was asked', () => {
    const { printer, taken } = printing();
    printer.print(threadStarted());
    expect(taken()).toBe(
      [
        'keel 1.2.3',
        '--------',
        'workdir: /app',
        'model: gpt-5 (openai)',
        'sandbox: read-only (no changes; --full-auto allows them in the workdir)',
        'session id: thread_1',
        '--------',
        'user',
        'Fix it',
        '',
      ].join('\n'),
    );
  });

  test('shows the start and the end of a long prompt', () => {
    const { printer, taken } = printing({ prompt: 'line\n'.repeat(200) });
    printer.print(threadStarted());
    expect(taken()).toContain('150 lines left out');
  });
});

describe('items', () => {
  test.each<[string, RunEvent[], string]>([
    ['a command', [started(command()), completed(command())], 'exec\nnpm test\n succeeded in 250ms:\nok\n'],
    ['a command elsewhere', [started(command({ cwd: '/app/lib' }))], 'exec\nnpm test in lib\n'],
    [
      'a command that failed',
      [completed(command({ status: 'failed', exitCode: 1, aggregatedOutput: 'bad' }))],
      ' exited 1 in 250ms:\nbad\n',
    ],
    ['a command without output', [completed(command({ aggregatedOutput: null }))], ' succeeded in 250ms:\n'],
    ['a change', [completed(fileChange())], 'file update\nM a.ts\n@@ -1 +1 @@\n-a\n+b\n'],
    [
      'a change that failed',
      [completed(fileChange({ changes: [], status: 'failed', reason: 'no such file' }))],
      'file update (failed)\nreason: no such file\n',
    ],
    ['a call of a server', [started(mcpCall())], 'tool docs.search({"query":"x"})\n'],
    [
      'a result of a server',
      [completed(mcpCall({ result: { content: [], structuredContent: null } }))],
      ' success in 20ms:\n{\n  "content": [],\n  "structuredContent": null\n}\n',
    ],
    [
      'a failure of a server',
      [completed(mcpCall({ status: 'failed', result: null, error: { message: 'timed out' } }))],
      ' failed in 20ms:\ntimed out\n',
    ],
    ['a tool that reads', [completed(toolCall())], 'read_file: {"path":"a.ts"}\n'],
    [
      'a tool that failed',
      [completed(toolCall({ status: 'failed', reason: 'no such file' }))],
      'read_file: {"path":"a.ts"}\nfailed: no such file\n',
    ],
    ['a subagent', [completed(agentCall())], 'agent: spawn (running): look at the tests\n'],
    ['thoughts', [completed(thoughts('one', 'two'))], 'thinking\none\ntwo\n'],
    ['no thoughts', [completed(thoughts())], ''],
    ['a search', [completed({ type: 'webSearch', id: 'w', query: 'node 24', action: null })], 'search: node 24\n'],
    ['an image', [completed({ type: 'imageView', id: 'i', path: '/app/a.png' })], 'viewed image: a.png\n'],
    ['a plan', [started(plan({ step: 'read', status: 'pending' }))], 'plan\n  • read\n'],
    ['a plan that moves', [updated(plan({ step: 'read', status: 'completed' }))], 'plan\n  ✓ read\n'],
    ['the end of a plan, which was shown', [completed(plan({ step: 'read', status: 'completed' }))], ''],
    [
      'a compaction',
      [completed({ type: 'contextCompaction', id: 'c' })],
      'compacted: the conversation was condensed to make room\n',
    ],
    [
      'a review',
      [completed({ type: 'enteredReviewMode', id: 'r', review: 'uncommitted changes' })],
      'review: uncommitted changes\n',
    ],
    [
      'an undo',
      [completed({ type: 'undo', id: 'u', status: 'completed', message: '2 files restored' })],
      'undo: 2 files restored\n',
    ],
    ['the budget, which the error shows', [completed({ type: 'budgetExceeded', id: 'b', message: 'over' })], ''],
    ['a part of an answer', [completed(answer('Half of', { interrupted: true }))], 'keel (interrupted)\nHalf of\n'],
  ])('%s', (_, events, text) => {
    expect(printed(...events)).toBe(text);
  });

  test('thoughts are hidden where the configuration says so', () => {
    const { printer, taken } = printing({ hideReasoning: true });
    printer.print(completed(thoughts('secret plan')));
    expect(taken()).toBe('');
  });

  test('long output of a command that failed shows more of its end than that of one that did not', () => {
    const aggregatedOutput = Array.from({ length: 300 }, (_, at) => `line ${at}`).join('\n');
    expect(printed(completed(command({ aggregatedOutput })))).toContain('280 lines left out');
    const failed = printed(completed(command({ aggregatedOutput, status: 'failed', exitCode: 1 })));
    expect(failed).toContain('250 lines left out');
    expect(failed).toContain('line 260\n');
  });
});

describe('other events', () => {
  test.each<[RunEvent, string]>([
    [{ type: 'warning', turnId: null, message: 'careful' }, 'warning: careful\n'],
    [
      { type: 'error', turnId: 't', error: { kind: 'serverOverloaded', message: 'busy' }, willRetry: true },
      'retry: busy\n',
    ],
    [{ type: 'error', turnId: 't', error: { kind: 'badRequest', message: 'no' }, willRetry: false }, 'ERROR: no\n'],
    [{ type: 'events.lost', dropped: 7 }, 'warning: 7 events were lost: this output was read too slowly\n'],
    [{ type: 'thread.rolledBack', removed: 1, turns: [] }, 'rollback: the last turn is removed\n'],
    [{ type: 'thread.rolledBack', removed: 3, turns: [] }, 'rollback: the last 3 turns are removed\n'],
    [{ type: 'submissions.dropped', turnId: 't', ids: ['a'] }, 'dropped: 1 queued submission was dropped\n'],
    [{ type: 'submissions.dropped', turnId: 't', ids: ['a', 'b'] }, 'dropped: 2 queued submissions were dropped\n'],
    [{ type: 'item.delta', turnId: 't', itemId: 'i', part: 'agentMessage', delta: 'x' }, ''],
    [{ type: 'turn.diff', turnId: 't', diff: 'x' }, ''],
  ])('%j is %j', (event, text) => {
    expect(printed(event)).toBe(text);
  });
});

describe('answers', () => {
  test('are printed when something follows them; the last one goes to standard output alone', async () => {
    const { printer, taken, messages } = printing();
    printer.print(threadStarted());
    taken();
    printer.print(completed(answer('I will run the tests.')));
    expect(taken()).toBe('');
    printer.print(started(command()));
    expect(taken()).toBe('keel\nI will run the tests.\nexec\nnpm test\n');
    printer.print(completed(answer('Done.')));
    await printer.end(result());
    expect(taken()).toBe('keel\n');
    expect(messages).toEqual(['Done.']);
  });

  test('have no heading where both outputs are read in different places', async () => {
    const { printer, taken } = printing({ hasHeading: () => false });
    printer.print(completed(answer('Done.')));
    await printer.end(result());
    expect(taken()).toBe('');
  });

  test('before a review are printed, and the review is the message', async () => {
    const { printer, taken, messages } = printing({ hasHeading: () => false });
    printer.print(completed(answer('{"findings":[]}')));
    await printer.end(result({ turn: turnCompleted({ lastAgentMessage: null }), message: 'No findings.' }));
    expect(taken()).toBe('keel\n{"findings":[]}\n');
    expect(messages).toEqual(['No findings.']);
  });
});

describe('the end', () => {
  test('counts input that was not cached and output, and the cost', async () => {
    const { printer, taken } = printing();
    printer.print(
      usageUpdated(usage({ input_tokens: 10_000, cached_input_tokens: 8_000, output_tokens: 500 }), 0.01234),
    );
    await printer.end(result({ message: null }));
    expect(taken()).toBe('tokens used\n2,500\ncost\n$0.0123\n');
  });

  test('is without a cost that is not known, or is nothing', async () => {
    for (const cost of [null, 0, undefined]) {
      const { printer, taken } = printing();
      printer.print(usageUpdated(usage({ output_tokens: 5 }), cost));
      await printer.end(result({ message: null }));
      expect(taken()).toBe('tokens used\n5\n');
    }
  });

  test('never counts less than nothing', async () => {
    const { printer, taken } = printing();
    printer.print(usageUpdated(usage({ input_tokens: 5, cached_input_tokens: 9 })));
    await printer.end(result({ message: null }));
    expect(taken()).toBe('tokens used\n0\n');
  });

  test('of a turn that was stopped says so and how to continue', async () => {
    const { printer, taken } = printing();
    printer.print(threadStarted());
    printer.print(turnStarted());
    taken();
    await printer.end(
      result({ turn: turnCompleted({ status: 'interrupted', lastAgentMessage: null }), message: null }),
    );
    expect(taken()).toBe('interrupted\ncontinue with: keel resume thread_1\n');
  });

  test('names no command for a thread that is not recorded, or has no turn', () => {
    for (const events of [[threadStarted({ rolloutPath: null }), turnStarted()], [threadStarted()], []]) {
      const { printer, taken } = printing();
      for (const event of events) printer.print(event);
      taken();
      printer.endEarly();
      expect(taken()).toBe('');
    }
  });

  test('says what was left undone, a line each', async () => {
    const { printer, taken } = printing({ hasHeading: () => false });
    await printer.end(result({ notDone: { messages: ['One.', 'Two.'], changes: [], calls: [] } }));
    expect(taken()).toBe('One.\nTwo.\n');
  });
});

describe('hostile text', () => {
  const hostile = 'a\u001b[2J\u001b]0;title\u0007b\u202ec\r';
  const everywhere: RunEvent[] = [
    completed(answer(hostile)),
    started(command({ command: hostile })),
    completed(command({ aggregatedOutput: hostile })),
    completed(
      fileChange({ changes: [{ path: `/app/${hostile}`, kind: { type: 'add' }, diff: hostile }], reason: hostile }),
    ),
    started(mcpCall({ server: hostile, arguments: { hostile } })),
    completed(mcpCall({ error: { message: hostile } })),
    completed(toolCall({ tool: hostile, arguments: hostile })),
    completed(agentCall({ prompt: hostile })),
    { type: 'warning', turnId: null, message: hostile },
  ];

  test.each([false, true])('has no effect on a terminal, with colours: %s', (color) => {
    const { printer, taken } = printing({ color });
    printer.print(threadStarted({ model: hostile }));
    for (const event of everywhere) printer.print(event);
    const plain = taken().replaceAll(/\u001b\[\d+m/g, '');
    expect(plain).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
});
