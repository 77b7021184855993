import { describe, expect, test } from 'vitest';
import type { FileUpdate, ThreadItem, ThreadItemOf } from '../../../src/foundation/protocol/index.ts';
import { rowText, rowWidth } from '../../../src/surfaces/text/index.ts';
import { pagerRows } from '../../../src/surfaces/tui/view/pager-rows.ts';
import { NO_MARK, view } from '../../../src/surfaces/tui/view/view.ts';
import { Driver } from './driver.ts';

const update: FileUpdate = {
  path: '/home/ada/app/src/tide.ts',
  kind: { type: 'update', movePath: null },
  diff: '@@ -1,3 +1,3 @@\n const a = 1;\n-let b = 2;\n+const b = 2;\n export { a, b };\n@@ -40,2 +40,3 @@\n end();\n+more();\n // done\n',
};

const items: Readonly<Record<string, ThreadItem>> = {
  'a user message': {
    type: 'userMessage',
    id: 'u',
    content: [
      { type: 'text', text: 'Fix the clock in the harbour, it is six minutes late and nobody knows why.\nPlease.' },
    ],
  },
  'an answer': {
    type: 'agentMessage',
    id: 'a',
    text: 'The clock **was** wrong:\n\n- it lost `6` minutes\n- see https://example.com/tides\n\n```sh\nmake clock && make harbour-light-and-a-very-long-target-name\n```\n',
  },
  reasoning: {
    type: 'reasoning',
    id: 'r',
    summary: ['**Looking**\n\nThe loop assigns where it should add.'],
    content: [],
  },
  'a plan': {
    type: 'plan',
    id: 'p',
    explanation: 'In small steps',
    steps: [
      { step: 'Find the fault', status: 'completed' },
      { step: 'Repair the clock that is on the northern wall of the harbour', status: 'in_progress' },
      { step: 'Test it', status: 'pending' },
    ],
  },
  'a patch of one file with two hunks': { type: 'fileChange', id: 'f', changes: [update], status: 'completed' },
  'a patch that adds, deletes and renames': {
    type: 'fileChange',
    id: 'f2',
    status: 'completed',
    changes: [
      { path: '/home/ada/app/new.ts', kind: { type: 'add' }, diff: 'one\ntwo\n' },
      { path: '/home/ada/app/old.ts', kind: { type: 'delete' }, diff: 'gone\n' },
      { ...update, kind: { type: 'update', movePath: '/home/ada/app/src/clock.ts' } },
    ],
  },
  'a patch that was refused': { type: 'fileChange', id: 'f3', changes: [update], status: 'declined' },
  'a patch that was refused, with the reason': {
    type: 'fileChange',
    id: 'f4',
    changes: [update],
    status: 'declined',
    reason: 'patch rejected: the sandbox is read-only',
  },
  'a patch that can not be read': {
    type: 'fileChange',
    id: 'f5',
    changes: [],
    status: 'failed',
    reason: "invalid patch: The first line of the patch must be '*** Begin Patch'",
  },
  'a call that could not be done': {
    type: 'toolCall',
    id: 't9',
    tool: 'write_stdin',
    arguments: '{"session_id":7}',
    status: 'failed',
    durationMs: null,
    reason: 'write_stdin failed: there is no session 7',
  },
  'a call of a server': mcp({ result: { content: [{ type: 'text', text: 'high at six' }], structuredContent: null } }),
  'a call with an image': mcp({
    result: { content: [{ type: 'image', data: 'x', mimeType: 'image/png' }], structuredContent: null },
  }),
  'a call that failed': mcp({ error: { message: 'no such harbour' }, status: 'failed' }),
  'a web search': {
    type: 'webSearch',
    id: 'w',
    query: 'tide tables',
    action: { type: 'search', query: 'tide tables' },
  },
  'an image that was looked at': { type: 'imageView', id: 'i', path: '/home/ada/app/clock.png' },
  'a picture that the model made': { type: 'imageGeneration', id: 'p', prompt: 'a red boat', url: 'data:,' },
  'a review that starts': { type: 'enteredReviewMode', id: 'e', review: 'what this branch adds to main' },
  'a review': {
    type: 'exitedReviewMode',
    id: 'x',
    review: 'text',
    output: {
      findings: [
        {
          title: 'The minute hand is not moved',
          body: 'It stays where it was.',
          confidence_score: 1,
          priority: 1,
          code_location: { absolute_file_path: '/home/ada/app/src/tide.ts', line_range: { start: 3, end: 4 } },
        },
      ],
      overall_correctness: 'incorrect',
      overall_explanation: 'One fault.',
      overall_confidence_score: 1,
    },
  },
  'a subagent': {
    type: 'collabAgentToolCall',
    id: 'g',
    tool: 'spawnAgent',
    status: 'completed',
    senderThreadId: 't',
    receiverThreadIds: ['01a20cee-41e3-7d69-b809-3f6bd217b403'],
    prompt: 'Look at the harbour wall',
    agentsStates: { '01a20cee-41e3-7d69-b809-3f6bd217b403': { status: 'running', message: null } },
  },
};

