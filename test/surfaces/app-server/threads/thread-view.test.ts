import { describe, expect, test } from 'vitest';
import type { SessionEvent } from '../../../../src/foundation/protocol/index.ts';
import { ThreadView } from '../../../../src/surfaces/app-server/threads/thread-view.ts';

const turn: SessionEvent = { type: 'turn.started', turnId: 't1', taskKind: 'regular', modelContextWindow: null };
const over: SessionEvent = {
  type: 'turn.completed',
  turnId: 't1',
  status: 'completed',
  error: null,
  abortReason: null,
  lastAgentMessage: null,
};
const text = (value: string) => ({ type: 'agentMessage', id: 'a', text: value }) as const;
const delta = (part: 'agentMessage' | 'reasoningSummary', itemId: string, value: string, index = 0) =>
  ({ type: 'item.delta', turnId: 't1', itemId, part, index, delta: value }) as const;
const question: SessionEvent = {
  type: 'approval.requested',
  turnId: 't1',
  threadId: 'x',
  request: { type: 'fileChange', questionId: 'q', callId: 'c', changes: [], reason: null },
};

function viewOf(...events: readonly SessionEvent[]): ThreadView {
  const view = new ThreadView(() => 1_000);
  for (const event of events) view.apply(event);
  return view;
}

describe('the view of a live thread', () => {
  test('has the text of a message that is still coming, and the whole item once it is complete', () => {
    const started: SessionEvent = { type: 'item.started', turnId: 't1', item: text('') };
    const coming = viewOf(turn, started, delta('agentMessage', 'a', 'Hel'), delta('agentMessage', 'a', 'lo'));
    expect(coming.running).toMatchObject({ id: 't1', status: 'inProgress', startedAt: 1_000, items: [text('Hello')] });
    coming.apply({ type: 'item.completed', turnId: 't1', item: text('Hello there') });
    coming.apply(over);
    expect(coming.running).toBeNull();
    expect(coming.turns).toMatchObject([
      { id: 't1', status: 'completed', completedAt: 1_000, items: [text('Hello there')] },
    ]);
  });

  test('puts parts of a summary where they belong', () => {
    const item = { type: 'reasoning' as const, id: 'r', summary: [], content: [] };
    const view = viewOf(turn, { type: 'item.started', turnId: 't1', item }, delta('reasoningSummary', 'r', 'x', 1));
    expect(view.running?.items).toEqual([{ ...item, summary: ['', 'x'] }]);
  });

  test('knows the questions that are open; the end of the turn closes them', () => {
    const view = viewOf(turn, question);
    expect(view.questions).toEqual([question]);
    view.apply(over);
    expect(view.questions).toEqual([]);
  });

  test('replaces its turns by those that are left when some were taken back', () => {
    const left = { id: 't0', status: 'completed' as const, error: null, items: [] };
    expect(viewOf(turn, over, { type: 'thread.rolledBack', removed: 1, turns: [left] }).turns).toMatchObject([left]);
  });
});
