import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShownItems } from '../../../src/engine/fleet/shown-items.ts';
import type { SessionEvent, ThreadItem, Turn } from '../../../src/foundation/protocol/index.ts';

const said = (text: string, id: string): ThreadItem => ({ type: 'agentMessage', id, text });
const ran = (id: string): ThreadItem => ({ type: 'contextCompaction', id });
const turn = (items: readonly ThreadItem[], status: Turn['status'] = 'inProgress'): Turn => ({
  ...{ id: 't1', status, error: null },
  items: [...items],
});
const ended = (item: ThreadItem): SessionEvent[] => [
  { type: 'item.started', turnId: 't1', item: item.type === 'agentMessage' ? { ...item, text: '' } : item },
  { type: 'item.completed', turnId: 't1', item },
];
const liveOf = (shown: ShownItems, events: readonly SessionEvent[]) =>
  events.flatMap((event) => [...shown.live(event)]);
const done = (events: readonly SessionEvent[]) =>
  events.flatMap((event) =>
    event.type === 'item.completed' ? [event.item.type === 'agentMessage' ? event.item.text : event.item.id] : [],
  );

describe('what a client is shown of a thread', () => {
  test('is an item of the record, whatever its id, once', () => {
    const shown = new ShownItems();
    expect(done(liveOf(shown, ended(said('a', 'live-1'))))).toEqual(['a']);
    expect(done([...shown.missing(turn([said('a', 'record-7'), said('b', 'record-8')]))])).toEqual(['b']);
    expect(done([...shown.missing(turn([said('a', 'record-7'), said('b', 'record-8')]))])).toEqual([]);
  });

  test('is an item that a worker shows again once, and an equal one that follows', () => {
    const shown = new ShownItems();
    liveOf(shown, ended(said('a', '1')));
    shown.attached();
    expect(done(liveOf(shown, [...ended(said('a', '1')), ...ended(said('a', '2'))]))).toEqual(['a']);
  });

  test('has the start of a message before its words, and none where nothing follows', () => {
    const shown = new ShownItems();
    const delta: SessionEvent = {
      ...{ type: 'item.delta', turnId: 't1', itemId: '1', part: 'agentMessage', delta: 'a' },
    };
    const [start, end] = ended(said('a', '1'));
    const types = liveOf(
      shown,
      [start, delta, end].filter((event) => event !== undefined),
    ).map(({ type }) => type);
    expect(types).toEqual(['item.started', 'item.delta', 'item.completed']);
    shown.attached();
    expect(liveOf(shown, ended(said('a', '1')))).toEqual([]);
  });

  test('has one start and one end of a turn', () => {
    const shown = new ShownItems();
    const start: SessionEvent = { type: 'turn.started', turnId: 't1', taskKind: 'regular', modelContextWindow: null };
    expect(liveOf(shown, [start, start])).toEqual([start]);
    const missing = [...shown.missing(turn([said('a', '1')], 'completed'))];
    expect(missing.at(-1)).toMatchObject({ type: 'turn.completed', status: 'completed', lastAgentMessage: 'a' });
    expect([...shown.missing(turn([said('a', '1')], 'completed'))]).toEqual([]);
    const end = missing.at(-1);
    expect(end && shown.live(end)).toEqual([]);
  });

  test('is each item in its order, however often the thread moves and the record is read', () => {
    const names = fc.array(fc.tuple(fc.constantFrom('said', 'ran'), fc.constantFrom('a', 'b')), { maxLength: 8 });
    const steps = fc.array(fc.constantFrom('live', 'move', 'read'), { maxLength: 20 });
    fc.assert(
      fc.property(names, steps, (kinds, moves) => {
        const all = kinds.map(([kind, text], at) => (kind === 'said' ? said(text, `live-${at}`) : ran(`call-${at}`)));
        const recorded = all.map((item, at) => (item.type === 'agentMessage' ? { ...item, id: `record-${at}` } : item));
        const shown = new ShownItems();
        const seen: SessionEvent[] = [];
        let so = 0;
        for (const move of [...moves, 'read-all']) {
          if (move === 'live' && so < all.length) {
            seen.push(...liveOf(shown, all.slice(so, so + 1).flatMap(ended)));
            so += 1;
          }
          if (move === 'move') {
            shown.attached();
            // The new worker shows the open turn from its start.
            seen.push(...liveOf(shown, all.slice(0, so).flatMap(ended)));
          }
          if (move === 'read') seen.push(...shown.missing(turn(recorded.slice(0, so))));
          if (move === 'read-all') seen.push(...shown.missing(turn(recorded)));
        }
        expect(done(seen)).toEqual(all.map((item) => (item.type === 'agentMessage' ? item.text : item.id)));
      }),
      { numRuns: Number(process.env['KEEL_RUNS'] ?? 100) },
    );
  });
});
