import { describe, expect, test } from 'vitest';
import { threadItemsOf } from '../../../src/engine/turn/index.ts';
import { ItemEvents } from '../../../src/engine/turn/item-events.ts';
import type { ResponseItem, ThreadItem } from '../../../src/foundation/protocol/index.ts';

/** What a reader of the events saw of an item when it was finished. */
function shownLive(item: ResponseItem): ThreadItem[] {
  const shown: ThreadItem[] = [];
  const events = new ItemEvents({
    turnId: 't',
    idPrefix: 't-1',
    showRawReasoning: false,
    emit: (event) => {
      if (event.type === 'item.completed') shown.push(event.item);
    },
  });
  events.emitFinished(item);
  return shown;
}

const ITEMS: readonly (readonly [what: string, item: ResponseItem, shown: readonly Partial<ThreadItem>[]])[] = [
  [
    'a message of the model, its parts joined',
    {
      type: 'message',
      role: 'assistant',
      content: [
        { type: 'output_text', text: 'a' },
        { type: 'output_text', text: 'b' },
      ],
    },
    [{ type: 'agentMessage', id: 't-1-agentMessage-0', text: 'ab' }],
  ],
  [
    'a message with an id of its own',
    { type: 'message', id: 'msg_1', role: 'assistant', content: [] },
    [{ type: 'agentMessage', id: 'msg_1', text: '' }],
  ],
  [
    'a thought: its summary, and not what the model keeps to itself',
    {
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 's' }],
      content: [{ type: 'reasoning_text', text: 'raw' }],
    },
    [{ type: 'reasoning', id: 't-1-reasoning-0', summary: ['s'], content: [] }],
  ],
  [
    'a search',
    { type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'q' } },
    [{ type: 'webSearch', id: 't-1-webSearch-0', query: 'q', action: { type: 'search', query: 'q' } }],
  ],
  ['a call', { type: 'function_call', name: 'f', arguments: '{}', call_id: 'c' }, []],
  ['an output', { type: 'function_call_output', call_id: 'c', output: 'done' }, []],
  ["keel's own words", { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'x' }] }, []],
];

describe('what people see of an item', () => {
  test.each(ITEMS)('live: %s', (_what, item, shown) => {
    expect(shownLive(item)).toEqual(shown);
  });

  test.each(ITEMS)('from the record, the same: %s', (_what, item, shown) => {
    expect(threadItemsOf(item, 't-1')).toEqual(shown);
  });

  test("from the record, a user's message; live its turn shows it", () => {
    const item: ResponseItem = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] };
    expect(threadItemsOf(item, 't-1')).toEqual([
      { type: 'userMessage', id: 't-1-user', content: [{ type: 'text', text: 'hi' }] },
    ]);
    expect(shownLive(item)).toEqual([]);
  });

  test('nothing of a message that keel wrote in the role of the user', () => {
    const text = '<environment_context>\n</environment_context>';
    const item: ResponseItem = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
    expect(threadItemsOf(item, 't-1')).toEqual([]);
  });
});
