import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ThreadItem } from '../../../src/foundation/protocol/index.ts';
import type { RunEvent, RunResult } from '../../../src/surfaces/exec/printer.ts';
import { jsonlBodies } from '../../../src/surfaces/exec/program/jsonl-items.ts';
import { JsonlPrinter, jsonLine } from '../../../src/surfaces/exec/program/jsonl-printer.ts';
import { ResultPrinter } from '../../../src/surfaces/exec/program/result-printer.ts';
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

describe('items as JSONL', () => {
  test.each<[ThreadItem, readonly object[]]>([
    [answer('hi'), [{ type: 'agent_message', text: 'hi' }]],
    [
      thoughts('a', 'b'),
      [
        { type: 'reasoning', text: 'a' },
        { type: 'reasoning', text: 'b' },
      ],
    ],
    [
      command(),
      [
        {
          type: 'command_execution',
          command: 'npm test',
          aggregated_output: 'ok\n',
          exit_code: 0,
          status: 'completed',
        },
      ],
    ],
    [
      command({ status: 'inProgress', aggregatedOutput: null, exitCode: null }),
      [
        {
          type: 'command_execution',
          command: 'npm test',
          aggregated_output: '',
          exit_code: null,
          status: 'in_progress',
        },
      ],
    ],
    [
      fileChange({ status: 'failed', reason: 'stale' }),
      [
        {
          type: 'file_change',
          changes: [{ path: '/app/a.ts', kind: 'update' }],
          status: 'failed',
          error: { message: 'stale' },
        },
      ],
    ],
    [
      mcpCall(),
      [
        {
          type: 'mcp_tool_call',
          server: 'docs',
          tool: 'search',
          arguments: { query: 'x' },
          result: { content: [{ type: 'text', text: 'found' }], structured_content: null },
          error: null,
          status: 'completed',
        },
      ],
    ],
    [{ type: 'webSearch', id: 'w', query: 'q', action: null }, [{ type: 'web_search', query: 'q' }]],
    [
      { type: 'webSearch', id: 'w', query: 'q', action: { type: 'search', query: 'q' } },
      [{ type: 'web_search', query: 'q', action: { type: 'search', query: 'q' } }],
    ],
    [
      { type: 'webSearch', id: 'w', query: 'u', action: { type: 'openPage', url: 'https://a/' } },
      [{ type: 'web_search', query: 'u', action: { type: 'open_page', url: 'https://a/' } }],
    ],
    [
      { type: 'webSearch', id: 'w', query: 'u', action: { type: 'findInPage', url: 'https://a/', pattern: 'p' } },
      [{ type: 'web_search', query: 'u', action: { type: 'find_in_page', url: 'https://a/', pattern: 'p' } }],
    ],
    [
      plan({ step: 'a', status: 'completed' }, { step: 'b', status: 'in_progress' }),
      [
        {
          type: 'todo_list',
          items: [
            { text: 'a', completed: true },
            { text: 'b', completed: false },
          ],
        },
      ],
    ],
    [
      agentCall({ tool: 'closeAgent', prompt: null, agentsStates: { t: { status: 'closed', message: 'bye' } } }),
      [
        {
          type: 'collab_tool_call',
          tool: 'close_agent',
          sender_thread_id: 'thread_1',
          receiver_thread_ids: ['thread_2'],
          prompt: null,
          agents_states: { t: { status: 'shutdown', message: 'bye' } },
          status: 'completed',
        },
      ],
    ],
    [{ type: 'budgetExceeded', id: 'b', message: 'over' }, [{ type: 'error', message: 'over' }]],
    [{ type: 'exitedReviewMode', id: 'r', review: 'fine', output: null }, [{ type: 'agent_message', text: 'fine' }]],
    [toolCall(), []],
    [toolCall({ status: 'failed', reason: 'no such file' }), [{ type: 'error', message: 'read_file: no such file' }]],
    [{ type: 'imageView', id: 'i', path: '/a.png' }, []],
    [{ type: 'contextCompaction', id: 'c' }, []],
    [{ type: 'enteredReviewMode', id: 'r', review: 'x' }, []],
    [{ type: 'userMessage', id: 'u', content: [{ type: 'text', text: 'hi' }] }, []],
    [{ type: 'undo', id: 'u', status: 'completed', message: 'x' }, []],
  ])('%j', (item, bodies) => {
    expect(jsonlBodies(item)).toEqual(bodies);
  });

  test.each(['failed', 'declined', 'interrupted'] as const)('a call that was %s has failed', (status) => {
    for (const item of [command({ status }), fileChange({ status }), mcpCall({ status }), agentCall({ status })]) {
      expect(jsonlBodies(item)).toMatchObject([{ status: 'failed' }]);
    }
  });
});

