import type { SessionUpdate } from '@agentclientprotocol/sdk';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SessionEvent, SessionEventOf, ThreadItem } from '../../../src/foundation/protocol/index.ts';
import { ThreadFeed } from '../../../src/surfaces/acp/items/thread-feed.ts';
import { answer, command, plan, thoughts, toolCall, turnCompleted, usage, usageUpdated } from '../sample-items.ts';
import { type Editor, editor } from './session-client.ts';

let made: Editor;
let feed: ThreadFeed;

async function feedWith(capabilities = {}, hidesThoughts = false): Promise<void> {
  await made?.[Symbol.asyncDispose]();
  made = await editor({ capabilities });
  feed = new ThreadFeed({ client: made.session, hidesThoughts });
}
beforeEach(() => feedWith());
afterEach(() => made[Symbol.asyncDispose]());

const started = (item: ThreadItem): SessionEvent => ({ type: 'item.started', turnId: 't', item });
const updated = (item: ThreadItem): SessionEvent => ({ type: 'item.updated', turnId: 't', item });
const completed = (item: ThreadItem): SessionEvent => ({ type: 'item.completed', turnId: 't', item });
type Delta = SessionEventOf<'item.delta'>;
const delta = (itemId: string, part: Delta['part'], text: string, index?: number): Delta => ({
  ...({ type: 'item.delta', turnId: 't', itemId, part, delta: text } as const),
  ...(index === undefined ? {} : { index }),
});

async function send(...events: SessionEvent[]): Promise<void> {
  for (const event of events) await feed.event(event);
}

/** The text that the client has put together, by kind of message. */
function textOf(kind: SessionUpdate['sessionUpdate'], updates: readonly SessionUpdate[] = made.updates): string {
  return updates
    .flatMap((update): unknown[] => (update.sessionUpdate === kind && 'content' in update ? [update.content] : []))
    .map((content) => (isText(content) ? content.text : ''))
    .join('');
}

function isText(content: unknown): content is { readonly text: string } {
  return typeof content === 'object' && content !== null && 'text' in content && typeof content.text === 'string';
}

describe('messages', () => {
  test('are streamed, and completed by what was not streamed', async () => {
    await send(
      delta('m', 'agentMessage', 'Hel'),
      delta('m', 'agentMessage', 'lo'),
      completed(answer('Hello there', { id: 'm' })),
    );
    expect(textOf('agent_message_chunk')).toBe('Hello there');
    expect(made.updates).toHaveLength(3);
  });

  test('that were streamed whole are not repeated', async () => {
    await send(delta('m', 'agentMessage', 'Hello'), completed(answer('Hello', { id: 'm' })));
    expect(made.updates).toHaveLength(1);
  });

  test('that were not streamed come at once', async () => {
    await send(completed(answer('Hello', { id: 'm' })));
    expect(made.updates).toEqual([
      { sessionUpdate: 'agent_message_chunk', messageId: 'm', content: { type: 'text', text: 'Hello' } },
    ]);
  });

  test('whose words changed at the end are left as they were streamed', async () => {
    await send(delta('m', 'agentMessage', 'Helo'), completed(answer('Hello', { id: 'm' })));
    expect(textOf('agent_message_chunk')).toBe('Helo');
  });

  test('without words are none', async () => {
    await send(delta('m', 'agentMessage', ''), completed(answer('', { id: 'm' })));
    expect(made.updates).toEqual([]);
  });

  test('of several items at a time keep apart', async () => {
    await send(
      delta('a', 'agentMessage', 'one '),
      delta('b', 'agentMessage', 'two '),
      completed(answer('one two', { id: 'a' })),
      completed(answer('two three', { id: 'b' })),
    );
    expect(made.updates.map((update) => ('messageId' in update ? update.messageId : ''))).toEqual(['a', 'b', 'a', 'b']);
    expect(textOf('agent_message_chunk')).toBe('one two twothree');
  });

  test('are whole however they were cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1 }), fc.array(fc.nat(6)), async (text, cuts) => {
        await feedWith();
        let from = 0;
        for (const cut of cuts) {
          await feed.event(delta('m', 'agentMessage', text.slice(from, from + cut)));
          from += cut;
        }
        await feed.event(completed(answer(text, { id: 'm' })));
        expect(textOf('agent_message_chunk')).toBe(text);
      }),
      { numRuns: 30 },
    );
  });
});