function mcp(more: Partial<ThreadItemOf<'mcpToolCall'>>): ThreadItem {
  const call = { server: 'tides', tool: 'when', arguments: { harbour: 'north' }, durationMs: 3 };
  return { type: 'mcpToolCall', id: 'm', status: 'completed', result: null, error: null, ...call, ...more };
}

function shown(item: ThreadItem, columns: number): string {
  const driver = Driver.ready(columns);
  const before = driver.state.transcript.past.length;
  driver.turn();
  driver.item(item, 'item.started');
  driver.item(item);
  driver.turnEnds();
  const { frame } = view(driver.state, { entries: before, pieces: 0 });
  for (const row of frame.finished) expect(rowWidth(row), rowText(row)).toBeLessThanOrEqual(columns);
  return frame.finished.map((row) => rowText(row).trimEnd()).join('\n');
}

describe.each([40, 80, 120])('26: items at %i columns', (columns) => {
  test.each(Object.keys(items))('%s', (name) => {
    const item = items[name];
    if (item === undefined) throw new Error(name);
    expect(shown(item, columns)).toMatchSnapshot();
  });
});

function command(id: string, more: Partial<ThreadItemOf<'commandExecution'>>): ThreadItemOf<'commandExecution'> {
  return {
    type: 'commandExecution',
    id,
    command: id,
    cwd: '/home/ada/app',
    processId: null,
    source: 'agent',
    status: 'completed',
    commandActions: [{ type: 'unknown', command: id }],
    aggregatedOutput: '',
    exitCode: 0,
    durationMs: 1,
    ...more,
  };
}

test('23: commands that only look are one entry, with each name once; a build starts another', () => {
  const driver = Driver.ready();
  driver.turn();
  const read = (id: string, name: string) =>
    driver.item(command(id, { commandActions: [{ type: 'read', command: id, name, path: name }] }));
  driver.item(command('ls', { commandActions: [{ type: 'listFiles', command: 'ls', path: null }] }));
  read('1', 'a');
  read('2', 'b');
  read('3', 'a');
  driver.item(command('make', {}));
  const text = driver.rows().join('\n');
  expect(text).toContain('• Explored\n  └ List ls\n    Read a, b\n\n• Ran make\n  └ (no output)');
});

test('24: six lines of output are five rows with the right count, all of them in the pager, and a failure names its code', () => {
  const driver = Driver.ready();
  driver.turn();
  driver.item(command('six', { aggregatedOutput: '1\n2\n3\n4\n5\n6\n', exitCode: 3, status: 'failed' }));
  const text = driver.rows().join('\n');
  expect(text).toContain('• Ran six\n  └ 1\n    2\n    … +2 lines\n    5\n    6\n    exit code 3');
  const { finished } = view(driver.state, NO_MARK).frame;
  expect(
    finished.find((row) => rowText(row).includes('exit code 3'))?.some(({ style }) => style.role === 'danger'),
  ).toBe(true);
  driver.key('ctrl+o');
  expect(driver.rows().join('\n')).toContain('$ six\n1\n2\n3\n4\n5\n6');
  driver.key('ctrl+t');
  const { screen } = driver.state;
  if (screen?.type !== 'pager') throw new Error('no pager');
  const paged = pagerRows(driver.state, screen.view).map(rowText).join('\n');
  expect(paged).toContain('• Ran six\n  └ 1\n    2\n    3\n    4\n    5\n    6\n    exit code 3');
});