describe('lines', () => {
  test('half characters are replaced, escaped backslashes stay', () => {
    expect(jsonLine({ text: 'a\ud800b' })).toBe('{"text":"a\\ufffdb"}\n');
    expect(jsonLine({ text: 'a\\ud800b' })).toBe('{"text":"a\\\\ud800b"}\n');
    expect(jsonLine({ text: '\\\ud800' })).toBe('{"text":"\\\\\\ufffd"}\n');
    expect(jsonLine({ text: '👍' })).toBe('{"text":"👍"}\n');
  });

  test('each value is one line of well-formed JSON that reads as it was, but for half characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, key) => {
        const line = jsonLine({ text, nested: [{ text: key }], more: `${text}\u2028\n\udc00` });
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(JSON.parse(line)).toEqual({
          text: text.toWellFormed(),
          nested: [{ text: key }],
          more: `${text}\u2028\n\udc00`.toWellFormed(),
        });
      }),
    );
  });
});

/** The objects that a JSONL printer writes for these events. */
function lines(...events: RunEvent[]): Record<string, unknown>[] {
  const written: string[] = [];
  const printer = new JsonlPrinter((line) => written.push(line));
  for (const event of events) printer.print(event);
  return written.map((line) => JSON.parse(line));
}

const idsIn = (written: readonly Record<string, unknown>[]) =>
  written.flatMap(({ type, item }) => {
    const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : null;
    return id === null ? [] : [`${String(type)} ${String(id)}`];
  });

describe('JSONL of a run', () => {
  test('starts with the thread and its turn', () => {
    expect(lines(threadStarted(), turnStarted())).toEqual([
      { type: 'thread.started', thread_id: 'thread_1' },
      { type: 'turn.started' },
    ]);
  });

  test('an item has one id from its start to its end, and the next item the next', () => {
    const events = [
      started(command({ id: 'a', status: 'inProgress' })),
      completed(thoughts('x')),
      started(mcpCall({ id: 'b', status: 'inProgress' })),
      completed(command({ id: 'a' })),
      completed(mcpCall({ id: 'b' })),
      completed(answer('hi')),
    ];
    expect(idsIn(lines(...events))).toEqual([
      'item.started item_0',
      'item.completed item_1',
      'item.started item_2',
      'item.completed item_0',
      'item.completed item_2',
      'item.completed item_3',
    ]);
  });

  test('parts of thoughts are items of their own', () => {
    expect(idsIn(lines(completed(thoughts('a', 'b')), completed(answer('c'))))).toEqual([
      'item.completed item_0',
      'item.completed item_1',
      'item.completed item_2',
    ]);
  });

  test('changes and messages have no start, plans have updates', () => {
    const events = [
      started(fileChange()),
      started(answer('')),
      updated(command()),
      started(plan({ step: 'a', status: 'pending' })),
      updated(plan({ step: 'a', status: 'completed' })),
      completed(plan({ step: 'a', status: 'completed' })),
    ];
    expect(idsIn(lines(...events))).toEqual(['item.started item_0', 'item.updated item_0', 'item.completed item_0']);
  });

  test('numbers continue after those of the turns that were read back', () => {
    const turns = [
      { id: 't', status: 'completed' as const, error: null, items: [thoughts('a', 'b'), toolCall(), answer('c')] },
    ];
    expect(idsIn(lines(threadStarted({ turns }), completed(answer('d'))))).toEqual(['item.completed item_3']);
  });

  test('warnings, lost events and dropped submissions are items of type error; errors are lines', () => {
    const written = lines(
      { type: 'warning', turnId: null, message: 'careful' },
      { type: 'events.lost', dropped: 2 },
      { type: 'submissions.dropped', turnId: 't', ids: ['a'] },
      { type: 'error', turnId: 't', error: { kind: 'badRequest', message: 'no' }, willRetry: false },
    );
    expect(written).toMatchObject([
      { type: 'item.completed', item: { id: 'item_0', type: 'error', message: 'careful' } },
      { type: 'item.completed', item: { id: 'item_1', type: 'error', message: expect.stringContaining('2 events') } },
      { type: 'item.completed', item: { id: 'item_2', type: 'error' } },
      { type: 'error', message: 'no' },
    ]);
  });

  test('deltas, diffs and questions are left out', () => {
    expect(
      lines(
        { type: 'item.delta', turnId: 't', itemId: 'i', part: 'agentMessage', delta: 'x' },
        { type: 'turn.diff', turnId: 't', diff: 'x' },
        { type: 'thread.rolledBack', removed: 1, turns: [] },
        { type: 'thread.closed', threadId: 't' },
      ),
    ).toEqual([]);
  });
});

/** The last line of a run. */
async function ending(more: Partial<RunResult>, ...events: RunEvent[]): Promise<unknown> {
  const written: string[] = [];
  const printer = new JsonlPrinter((line) => written.push(line));
  for (const event of events) printer.print(event);
  const before = written.length;
  await printer.end(result(more));
  return written.slice(before).map((line) => JSON.parse(line));
}