describe('thoughts', () => {
  test('have an empty line between their parts, streamed or not', async () => {
    await send(
      delta('rs_1', 'reasoningSummary', 'one', 0),
      delta('rs_1', 'reasoningSummary', 'two', 1),
      completed(thoughts('one', 'two')),
    );
    expect(textOf('agent_thought_chunk')).toBe('one\n\ntwo');
    await feedWith();
    await send(completed(thoughts('one', 'two')));
    expect(textOf('agent_thought_chunk')).toBe('one\n\ntwo');
  });

  test('are hidden where the configuration says so, and messages are not', async () => {
    await feedWith({}, true);
    await send(delta('rs_1', 'reasoningText', 'x'), completed(thoughts('x')), delta('m', 'agentMessage', 'hi'));
    expect(made.updates).toHaveLength(1);
    expect(textOf('agent_message_chunk')).toBe('hi');
  });
});

describe('the user’s messages of earlier turns', () => {
  test('have their text, their images and the names of their files', async () => {
    await feed.replay({
      type: 'userMessage',
      id: 'u',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image', url: 'data:image/png;base64,AAAA' },
        { type: 'image', url: 'https://example.com/a.png' },
        { type: 'localImage', path: '/app/b.png' },
      ],
    });
    expect(made.updates.map((update) => ('content' in update ? update.content : null))).toEqual([
      { type: 'text', text: 'Look' },
      { type: 'image', mimeType: 'image/png', data: 'AAAA' },
      { type: 'text', text: 'https://example.com/a.png' },
      { type: 'text', text: '/app/b.png' },
    ]);
  });

  test('are not repeated while a turn runs: the client has them', async () => {
    await send(completed({ type: 'userMessage', id: 'u', content: [{ type: 'text', text: 'Look' }] }));
    expect(made.updates).toEqual([]);
  });
});

describe('plans', () => {
  test('are sent whole each time', async () => {
    await send(
      started(plan({ step: 'a', status: 'in_progress' }, { step: 'b', status: 'pending' })),
      updated(plan({ step: 'a', status: 'completed' }, { step: 'b', status: 'in_progress' })),
    );
    expect(made.updates).toEqual([
      {
        sessionUpdate: 'plan',
        entries: [
          { content: 'a', priority: 'medium', status: 'in_progress' },
          { content: 'b', priority: 'medium', status: 'pending' },
        ],
      },
      {
        sessionUpdate: 'plan',
        entries: [
          { content: 'a', priority: 'medium', status: 'completed' },
          { content: 'b', priority: 'medium', status: 'in_progress' },
        ],
      },
    ]);
  });
});

describe('usage', () => {
  const window = { ...usage({ total_tokens: 900 }, { total_tokens: 120 }), model_context_window: 1_000 };

  test('is that of the newest response, in the window, with the cost', async () => {
    await send(usageUpdated(window), usageUpdated(window, 0.5), usageUpdated(window, null));
    expect(made.updates).toEqual([
      { sessionUpdate: 'usage_update', used: 120, size: 1_000 },
      { sessionUpdate: 'usage_update', used: 120, size: 1_000, cost: { amount: 0.5, currency: 'USD' } },
      { sessionUpdate: 'usage_update', used: 120, size: 1_000 },
    ]);
  });

  test('is not shown where the window is not known', async () => {
    await send(
      usageUpdated(null),
      usageUpdated(usage({ total_tokens: 1 })),
      usageUpdated({ ...window, model_context_window: null }),
    );
    expect(made.updates).toEqual([]);
  });
});

