import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ItemIds, TurnItemIds } from '../../../../../src/engine/session/turn/item-ids.ts';
import { OpenItems } from '../../../../../src/engine/session/turn/open-items.ts';
import type { SessionEvent, ThreadItem } from '../../../../../src/foundation/protocol/index.ts';
import { command, fileChange, mcpCall, toolCall } from '../../../../surfaces/sample-items.ts';

const message = (id: string, text = ''): ThreadItem => ({ type: 'agentMessage', id, text });
const started = (item: ThreadItem): SessionEvent => ({ type: 'item.started', turnId: '1', item });
const completed = (item: ThreadItem): SessionEvent => ({ type: 'item.completed', turnId: '1', item });
const delta = (itemId: string, text: string): SessionEvent => ({
  ...{ type: 'item.delta', turnId: '1', itemId, part: 'agentMessage', delta: text },
});

function open(...events: readonly SessionEvent[]): OpenItems {
  const items = new OpenItems();
  for (const event of events) items.note(event);
  return items;
}

describe('what is open when a turn is cut off', () => {
  test('is completed as interrupted, in the order in which it started', () => {
    const left = open(
      started(command({ id: 'c', status: 'inProgress' })),
      started(fileChange({ id: 'f', status: 'inProgress' })),
      started(mcpCall({ id: 'm', status: 'inProgress' })),
      started(toolCall({ id: 't', status: 'inProgress' })),
      completed(fileChange({ id: 'f' })),
    ).interrupted();
    expect(left).toMatchObject([
      { id: 'c', status: 'interrupted' },
      { id: 'm', status: 'interrupted' },
      { id: 't', status: 'interrupted' },
    ]);
  });

  test('has the text that was shown by then', () => {
    const left = open(started(message('a')), delta('a', 'Hel'), delta('a', 'lo'), started(message('b'))).interrupted();
    expect(left).toMatchObject([
      { id: 'a', text: 'Hello', interrupted: true },
      { id: 'b', text: '', interrupted: true },
    ]);
  });

  test('has the thoughts that were shown by then, or none', () => {
    const thoughts = (id: string): ThreadItem => ({ type: 'reasoning', id, summary: [], content: [] });
    const part: SessionEvent = {
      ...{ type: 'item.delta', turnId: '1', itemId: 'r', part: 'reasoningSummary', delta: 'hm' },
    };
    expect(open(started(thoughts('r')), part, started(thoughts('s'))).interrupted()).toMatchObject([
      { summary: ['hm'], interrupted: true },
      { summary: [], interrupted: true },
    ]);
  });

  test('is as it was updated last', () => {
    const updated: SessionEvent = {
      type: 'item.updated',
      turnId: '1',
      item: command({ id: 'c', aggregatedOutput: 'half' }),
    };
    expect(open(started(command({ id: 'c' })), updated).interrupted()).toMatchObject([{ aggregatedOutput: 'half' }]);
  });

  test('is a plan where the turn ends well, and nothing else', () => {
    const plan: ThreadItem = {
      type: 'plan',
      id: 'p',
      explanation: null,
      steps: [{ step: 'a', status: 'in_progress' }],
    };
    const items = open(started(plan), started(message('a')));
    expect(items.plans()).toEqual([plan]);
    expect(items.interrupted()).toHaveLength(2);
  });

  test('has compactions that are not recorded yet', () => {
    const compaction: ThreadItem = { type: 'contextCompaction', id: 'x' };
    const items = open(started(compaction), started(message('a')));
    expect(items.compactions()).toEqual([compaction]);
    items.note(completed(compaction));
    expect(items.compactions()).toEqual([]);
  });

  test('starts again under an id that was completed', () => {
    const left = open(started(message('a')), delta('a', 'old'), completed(message('a', 'old')), started(message('a')));
    expect(left.interrupted()).toMatchObject([{ id: 'a', text: '' }]);
  });
});

describe('the ids of a thread’s items', () => {
  test('stay as they are where they are free, and get a number where they are not', () => {
    const ids = new ItemIds();
    expect(['a', 'a', 'b', 'a', 'a#2'].map((id) => ids.take(id))).toEqual(['a', 'a#2', 'b', 'a#3', 'a#2#2']);
  });

  test('of earlier turns are not free', () => {
    const ids = new ItemIds();
    ids.taken([{ id: '1', status: 'completed', error: null, items: [message('a'), message('b')] }]);
    expect([ids.take('a'), ids.take('c')]).toEqual(['a#2', 'c']);
  });

  test('name one item each, whatever ids models use', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'a#2', 'a#3', 'b', '', 'a#2#2')), (wanted) => {
        const ids = new ItemIds();
        const given = wanted.map((id) => ids.take(id));
        expect(new Set(given).size).toBe(given.length);
      }),
    );
  });

  test('are the same in all events of one item, and another for a later item of that id', () => {
    const names = new TurnItemIds(new ItemIds());
    const idsOf = (events: readonly SessionEvent[]) =>
      events
        .map((event) => names.named(event))
        .map((event) => {
          if (event.type === 'item.started' || event.type === 'item.completed') return event.item.id;
          return event.type === 'item.delta' ? event.itemId : null;
        });
    const once = [started(message('a')), delta('a', 'x'), completed(message('a', 'x'))];
    expect(idsOf(once)).toEqual(['a', 'a', 'a']);
    expect(idsOf(once)).toEqual(['a#2', 'a#2', 'a#2']);
  });

  test('of turns side by side in one thread are apart', () => {
    const ids = new ItemIds();
    const [one, other] = [new TurnItemIds(ids), new TurnItemIds(ids)];
    const first = one.named(started(message('a')));
    const second = other.named(started(message('a')));
    expect([first, second]).toMatchObject([{ item: { id: 'a' } }, { item: { id: 'a#2' } }]);
    expect(one.named(delta('a', 'x'))).toMatchObject({ itemId: 'a' });
    expect(other.named(delta('a', 'x'))).toMatchObject({ itemId: 'a#2' });
  });

  test('leave other events alone', () => {
    const warning: SessionEvent = { type: 'warning', turnId: '1', message: 'a' };
    expect(new TurnItemIds(new ItemIds()).named(warning)).toBe(warning);
  });
});