test('a running command shows the newest of its output, and what comes after it waits for its end', () => {
  const driver = Driver.ready();
  driver.turn();
  const running = command('make', { status: 'inProgress', aggregatedOutput: null, exitCode: null });
  driver.item(running, 'item.started');
  for (let at = 0; at < 9; at += 1) {
    driver.event({ type: 'item.delta', turnId: 't1', itemId: 'make', part: 'commandOutput', delta: `row ${at}\n` });
  }
  driver.item({ type: 'agentMessage', id: 'a', text: 'Meanwhile.' });
  expect(driver.live().join('\n')).toContain('• Running make\n  └ row 4');
  expect(view(driver.state, NO_MARK).frame.finished.map(rowText).join('\n')).not.toContain('Meanwhile');
  driver.item(command('make', { aggregatedOutput: 'row 8\n' }));
  expect(view(driver.state, NO_MARK).frame.finished.map(rowText).join('\n')).toContain('Meanwhile');
});

test.each([1, 3, 7, 1_000])(
  '6: an answer that streams in pieces of %i characters ends as one that comes whole',
  (size) => {
    const text =
      '# Head\n\nA paragraph of **words** that is longer than one row of this terminal.\n\n1. one\n2. two\n\n```ts\nconst a = 1;\n\nconst b = 2;\n```\n\nThe end.\n';
    const driver = Driver.ready(40);
    driver.turn();
    let mark = { entries: driver.state.transcript.past.length, pieces: 0 };
    const before = mark;
    const rows: string[] = [];
    const paint = () => {
      const next = view(driver.state, mark);
      mark = next.mark;
      rows.push(...next.frame.finished.map(rowText));
      expect(next.frame.live.length).toBeLessThanOrEqual(24);
    };
    driver.item({ type: 'agentMessage', id: 'a', text: '' }, 'item.started');
    for (let at = 0; at < text.length; at += size) {
      const delta = text.slice(at, at + size);
      driver.event({ type: 'item.delta', turnId: 't1', itemId: 'a', part: 'agentMessage', delta });
      paint();
    }
    driver.item({ type: 'agentMessage', id: 'a', text });
    paint();
    expect(rows).toEqual(view(driver.state, before).frame.finished.map(rowText));
  },
);

test('7: 200 lines of code that streams never make the live part taller than the screen', () => {
  const driver = Driver.ready(80, 20);
  driver.turn();
  driver.item({ type: 'agentMessage', id: 'a', text: '' }, 'item.started');
  let mark = { entries: driver.state.transcript.past.length, pieces: 0 };
  driver.event({ type: 'item.delta', turnId: 't1', itemId: 'a', part: 'agentMessage', delta: '```ts\n' });
  for (let at = 0; at < 200; at += 1) {
    driver.event({ type: 'item.delta', turnId: 't1', itemId: 'a', part: 'agentMessage', delta: `line(${at});\n` });
    const next = view(driver.state, mark);
    mark = next.mark;
    expect(next.frame.live.length).toBeLessThanOrEqual(20);
  }
});

test.each([
  [80, 1],
  [80, 2],
  [80, 3],
  [10, 24],
  [10, 3],
  [1, 1],
])('9: %i columns and %i rows are drawn, with the cursor in the live part', (columns, rows) => {
  const driver = Driver.ready(columns, rows);
  driver.turn();
  driver.type('a draft that is far wider than ten columns');
  for (const item of Object.values(items)) driver.item(item);
  const { frame } = view(driver.state, NO_MARK);
  expect(frame.cursor?.row).toBeLessThan(frame.live.length);
  expect(frame.cursor?.column).toBeLessThan(columns);
});

test('32: names, outputs and notices have no control characters in any row', () => {
  const bad = 'x\u001b]0;PWN\u0007y\u001b[2J\tz\u202e\rend';
  const driver = Driver.ready();
  driver.send({ type: 'branchRead', branch: bad });
  driver.turn();
  driver.item({ type: 'userMessage', id: 'u', content: [{ type: 'text', text: bad }] });
  driver.item({ type: 'agentMessage', id: 'a', text: bad });
  driver.item(command(bad, { aggregatedOutput: bad }));
  driver.item({
    type: 'fileChange',
    id: 'f',
    status: 'completed',
    changes: [{ ...update, path: `/home/ada/app/${bad}`, diff: bad }],
  });
  driver.event({ type: 'warning', turnId: null, message: bad });
  driver.event({
    type: 'approval.requested',
    turnId: 't1',
    threadId: 't',
    agent: bad,
    request: { type: 'network', questionId: 'q', host: bad, port: 1, protocol: 'https', reason: bad },
  });
  expect(driver.rows().filter((row) => /[\u0000-\u001f\u007f-\u009f\u202e]/.test(row))).toEqual([]);
});