describe('what keel says itself', () => {
  const warning: SessionEvent = { type: 'warning', turnId: null, message: 'careful' };
  const retry: SessionEvent = {
    type: 'error',
    turnId: 't',
    error: { kind: 'serverOverloaded', message: 'busy' },
    willRetry: true,
  };

  test('is a notice where the client has notices', async () => {
    await feedWith({ session: { notices: {} } });
    await send(warning, retry, { ...retry, willRetry: false });
    expect(made.updates).toEqual([
      { sessionUpdate: 'notice', severity: 'warning', title: 'careful' },
      { sessionUpdate: 'notice', severity: 'warning', title: 'busy' },
    ]);
  });

  test('is a message elsewhere, but for attempts that are repeated', async () => {
    await send(warning, retry);
    expect(textOf('agent_message_chunk')).toBe('careful');
    expect(made.updates).toHaveLength(1);
  });

  test.each<[ThreadItem, string]>([
    [{ type: 'budgetExceeded', id: 'b', message: 'over the budget' }, 'over the budget'],
    [{ type: 'exitedReviewMode', id: 'r', review: 'No findings.', output: null }, 'No findings.'],
    [{ type: 'undo', id: 'u', status: 'completed', message: '2 files restored' }, '2 files restored'],
    [{ type: 'contextCompaction', id: 'c' }, 'The conversation was replaced by a summary to make room.'],
    [{ type: 'contextCompaction', id: 'c', interrupted: true }, ''],
    [{ type: 'enteredReviewMode', id: 'r', review: 'x' }, ''],
  ])('the end of %j is said as %j', async (item, text) => {
    await send(completed(item));
    expect(textOf('agent_message_chunk')).toBe(text);
  });

  test('the start of a review is said once', async () => {
    const review: ThreadItem = { type: 'enteredReviewMode', id: 'r', review: 'uncommitted changes' };
    await send(started(review), updated(review), completed(review));
    expect(textOf('agent_message_chunk')).toBe('Review of uncommitted changes');
  });

  test('a compaction has its states where the client shows them', async () => {
    await feedWith({ session: { compaction: {} } });
    const item: ThreadItem = { type: 'contextCompaction', id: 'c' };
    await send(started(item), completed(item), completed({ ...item, interrupted: true }));
    expect(made.updates).toEqual([
      { sessionUpdate: 'compaction_update', compactionId: 'c', status: 'in_progress' },
      { sessionUpdate: 'compaction_update', compactionId: 'c', status: 'completed' },
      { sessionUpdate: 'compaction_update', compactionId: 'c', status: 'cancelled' },
    ]);
  });
});

describe('the end of a turn', () => {
  const states = () => made.updates.flatMap((update) => ('status' in update ? update.status : []));

  test('leaves calls that run: their end is still to come', async () => {
    await send(started(toolCall({ status: 'inProgress' })), turnCompleted());
    expect(states()).toEqual(['in_progress']);
  });

  test('ends them where the client was too slow to see all, once', async () => {
    await send(started(toolCall({ status: 'inProgress' })), { type: 'events.lost', dropped: 5 }, turnCompleted());
    expect(states()).toEqual(['in_progress', 'failed']);
    await send(started(toolCall({ id: 'later', status: 'inProgress' })), turnCompleted());
    expect(states()).toEqual(['in_progress', 'failed', 'in_progress']);
  });
});

test('calls of earlier turns are replayed as calls, messages as messages', async () => {
  for (const item of [command(), answer('hi'), thoughts('x'), plan({ step: 'a', status: 'completed' })])
    await feed.replay(item);
  expect(made.updates.map(({ sessionUpdate }) => sessionUpdate)).toEqual([
    'tool_call',
    'agent_message_chunk',
    'agent_thought_chunk',
    'plan',
  ]);
});

test('events that a client has no use for send nothing', async () => {
  await send(
    { type: 'turn.diff', turnId: 't', diff: 'x' },
    { type: 'thread.closed', threadId: 't' },
    { type: 'submissions.dropped', turnId: 't', ids: ['a'] },
    started(answer('')),
  );
  expect(made.updates).toEqual([]);
});
