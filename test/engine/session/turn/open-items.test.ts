import { describe, expect, test } from 'vitest';
import { OpenItems } from '../../../../src/engine/session/turn/open-items.ts';
import type { SessionEventOf, ThreadItem } from '../../../../src/foundation/protocol/index.ts';

const running: ThreadItem = {
  type: 'commandExecution',
  id: 'c1',
  command: 'make',
  cwd: '/repo',
  source: 'agent',
  status: 'inProgress',
  commandActions: [],
  aggregatedOutput: null,
  exitCode: null,
  durationMs: null,
  processId: null,
};

function started(...items: readonly ThreadItem[]): OpenItems {
  const open = new OpenItems();
  for (const item of items) open.note({ type: 'item.started', turnId: 't', item });
  return open;
}

function delta(open: OpenItems, itemId: string, part: SessionEventOf<'item.delta'>['part'], text: string): void {
  open.note({ type: 'item.delta', turnId: 't', itemId, part, delta: text });
}

describe('a command whose turn is cut off', () => {
  test('ends with what it has printed', () => {
    const open = started(running);
    delta(open, 'c1', 'commandOutput', 'one\n');
    delta(open, 'c1', 'commandOutput', 'two\n');
    expect(open.interrupted()).toEqual([{ ...running, status: 'interrupted', aggregatedOutput: 'one\ntwo\n' }]);
  });

  test('that printed nothing has no output', () => {
    expect(started(running).interrupted()).toEqual([{ ...running, status: 'interrupted' }]);
  });

  test('keeps the end of very much output', () => {
    const open = started(running);
    for (let at = 0; at < 1_000; at += 1) delta(open, 'c1', 'commandOutput', `${String(at).padStart(511, ' ')}\n`);
    const [item] = open.interrupted();
    const output = item?.type === 'commandExecution' ? (item.aggregatedOutput ?? '') : '';
    expect(output).toHaveLength(64 * 1024);
    expect(output.endsWith(' 999\n')).toBe(true);
  });

  test('keeps what a newer state of it says it printed', () => {
    const open = started(running);
    delta(open, 'c1', 'commandOutput', 'early');
    open.note({ type: 'item.updated', turnId: 't', item: { ...running, aggregatedOutput: 'all of it' } });
    expect(open.interrupted()).toMatchObject([{ aggregatedOutput: 'all of it' }]);
  });
});

test('what was said and thought so far is in the item that is cut off, each by its own id', () => {
  const open = started(
    { type: 'agentMessage', id: 'm', text: '' },
    { type: 'reasoning', id: 'r', summary: [], content: [] },
  );
  delta(open, 'm', 'agentMessage', 'Half an ');
  delta(open, 'r', 'reasoningSummary', '**Looking**');
  delta(open, 'r', 'reasoningText', 'raw thoughts');
  delta(open, 'm', 'agentMessage', 'answer');
  expect(open.interrupted()).toEqual([
    { type: 'agentMessage', id: 'm', text: 'Half an answer', interrupted: true },
    { type: 'reasoning', id: 'r', summary: ['**Looking**'], content: [], interrupted: true },
  ]);
});

test('an item that was completed is not open any more, and its text does not reach another one of its id', () => {
  const open = started(running);
  delta(open, 'c1', 'commandOutput', 'old');
  open.note({ type: 'item.completed', turnId: 't', item: { ...running, status: 'completed' } });
  expect(open.interrupted()).toEqual([]);
  open.note({ type: 'item.started', turnId: 't', item: running });
  expect(open.interrupted()).toMatchObject([{ aggregatedOutput: null }]);
});

test('the plan alone is open at the end of a turn that was not cut off', () => {
  const plan: ThreadItem = { type: 'plan', id: 'p', steps: [], explanation: null };
  expect(started(running, plan).plans()).toEqual([plan]);
});