describe('the end of a run as JSONL', () => {
  test('of a turn that completed has the usage of the thread', async () => {
    const total = usage({
      input_tokens: 10,
      cached_input_tokens: 4,
      output_tokens: 3,
      reasoning_output_tokens: 2,
      total_tokens: 13,
    });
    expect(await ending({}, usageUpdated(total, 0.5), usageUpdated(null))).toEqual([
      { type: 'turn.completed', usage: { input_tokens: 10, cached_input_tokens: 4, output_tokens: 3 }, cost_usd: 0.5 },
    ]);
  });

  test('of a turn that failed has its reason', async () => {
    const error = { kind: 'badRequest', message: 'no such model' } as const;
    expect(await ending({ turn: turnCompleted({ status: 'failed', error }) })).toEqual([
      { type: 'turn.failed', error: { message: 'no such model' } },
    ]);
    expect(await ending({ turn: turnCompleted({ status: 'interrupted' }) })).toEqual([
      { type: 'turn.failed', error: { message: 'the turn was interrupted' } },
    ]);
  });

  test('has what was left undone', async () => {
    const notDone = {
      messages: ['One.', 'Two.'],
      changes: [{ path: '/a', status: 'failed' as const, reason: null }],
      calls: [],
    };
    expect(await ending({ notDone })).toMatchObject([
      { type: 'turn.completed', not_done: { message: 'One. Two.', changes: notDone.changes, calls: [] } },
    ]);
    expect(await ending({ notDone, turn: turnCompleted({ status: 'failed' }) })).toMatchObject([
      { type: 'turn.failed', not_done: { message: 'One. Two.' } },
    ]);
  });

  test('of a run whose message could not be written is left to the failure', async () => {
    expect(await ending({ isUnwritten: true })).toEqual([]);
  });

  test('that came early is a failure only if there was a turn', () => {
    const written: string[] = [];
    const printer = new JsonlPrinter((line) => written.push(line));
    printer.endEarly();
    expect(written).toEqual([]);
    printer.print(turnStarted());
    printer.endEarly();
    expect(written.at(-1)).toBe('{"type":"turn.failed","error":{"message":"the turn was interrupted"}}\n');
  });
});

describe('one result', () => {
  function running() {
    let now = 1_000;
    const written: string[] = [];
    const printer = new ResultPrinter(
      (line) => written.push(line),
      () => now,
    );
    const later = (ms: number) => {
      now += ms;
    };
    return { printer, later, read: () => written.map((line) => JSON.parse(line)) };
  }
  const zero = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, reasoning_output_tokens: 0 };

  test('has the text, the thread, the usage and the time of the run', async () => {
    const { printer, later, read } = running();
    printer.print(threadStarted());
    printer.print(usageUpdated(usage({ input_tokens: 10, output_tokens: 2 }), 0.25));
    later(1_234.4);
    await printer.end(result());
    expect(read()).toEqual([
      {
        type: 'result',
        status: 'completed',
        text: 'Done.',
        thread_id: 'thread_1',
        model: 'gpt-5',
        responses: 1,
        usage: { ...zero, input_tokens: 10, output_tokens: 2 },
        cost_usd: 0.25,
        duration_ms: 1_234,
      },
    ]);
  });

  test('counts the usage of this run alone in a thread that had some', async () => {
    const { printer, read } = running();
    printer.print(
      usageUpdated(usage({ input_tokens: 110, output_tokens: 22 }, { input_tokens: 10, output_tokens: 2 })),
    );
    printer.print(
      usageUpdated(usage({ input_tokens: 140, output_tokens: 25 }, { input_tokens: 30, output_tokens: 3 })),
    );
    await printer.end(result());
    expect(read()[0]).toMatchObject({ responses: 2, usage: { ...zero, input_tokens: 40, output_tokens: 5 } });
  });

  test('has the error of a turn that failed, and what was left undone', async () => {
    const { printer, read } = running();
    const turn = turnCompleted({ status: 'failed', error: { kind: 'badRequest', message: 'no' } });
    await printer.end(result({ turn, message: null, notDone: { messages: ['One.'], changes: [], calls: [] } }));
    expect(read()[0]).toMatchObject({
      status: 'failed',
      text: null,
      error: { message: 'no' },
      not_done: { message: 'One.' },
    });
  });

  test('is there for a run that never started, and for any failure', () => {
    const early = running();
    early.printer.endEarly();
    expect(early.read()[0]).toMatchObject({
      status: 'interrupted',
      text: null,
      thread_id: null,
      usage: zero,
      responses: 0,
    });
    const failed = running();
    failed.printer.printFailure('no key');
    expect(failed.read()[0]).toMatchObject({ status: 'failed', error: { message: 'no key' } });
  });

  test('is not printed where the message could not be written', async () => {
    const { printer, read } = running();
    await printer.end(result({ isUnwritten: true }));
    expect(read()).toEqual([]);
  });
});
