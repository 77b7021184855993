import fc from 'fast-check';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import type { Api } from '../../../../src/testing/index.ts';
import { chunk } from '../chat/support.ts';

/** A part of an answer. Each becomes one item, whatever the API. */
export type Part =
  | { readonly type: 'text' | 'thought'; readonly pieces: readonly string[] }
  | { readonly type: 'call'; readonly name: string; readonly pieces: readonly string[] };

/** An answer as the data of its events, and by which of them each part is complete: one that came that far is never lost. */
export interface Answer {
  readonly parts: readonly Part[];
  readonly frames: readonly string[];
  readonly closedBy: readonly number[];
}

const piece = fc.constantFrom(
  'word',
  ' ',
  'é',
  '🚢',
  'line\nline',
  '\u2028',
  '"quoted"',
  '\\u0041',
  ']}',
  'data: x\n\n',
);
const pieces = fc.array(piece, { minLength: 1, maxLength: 4 }).filter((all) => all.join('').trim() !== '');
const call = fc.record({
  type: fc.constant('call' as const),
  name: fc.constantFrom('shell', 'apply'),
  pieces: fc.tuple(fc.constant('{"a":"'), fc.constantFrom('x', 'é', '{'), fc.constant('"}')),
});
const said = fc.record({ type: fc.constantFrom('text' as const, 'thought' as const), pieces });

/** What follows what it is like would be one item for some APIs. */
export const parts: fc.Arbitrary<readonly Part[]> = fc
  .tuple(fc.array(said, { maxLength: 3 }), fc.array(call, { maxLength: 2 }))
  .map(([words, calls]): Part[] => [...words.filter(({ type }, at) => type !== words[at - 1]?.type), ...calls])
  .filter((all) => all.length > 0);

export const textOf = (part: Part): string => part.pieces.join('');

/** A part, or the item that it became, in a few words. */
export function sketch(one: Part | ResponseItem): string {
  switch (one.type) {
    case 'text':
    case 'thought':
      return `${one.type} ${textOf(one)}`;
    case 'call':
      return `call ${one.name} ${textOf(one)}`;
    case 'message':
      return `text ${one.content.map((part) => ('text' in part ? part.text : '')).join('')}`;
    case 'reasoning':
      return `thought ${[...(one.content ?? []), ...one.summary].map(({ text }) => text).join('')}`;
    case 'function_call':
      return `call ${one.name} ${one.arguments}`;
    default:
      return one.type;
  }
}

export function answerOf(api: Api, all: readonly Part[]): Answer {
  switch (api) {
    case 'responses':
      return responses(all);
    case 'chat':
      return chat(all);
    case 'anthropic':
      return messages(all);
  }
}

class Frames {
  readonly frames: string[] = [];
  readonly closedBy: number[] = [];

  send(...events: readonly (object | string)[]): void {
    for (const one of events) this.frames.push(typeof one === 'string' ? one : JSON.stringify(one));
  }

  close(count = 1): void {
    for (let at = 0; at < count; at += 1) this.closedBy.push(this.frames.length - 1);
  }
}

function responses(all: readonly Part[]): Answer {
  const out = new Frames();
  out.send({ type: 'response.created', response: { id: 'resp_1' } });
  for (const [output_index, part] of all.entries()) {
    const item_id = `item_${output_index}`;
    const names = { output_index, item_id };
    const kinds = {
      text: ['message', 'response.output_text.delta'],
      thought: ['reasoning', 'response.reasoning_text.delta'],
      call: ['function_call', 'response.function_call_arguments.delta'],
    } as const;
    const [type, event] = kinds[part.type];
    out.send({ type: 'response.output_item.added', output_index, item: { type, id: item_id } });
    out.send(...part.pieces.map((delta) => ({ type: event, ...names, delta })));
    out.send({
      type: 'response.output_item.done',
      output_index,
      item: { id: item_id, ...responsesItem(part, item_id) },
    });
    out.close();
  }
  out.send({ type: 'response.completed', response: { id: 'resp_1' } });
  return { parts: all, ...out };
}

