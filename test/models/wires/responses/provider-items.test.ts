import { describe, expect, test } from 'vitest';
import { ConversationHistory } from '../../../../src/context/history/index.ts';
import { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { bodyOf, clientFor, itemsOf, readBy, SPEAKERS } from '../conformance/support.ts';

const [openai] = SPEAKERS;
if (openai === undefined) throw new Error('no speaker');

const PICTURE = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'aGVsbG8=' } as const;
const CITATION = { type: 'url_citation', url: 'https://example.org/a', title: 'A', start_index: 0, end_index: 5 };

const streamOf = (...items: readonly object[]) =>
  [
    ...items.map((item) => ({ type: 'response.output_item.done', item })),
    { type: 'response.completed', response: { id: 'resp_1', output: items } },
  ]
    .map((event) => `data: ${JSON.stringify(event)}\n\n`)
    .join('');

describe('what a provider makes itself', () => {
  test('a picture is kept as it came, and goes back to the provider that made it and to nobody else', async () => {
    const made = { ...PICTURE, revised_prompt: 'a red boat', background: 'opaque' };
    const [item] = itemsOf(await readBy(openai, streamOf(made)));
    expect(item).toMatchObject({ ...PICTURE, revised_prompt: 'a red boat', provider: 'openai' });
    if (item === undefined) throw new Error('no item');

    // As it is read back from a rollout.
    const input = [ResponseItem.parse(JSON.parse(JSON.stringify(item)))];
    expect(JSON.parse(bodyOf(clientFor(openai), { input })).input).toEqual([PICTURE]);
    for (const other of SPEAKERS.slice(1)) expect(bodyOf(clientFor(other), { input })).not.toContain('aGVsbG8=');
    expect(bodyOf(clientFor({ ...openai, provider: 'other' }), { input })).not.toContain('aGVsbG8=');
  });

  test('a picture counts as one in the size of the context, whatever its bytes', async () => {
    const tokens = (result: string) => {
      const history = new ConversationHistory();
      history.record([{ ...PICTURE, result }]);
      return history.contextTokens;
    };
    expect(tokens('A'.repeat(4_000_000))).toBe(tokens('A'));
  });

  test('the citations of a text are kept with it, and not sent back', async () => {
    const content = [{ type: 'output_text', text: 'Boats float.', annotations: [CITATION, null, 'x'] }];
    const search = {
      type: 'web_search_call',
      id: 'ws_1',
      status: 'completed',
      action: { type: 'search', query: 'boats' },
    };
    const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
    const input = itemsOf(await readBy(openai, streamOf(search, message)));
    expect(input).toMatchObject([search, { content: [{ text: 'Boats float.', annotations: [CITATION] }] }]);

    const [sentSearch, sentMessage] = JSON.parse(bodyOf(clientFor(openai), { input })).input;
    expect(sentSearch).toEqual({
      type: 'web_search_call',
      status: 'completed',
      action: { type: 'search', query: 'boats' },
    });
    expect(sentMessage.content).toEqual([{ type: 'output_text', text: 'Boats float.' }]);
  });
});
