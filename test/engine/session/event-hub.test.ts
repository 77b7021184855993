import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventHub } from '../../../src/engine/session/event-hub.ts';
import type { SessionEvent, SessionEventOf, Turn } from '../../../src/foundation/protocol/index.ts';

const started: SessionEventOf<'thread.started'> = {
  ...{ type: 'thread.started', threadId: 't', model: 'm', effort: null, cwd: '/w', rolloutPath: null, turns: [] },
};
const warning = (message: string): SessionEvent => ({ type: 'warning', turnId: null, message });
const delta = (text: string): SessionEvent => ({
  ...{ type: 'item.delta', turnId: '1', itemId: 'i', part: 'agentMessage', delta: text },
});
const question = (id: string): SessionEventOf<'approval.requested'> => ({
  type: 'approval.requested',
  turnId: '1',
  threadId: 't',
  request: {
    ...{ type: 'command', questionId: id, callId: `call-${id}`, command: ['ls'], cwd: '/w', reason: null },
    ...{ commandActions: [], escalated: false },
  },
});
const completed: SessionEvent = {
  ...{ type: 'turn.completed', turnId: '1', status: 'completed', error: null, abortReason: null },
  lastAgentMessage: null,
};

async function all(events: AsyncIterable<SessionEvent>): Promise<SessionEvent[]> {
  const list: SessionEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

const textsOf = (events: readonly SessionEvent[]) =>
  events.flatMap((event) => {
    if (event.type === 'warning') return [event.message];
    if (event.type === 'item.delta') return [event.delta];
    return event.type === 'events.lost' ? [`lost ${event.dropped}`] : [event.type];
  });

describe('readers of a session', () => {
  test('each get all events in order, at their own pace', async () => {
    const hub = new EventHub();
    const [fast, slow] = [hub.subscribe(), hub.subscribe()];
    hub.emit(warning('a'));
    expect(textsOf([(await fast.next()).value])).toEqual(['a']);
    hub.emit(warning('b'));
    hub.close();
    expect(textsOf(await all(fast))).toEqual(['b']);
    expect(textsOf(await all(slow))).toEqual(['a', 'b']);
  });

  test('that come later get the thread’s start first, and nothing of what was before', async () => {
    const hub = new EventHub();
    hub.emit(started);
    hub.emit(warning('before'));
    const late = hub.subscribe();
    hub.emit(warning('after'));
    hub.close();
    expect(textsOf(await all(late))).toEqual(['thread.started', 'after']);
  });

  test('that come after a rollback see the turns that are left', async () => {
    const hub = new EventHub();
    const turn: Turn = { id: '1', status: 'completed', error: null, items: [] };
    hub.emit({ ...started, turns: [turn, { ...turn, id: '2' }] });
    hub.emit({ type: 'thread.rolledBack', removed: 1, turns: [turn] });
    const { value } = await hub.subscribe().next();
    expect(value).toMatchObject({ type: 'thread.started', turns: [{ id: '1' }] });
  });

  test('that want no deltas get none, the others all', async () => {
    const hub = new EventHub();
    const [plain, whole] = [hub.subscribe({ deltas: false }), hub.subscribe()];
    for (const event of [delta('x'), warning('y'), delta('z')]) hub.emit(event);
    hub.close();
    expect(textsOf(await all(plain))).toEqual(['y']);
    expect(textsOf(await all(whole))).toEqual(['x', 'y', 'z']);
  });

  test('that ask for open questions get those that nobody has answered', async () => {
    const hub = new EventHub();
    hub.emit(started);
    for (const id of ['q1', 'q2', 'q3']) hub.emit(question(id));
    hub.emit({ type: 'approval.resolved', turnId: '1', questionId: 'q2', decision: 'approved' });
    const reader = hub.subscribe({ openQuestions: true });
    hub.close();
    const asked = (await all(reader)).flatMap((event) =>
      event.type === 'approval.requested' ? [event.request.questionId] : [],
    );
    expect(asked).toEqual(['q1', 'q3']);
  });

  test('get no question of a turn that has ended', async () => {
    const hub = new EventHub();
    hub.emit(question('q1'));
    hub.emit(completed);
    const reader = hub.subscribe({ openQuestions: true });
    hub.close();
    expect(await all(reader)).toEqual([]);
  });

  test('that leave their loop end, and the others do not', async () => {
    const hub = new EventHub();
    const [leaving, staying] = [hub.subscribe(), hub.subscribe()];
    hub.emit(warning('a'));
    for await (const event of leaving) if (event.type === 'warning') break;
    hub.emit(warning('b'));
    expect(await leaving.next()).toEqual({ done: true, value: undefined });
    hub.close();
    expect(textsOf(await all(staying))).toEqual(['a', 'b']);
  });

  test('that wait several times at once get one event each', async () => {
    const hub = new EventHub();
    const reader = hub.subscribe();
    const waiting = [reader.next(), reader.next(), reader.next()];
    for (const text of ['a', 'b', 'c']) hub.emit(warning(text));
    const events = (await Promise.all(waiting)).map(({ value }) => value);
    expect(textsOf(events).toSorted()).toEqual(['a', 'b', 'c']);
  });

  test('of a session that is closed get its start and then the end', async () => {
    const hub = new EventHub();
    hub.emit(started);
    hub.close();
    hub.emit(warning('too late'));
    expect(textsOf(await all(hub.subscribe()))).toEqual(['thread.started']);
  });

  test('are woken by the close when they wait', async () => {
    const hub = new EventHub();
    const reader = hub.subscribe();
    const waiting = reader.next();
    hub.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});

describe('a reader that lags', () => {
  test('loses deltas first and learns how many before anything else', async () => {
    const hub = new EventHub(4);
    const reader = hub.subscribe();
    for (const event of [delta('1'), warning('a'), delta('2'), warning('b'), warning('c')]) hub.emit(event);
    hub.close();
    expect(textsOf(await all(reader))).toEqual(['lost 2', 'a', 'b', 'c']);
  });

  test('loses the oldest where there are no deltas', async () => {
    const hub = new EventHub(4);
    const reader = hub.subscribe();
    for (const text of ['a', 'b', 'c', 'd', 'e']) hub.emit(warning(text));
    hub.close();
    expect(textsOf(await all(reader))).toEqual(['lost 1', 'b', 'c', 'd', 'e']);
  });

  test('costs no other reader anything', async () => {
    const hub = new EventHub(2);
    const [lagging, reading] = [hub.subscribe(), hub.subscribe()];
    const seen: SessionEvent[] = [];
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) {
      hub.emit(warning(text));
      seen.push((await reading.next()).value);
    }
    hub.close();
    expect(textsOf(seen)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(textsOf(await all(lagging))[0]).toMatch(/^lost \d$/);
  });

  test('whatever is emitted and read when: what was read and what was lost is all there was, in order', async () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('warning' as const) }),
      fc.record({ type: fc.constant('delta' as const) }),
      fc.record({ type: fc.constant('read' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 9 }), async (steps, room) => {
        const hub = new EventHub(room);
        const reader = hub.subscribe();
        let emitted = 0;
        let queued = 0;
        const read: SessionEvent[] = [];
        for (const { type } of steps) {
          if (type === 'read' && queued > 0) {
            read.push((await reader.next()).value);
            queued = Math.max(0, queued - 1);
          } else if (type !== 'read') {
            hub.emit(type === 'delta' ? delta(String(emitted)) : warning(String(emitted)));
            emitted += 1;
            queued = 1;
          }
        }
        hub.close();
        read.push(...(await all(reader)));
        const lost = read.reduce((sum, event) => sum + (event.type === 'events.lost' ? event.dropped : 0), 0);
        const numbers = textsOf(read.filter(({ type }) => type !== 'events.lost')).map(Number);
        expect(numbers.length + lost).toBe(emitted);
        expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      }),
      { numRuns: 60 },
    );
  });
});