function responsesItem(part: Part, id: string): object {
  const text = textOf(part);
  switch (part.type) {
    case 'text':
      return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
    case 'thought':
      return {
        type: 'reasoning',
        summary: [],
        content: [{ type: 'reasoning_text', text }],
        encrypted_content: 'sealed',
      };
    case 'call':
      return { type: 'function_call', name: part.name, arguments: text, call_id: `call_${id}` };
  }
}

function chat(all: readonly Part[]): Answer {
  const out = new Frames();
  let open = 0;
  for (const [index, part] of all.entries()) {
    for (const [at, text] of part.pieces.entries()) {
      if (part.type === 'call') {
        const called = { name: at === 0 ? part.name : undefined, arguments: text };
        out.send(chunk({ tool_calls: [{ index, id: at === 0 ? `call_${index}` : undefined, function: called }] }));
        continue;
      }
      out.send(chunk(part.type === 'text' ? { content: text } : { reasoning_content: text }));
      // A text or thought is over with the first word of another.
      if (at === 0) {
        out.close(open);
        open = 0;
      }
    }
    open += 1;
  }
  out.send(chunk({}, 'stop'), '[DONE]');
  out.close(open);
  return { parts: all, ...out };
}

function messages(all: readonly Part[]): Answer {
  const out = new Frames();
  out.send({ type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 1 } } });
  for (const [index, part] of all.entries()) {
    const starts = {
      text: { type: 'text', text: '' },
      thought: { type: 'thinking', thinking: '' },
      call: { type: 'tool_use', id: `toolu_${index}`, name: part.type === 'call' ? part.name : '', input: {} },
    } as const;
    const fields = { text: 'text', thought: 'thinking', call: 'partial_json' } as const;
    out.send({ type: 'content_block_start', index, content_block: starts[part.type] });
    out.send(
      ...part.pieces.map((text) => ({ type: 'content_block_delta', index, delta: { [fields[part.type]]: text } })),
    );
    if (part.type === 'thought') out.send({ type: 'content_block_delta', index, delta: { signature: 'S' } });
    out.send({ type: 'content_block_stop', index });
    out.close();
  }
  out.send({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }, { type: 'message_stop' });
  return { parts: all, ...out };
}

const ANY_NOISE = [
  '',
  'null',
  '7',
  '[1,2]',
  '"text"',
  '{}',
  '{"type":7}',
  '{"type":"x.unknown"}',
  '{"type":"ping"}',
  '{"a":',
];

/** Data that means nothing at any place of an answer. */
export const NOISE: Readonly<Record<Api, readonly string[]>> = {
  responses: [
    ...ANY_NOISE,
    '{"type":"response.output_item.done"}',
    '{"type":"response.output_item.done","item":7}',
    '{"type":"response.output_item.done","item":{"type":"strange"}}',
    '{"type":"response.output_item.added","item":null}',
    '{"type":"response.output_text.delta"',
    '{"type":"response.function_call_arguments.delta"',
    '{"type":"response.created","response":7}',
    '[DONE]',
  ],
  chat: [
    ...ANY_NOISE,
    '{"choices":7}',
    '{"choices":[]}',
    '{"choices":[null]}',
    '{"choices":[{"delta":null}]}',
    '{"choices":[{"delta":{"content":7,"reasoning_content":null}}]}',
    '{"choices":[{"delta":{"tool_calls":"x"}}]}',
    '{"choices":[{"delta":{"content":"cut',
  ],
  anthropic: [
    ...ANY_NOISE,
    '{"type":"message_start"}',
    '{"type":"content_block_start","index":90}',
    '{"type":"content_block_start","index":91,"content_block":{"type":"strange"}}',
    '{"type":"content_block_delta","index":99,"delta":{"type":"text_delta","text":"x"}}',
    '{"type":"content_block_delta","index":0,"delta":7}',
    '{"type":"content_block_stop","index":99}',
    '{"type":"message_delta","delta":{}}',
    '[DONE]',
  ],
};
