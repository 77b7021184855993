import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transcript } from '../../../src/surfaces/export/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { answered, meta, rolloutOf, said, turn } from './lines.ts';
import { type SampleThread, sampleThread } from './sample-thread.ts';

const prices = { 'gpt-5': { input: 1.25, cachedInput: 0.125, output: 10, cacheWrite: null } };
let home: TempDir;
let sample: SampleThread;

beforeAll(async () => {
  home = tempDir();
  sample = await sampleThread(home);
});
afterAll(() => home[Symbol.dispose]());

function written(path: string, format: 'html' | 'md'): string {
  return [...transcript({ path, format, prices })].join('');
}

describe('a thread of keel as Markdown', () => {
  test('has its turns, words, plan, commands, patches, failures, compaction and the user’s own command, in order', () => {
    const text = written(sample.path, 'md');
    const landmarks = [
      '# The tide table shows high water below zero. Find out why, mend it & tell me.',
      '**Environment**',
      '## Turn 1',
      '> The tide table shows high water below zero.',
      '> **Looking for the reader**',
      'I will look at how the table is made first.',
      '- [ ] … Find where the tide is read',
      "bash -lc 'cat tide.js; ls'",
      '```diff\n@@ -1,3 +1,3 @@\n export function highWater(level) {\n-  return -level;\n+  return level;\n }\n```',
      '```diff\n+# Notes\n+Levels are metres',
      '- [x] Mend the sign',
      '**Command** (exit 1',
      '| harbour | -3.2 | 3.2 |',
      '*Turn 1: completed',
      '## Turn 2',
      'characters left out here; the record has them]',
      '**Error:** unexpected status 503 Service Unavailable: the model is busy (retried)',
      'Nine thousand lines, as you asked.',
      '## Turn 3',
      '**The conversation was compacted.**',
      '> The sign was wrong.',
      '## Turn 4',
      'by hand',
      '## Turn 5',
      'Done. The table and its notes agree.',
      '## Usage',
      '| 1 | gpt-5 | 11.1k | 28.9k | 900 | $0.0265 |',
      '| 5 | gpt-5 | 7.8k | 0 | 45 | $0.0102 |',
    ];
    let from = 0;
    for (const landmark of landmarks) {
      const at = text.indexOf(landmark, from);
      expect(at, `${landmark} follows the landmark before it`).toBeGreaterThanOrEqual(0);
      from = at + landmark.length;
    }
  });

  test('shows the start and end of a long output, and the size of the rest', () => {
    const text = written(sample.path, 'md');
    expect(text).toMatch(/```\n1\n2\n3\n/);
    expect(text).toContain('\n8999\n9000\n');
    expect(text).not.toContain('\n5000\n');
  });

  test('a fence is longer than those within', () => {
    using dir = tempDir();
    const call = { type: 'function_call', name: 'shell', arguments: '{}', call_id: 'c' } as const;
    const output = { type: 'function_call_output', call_id: 'c', output: 'a\n````\nb' } as const;
    const lines = [call, output].map((payload) => ({ type: 'response_item', payload }) as const);
    const text = written(rolloutOf(dir, [meta, ...turn('t', ...said('go'), ...lines)]), 'md');
    expect(text).toContain('`````\na\n````\nb\n`````\n');
  });
});

describe('a thread of keel as a page', () => {
  test('is one file that loads nothing and runs nothing', () => {
    const page = written(sample.path, 'html');
    expect(page).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-/);
    expect(page).not.toMatch(/<script|<link|<iframe|<object|<embed|\son\w+=|\ssrc="http|url\(|@import/i);
    const links = [...page.matchAll(/href="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(links.filter((link) => !link?.startsWith('#')))).toEqual(new Set(['https://example.org/chart']));
  });

  test('charts tokens and cost of each turn, and says what they are in a table', () => {
    const page = written(sample.path, 'html');
    expect(page).toContain('Turn 1: input 11.1k, cached 28.9k, output 900');
    expect(page).toContain('<title>Turn 1: $0.0265</title>');
    expect(page).toContain('$0.0534 in all');
    expect(page).toMatch(
      /<td class="n">11.1k<\/td><td class="n">28.9k<\/td><td class="n">900<\/td><td class="n">\$0.0265/,
    );
  });

  test('without a price there is no cost, and without tokens no chart', () => {
    const page = [...transcript({ path: sample.path, format: 'html', prices: {} })].join('');
    expect(page).toContain('Tokens per turn');
    expect(page).not.toMatch(/Cost per turn|\$0/);
    using dir = tempDir();
    const bare = [...transcript({ path: rolloutOf(dir, [meta, ...turn('t', ...said('hi'))]), format: 'html', prices })];
    expect(bare.join('')).not.toContain('<svg');
  });

  test('charts what the cache missed and why, and the cost as it was recorded', () => {
    using dir = tempDir();
    const used = { input_tokens: 9_000, cached_input_tokens: 0, output_tokens: 10, reasoning_output_tokens: 0 };
    const usage = { ...used, total_tokens: 9_010 };
    const request = {
      ...{ provider: 'openai', model: 'gpt-5', sentAt: 0, firstTokenMs: 1, durationMs: 2, costUsd: 0.5 },
      ...{ cacheWritten: 0, cacheMiss: 'toolsChanged', missedTokens: 8_000 },
    };
    const info = { total_token_usage: usage, last_token_usage: usage };
    const step = { turn: 't', id: 'sampling:1', kind: 'sampling', state: 'end', version: 1 } as const;
    const lines = [
      { type: 'step', payload: { ...step, value: { type: 'completed', responseId: 'r', usage, request } } },
      { type: 'event_msg', payload: { type: 'token_count', info } },
    ] as const;
    const page = written(rolloutOf(dir, [meta, ...turn('t', ...said('go'), answered('ok'), ...lines)]), 'html');
    expect(page).toContain('<title>Turn 1: 8k (the tools changed)</title>');
    expect(page).toContain('<title>Turn 1: $0.5000</title>');
  });

  test('holds each section and folded part closed', () => {
    const page = written(sample.path, 'html');
    for (const tag of ['section', 'details', 'summary', 'pre', 'div', 'figure', 'svg', 'table']) {
      const opened = page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length;
      expect(page.match(new RegExp(`</${tag}>`, 'g'))?.length, tag).toBe(opened);
    }
    expect(page).toMatch(/<\/html>\n$/);
  });
});

test('a review shows its findings; a command that was stopped or declined has no exit code', () => {
  using dir = tempDir();
  const note =
    '<user_action>\n<context>c</context>\n<action>review</action>\n<results>\n[P1] Mend <it>\n</results>\n</user_action>';
  const commands = (['failed', 'declined'] as const).map((status) => ({
    ...{ type: 'commandExecution', id: status, command: `make ${status}`, cwd: '/', processId: null, source: 'agent' },
    ...{ status, commandActions: [], aggregatedOutput: null, exitCode: -1, durationMs: null },
  }));
  const value = commands.map((item) => ({ type: 'item.completed', turnId: 't', item }));
  const step = { turn: 't', id: 'tool-1.0-c', kind: 'tool', version: 1, state: 'end', value } as const;
  const path = rolloutOf(dir, [
    meta,
    ...turn(
      't',
      {
        type: 'response_item',
        payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text: note }] },
      },
      { type: 'step', payload: step },
    ),
  ]);
  const page = written(path, 'html');
  expect(page).toContain('<h3>Review</h3><div class="review">[P1] Mend &lt;it&gt;</div>');
  expect(page).toMatch(/make failed<\/code><\/span><span class="how">stopped<\/span>/);
  expect(page).toMatch(/make declined<\/code><\/span><span class="how">declined, not run<\/span>/);
  expect(written(path, 'md')).toContain('**Review**\n\n```\n[P1] Mend <it>\n```');
});

test('a change that was not made has its reason, also where the record names no file', () => {
  using dir = tempDir();
  const changes = [{ path: '/a/b.ts', kind: { type: 'add' }, diff: 'x' }];
  const items = [
    { type: 'fileChange', id: 'f1', status: 'declined', changes, reason: 'the sandbox is <read-only>' },
    { type: 'fileChange', id: 'f2', status: 'failed', changes: [], reason: 'invalid patch: no end' },
  ];
  const value = items.map((item) => ({ type: 'item.completed', turnId: 't', item }));
  const step = { turn: 't', id: 'tool-1.0-c', kind: 'tool', version: 1, state: 'end', value } as const;
  const path = rolloutOf(dir, [meta, ...turn('t', ...said('go'), { type: 'step', payload: step })]);
  const page = written(path, 'html');
  expect(page).toContain('<p class="note">Change declined, not applied: the sandbox is &lt;read-only&gt;</p>');
  expect(page).toContain('<p class="note">Change failed: invalid patch: no end</p>');
  const text = written(path, 'md');
  expect(text).toContain('**Patch** (declined)\n\n> the sandbox is <read-only>\n');
  expect(text).toContain('**Patch** (failed)\n\n> invalid patch: no end\n');
});

describe('records that are not whole or not keel’s', () => {
  test('a turn without an end is unfinished, with the call that has no output', () => {
    using dir = tempDir();
    const lines = turn('t', ...said('go'), {
      type: 'response_item',
      payload: { type: 'function_call', name: 'shell', arguments: '{"command":["sleep","9"]}', call_id: 'c' },
    }).slice(0, -1);
    const text = written(rolloutOf(dir, [meta, ...lines]), 'md');
    expect(text).toContain('**Call** `shell`');
    expect(text).toContain('*No output is recorded.*');
    expect(text).toContain('*Turn 1: unfinished');
  });

  test('without marks a user’s message starts a turn, once', () => {
    using dir = tempDir();
    const flipped = (text: string) => said(text).reverse();
    const path = rolloutOf(dir, [meta, ...flipped('one'), answered('first'), ...flipped('two'), answered('second')]);
    const text = written(path, 'md');
    expect(text.match(/^## Turn|^> (?:one|two)$|^first$|^second$/gm)).toEqual([
      ...['## Turn', '> one', 'first', '## Turn', '> two', 'second'],
    ]);
  });

  test('turns that were rolled back are marked, also in the middle; later ones are not', () => {
    using dir = tempDir();
    const taken = (count: number) =>
      ({ type: 'event_msg', payload: { type: 'thread_rolled_back', num_turns: count } }) as const;
    const turns = (...ids: readonly string[]) => ids.flatMap((id) => turn(id, ...said(id)));
    const path = rolloutOf(dir, [meta, ...turns('a', 'b', 'c'), taken(1), ...turns('d'), taken(2), ...turns('e')]);
    expect(written(path, 'md').match(/^## Turn.*/gm)).toEqual([
      ...['## Turn 1', '## Turn 2 (rolled back)', '## Turn 3 (rolled back)', '## Turn 4 (rolled back)', '## Turn 5'],
    ]);
    const page = written(path, 'html');
    expect([...page.matchAll(/<section class="turn taken" id="turn-(\d)"/g)].map((match) => match[1])).toEqual([
      ...['2', '3', '4'],
    ]);
    // A file without marks, in which a message precedes its event.
    const plain = ['a', 'b'].flatMap((text) => [...said(text).reverse(), answered(text)]);
    const other = rolloutOf(dir, [meta, ...plain, taken(1)]);
    expect(written(other, 'md').match(/^## Turn.*/gm)).toEqual(['## Turn 1', '## Turn 2 (rolled back)']);
  });

  test('turns that were rolled back are shown as such; damaged lines are counted', () => {
    using dir = tempDir();
    const taken = { type: 'event_msg', payload: { type: 'thread_rolled_back', num_turns: 2 } } as const;
    const strange = { type: 'event_msg', payload: { type: 'of later days' } } as const;
    const path = rolloutOf(dir, [meta, ...turn('t', ...said('go')), strange, taken]);
    expect(written(path, 'md')).toContain('The user rolled back the last 2 turns.');
  });

  test('a failed turn ends with its error, which is shown once', () => {
    using dir = tempDir();
    const error = { kind: 'badRequest', message: 'the tide went out' };
    const lines = turn('t', ...said('go')).slice(0, -1);
    const end = { type: 'event_msg', payload: { type: 'task_complete', turn_id: 't', error } } as const;
    const text = written(rolloutOf(dir, [meta, ...lines, end]), 'md');
    expect(text.match(/the tide went out/g)).toHaveLength(1);
    expect(text).toContain('*Turn 1: failed');
  });
});

describe('what helpers did, what was asked, what was left out', () => {
  const agent = {
    ...{ type: 'collabAgentToolCall', id: 'c', tool: 'wait', status: 'completed', senderThreadId: 'p' },
    ...{
      receiverThreadIds: ['t1'],
      prompt: null,
      agentsStates: { t1: { status: 'completed', message: '<b>done</b>' } },
    },
  };
  const started = { ...agent, id: 's', tool: 'spawnAgent', prompt: 'look <here>', agentsStates: {} };
  const step = (id: string, kind: 'tool' | 'external', value: unknown) =>
    ({ type: 'step', payload: { turn: 't', id, kind, version: 1, state: 'end', value } }) as const;
  const shownAs = (item: object) => [{ type: 'item.completed', turnId: 't', item }];
  const outputs = ['a', 'b'].map((call_id) => ({ call_id, nth: 0, output: 'left out' }));
  const record = [
    meta,
    ...turn(
      't',
      ...said('go'),
      step('tool-1.0-s', 'tool', shownAs(started)),
      step('approval-t/tool-1.1-c-00', 'external', { type: 'approvedForSession' }),
      step('approval-t/tool-1.2-c-00', 'external', { type: 'denied', message: 'not *today*' }),
      step('tool-1.1-c', 'tool', shownAs(agent)),
      { type: 'event_msg', payload: { type: 'outputs_elided', outputs } },
    ),
  ];

  test('is shown on a page', () => {
    using dir = tempDir();
    const page = written(rolloutOf(dir, record), 'html');
    for (const words of [
      'Subagent started look &lt;here&gt;',
      'Waited for subagents',
      't1: completed\n&lt;b&gt;done&lt;/b&gt;',
      'Asked about a call. The user allowed it for the session.',
      'The user denied it: not *today*',
      '2 old outputs were left out of what the model sees, to make room.',
    ]) {
      expect(page).toContain(words);
    }
  });

  test('is written as Markdown', () => {
    using dir = tempDir();
    const text = written(rolloutOf(dir, record), 'md');
    expect(text).toContain('**Tool** `Subagent started` (completed)\n\n```\nlook <here>\n```');
    expect(text).toContain('**Tool** `Waited for subagents` (completed)\n\n\n```\nt1: completed\n<b>done</b>\n```');
    expect(text).toContain('*Asked about a call. The user denied it: not \\*today\\**');
  });
});
