import { describe, expect, test } from 'vitest';
import type { SessionEvent, ThreadItem, TokenUsage } from '../../../../src/foundation/protocol/index.ts';
import { notificationsOf } from '../../../../src/surfaces/app-server/notifications/notify.ts';
import { ThreadView } from '../../../../src/surfaces/app-server/threads/thread-view.ts';
import { schemaFault } from '../../../support/app-server/schema.ts';

const turn = { turnId: 'u' } as const;
const reasoning: ThreadItem = { type: 'reasoning', id: 'r', summary: ['one'], content: [] };
const plan: ThreadItem = {
  ...{ type: 'plan', id: 'p', explanation: null },
  steps: [
    { step: 'look', status: 'completed' },
    { step: 'fix', status: 'in_progress' },
    { step: 'check', status: 'pending' },
  ],
};
const call: ThreadItem = {
  ...{ type: 'mcpToolCall', id: 'm', server: 's', tool: 't', status: 'inProgress', arguments: {} },
  ...{ result: null, error: null, durationMs: null, progress: 'half of it' },
};
const spent: TokenUsage = {
  ...{ input_tokens: 10, cached_input_tokens: 4, output_tokens: 2 },
  ...{ reasoning_output_tokens: 1, total_tokens: 12 },
};
const usage = {
  info: { total_token_usage: spent, last_token_usage: spent, model_context_window: 1_000 },
  rateLimits: null,
};
const limits = { primary: { used_percent: 12.4, window_minutes: 300, resets_at: 7 }, secondary: null };
const delta = (part: 'agentMessage' | 'commandOutput' | 'reasoningText' | 'reasoningSummary', index?: number) =>
  ({ type: 'item.delta', ...turn, itemId: 'r', part, delta: 'x', ...(index === undefined ? {} : { index }) }) as const;

/** What a subscriber gets, each checked against the published schema. */
function sent(event: SessionEvent): [string, object][] {
  const view = new ThreadView();
  view.apply({ type: 'turn.started', turnId: 'u', taskKind: 'regular', modelContextWindow: null });
  view.apply({ type: 'item.started', turnId: 'u', item: reasoning });
  const notifications = notificationsOf('t', event, view);
  for (const { method, params } of notifications) {
    expect([method, schemaFault('notifications', method, params)]).toEqual([method, null]);
  }
  return notifications.map(({ method, params }) => [method, params]);
}

describe('what a subscriber is sent', () => {
  test.each<[string, SessionEvent, readonly [string, object][]]>([
    ['a delta of the answer', delta('agentMessage'), [['item/agentMessage/delta', { itemId: 'r', delta: 'x' }]]],
    ['output of a command', delta('commandOutput'), [['item/commandExecution/outputDelta', { delta: 'x' }]]],
    ['raw reasoning', delta('reasoningText', 2), [['item/reasoning/textDelta', { contentIndex: 2 }]]],
    [
      'more of a summary part',
      delta('reasoningSummary', 0),
      [['item/reasoning/summaryTextDelta', { summaryIndex: 0 }]],
    ],
    [
      'a new summary part, which is announced',
      delta('reasoningSummary', 1),
      [
        ['item/reasoning/summaryPartAdded', { summaryIndex: 1 }],
        ['item/reasoning/summaryTextDelta', { summaryIndex: 1, delta: 'x' }],
      ],
    ],
    [
      'progress of a call',
      { type: 'item.updated', ...turn, item: call },
      [['item/mcpToolCall/progress', { message: 'half of it' }]],
    ],
    [
      'a plan',
      { type: 'item.updated', ...turn, item: plan },
      [['turn/plan/updated', { plan: [{ status: 'completed' }, { status: 'inProgress' }, { status: 'pending' }] }]],
    ],
    ['a plan that is settled, which was sent already', { type: 'item.completed', ...turn, item: plan }, []],
    ['a diff', { type: 'turn.diff', ...turn, diff: '--- a\n' }, [['turn/diff/updated', { diff: '--- a\n' }]]],
    ['an item that starts', { type: 'item.started', ...turn, item: reasoning }, [['item/started', { turnId: 'u' }]]],
    ['an item that ends', { type: 'item.completed', ...turn, item: reasoning }, [['item/completed', { turnId: 'u' }]]],
    ['an item that grows, by its deltas alone', { type: 'item.updated', ...turn, item: reasoning }, []],
    [
      'a budget that is used up',
      { type: 'item.completed', ...turn, item: { type: 'budgetExceeded', id: 'b', message: 'No tokens left.' } },
      [['warning', { message: 'No tokens left.' }]],
    ],
    ['a rollback', { type: 'thread.rolledBack', turns: [], removed: 1 }, [['thread/reverted', { threadId: 't' }]]],
    ['a warning', { type: 'warning', turnId: null, message: 'Look.' }, [['warning', { message: 'Look.' }]]],
    [
      'lost events',
      { type: 'events.lost', dropped: 3 },
      [['warning', { message: expect.stringMatching(/^3 events/) }]],
    ],
    [
      'requests that were dropped',
      { type: 'submissions.dropped', ...turn, ids: ['a', 'b'] },
      [['warning', { message: expect.stringContaining('2 waiting') }]],
    ],
    [
      'a failure of a turn',
      { type: 'error', ...turn, error: { kind: 'serverOverloaded', message: 'Later.' }, willRetry: true },
      [['error', { willRetry: true, error: { message: 'Later.', codexErrorInfo: 'serverOverloaded' } }]],
    ],
    [
      'a failure outside of turns',
      { type: 'error', turnId: null, error: { kind: 'internal', message: 'Oops.' }, willRetry: false },
      [['warning', { message: 'Oops.' }]],
    ],
    [
      'usage with limits',
      { type: 'usage.updated', ...turn, ...usage, rateLimits: limits },
      [
        ['thread/tokenUsage/updated', { tokenUsage: { total: { totalTokens: 12 }, modelContextWindow: 1_000 } }],
        ['account/rateLimits/updated', { rateLimits: { primary: { usedPercent: 12 }, secondary: null } }],
      ],
    ],
    ['usage outside of turns', { type: 'usage.updated', turnId: null, ...usage }, []],
    ['what only the thread’s state is changed by', { type: 'submission.joined', ...turn, id: 's' }, []],
  ])('of %s', (_, event, expected) => {
    const seen = sent(event);
    expect(seen.map(([method]) => method)).toEqual(expected.map(([method]) => method));
    for (const [index, [, params]] of expected.entries()) expect(seen[index]?.[1]).toMatchObject(params);
  });
});
