import fc from 'fast-check';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { SPEAKERS } from './support.ts';

const PICTURE = 'data:image/png;base64,iVBORw0KGgo=';
const ids = fc.constantFrom('c', 'call_0', 'functions.shell:0', `call_${'x'.repeat(80)}`, 'päd', 'c_2');
const args = fc.constantFrom('', '{}', '{"cmd":"ls"}', '{"cmd": ["a"', '{"a":1}{"a":1}', '7', '"x"', '{"a":"\ud83c"}');
const names = fc.constantFrom('shell', 'server.tool', '', 'x'.repeat(90), '<|channel|>shell');
const words = fc.constantFrom('said', 'é', 'half \ud83c', ' ');

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly args: string;
  readonly result: 'text' | 'picture' | 'none';
  readonly isCustom: boolean;
}
const call: fc.Arbitrary<Call> = fc.record({
  ...{ id: ids, name: names, args, isCustom: fc.boolean() },
  result: fc.constantFrom('text', 'text', 'picture', 'none'),
});
export const round = fc.record({
  thought: fc.boolean(),
  text: fc.option(words),
  calls: fc.array(call, { maxLength: 3 }),
  /** A picture that a tool shows behind its result. */
  shows: fc.boolean(),
  steered: fc.boolean(),
  /** A picture that the model makes. */
  draws: fc.boolean(),
});
export const turn = fc.record({
  speaker: fc.constantFrom(...SPEAKERS),
  said: fc.option(words),
  picture: fc.boolean(),
  rounds: fc.array(round, { maxLength: 3 }),
});
export type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

export const user = (text: string | null, picture: boolean): ResponseItem => ({
  type: 'message',
  role: 'user',
  content: [
    ...(text === null ? [] : [{ type: 'input_text' as const, text }]),
    ...(picture ? [{ type: 'input_image' as const, image_url: PICTURE }] : []),
  ],
});

const FIELDS = {
  responses: [],
  chat: ['reasoning_content', 'reasoning_details', 'content'],
  anthropic: ['thinking'],
} as const;

/** The items of a response as a turn records them, and what comes back before the next one. */
export function* roundItems({ speaker }: Turn, one: Turn['rounds'][number], place: number): Generator<ResponseItem> {
  const { api, provider, model } = speaker;
  const mark = { response: `r${place}` };
  const id = (kind: string, at: number) => {
    if (api === 'chat') return mark;
    return { id: api === 'responses' ? `${kind}_${place}_${at}` : `${kind}_${String(place).padStart(12, '0')}-${at}` };
  };
  if (one.thought) {
    const field = FIELDS[api][place % Math.max(1, FIELDS[api].length)];
    const blocks =
      field === 'content' ? [{ type: 'thinking', thinking: [{ type: 'text', text: 't' }] }] : [{ text: 't' }];
    const isSealed = field === 'reasoning_details' || field === 'content';
    yield {
      ...{ type: 'reasoning', ...id('rs', 0), summary: [], content: [{ type: 'reasoning_text', text: 't' }] },
      encrypted_content: isSealed ? JSON.stringify(blocks) : 'sealed',
      origin: { provider, model, ...(field === undefined ? {} : { field }) },
    };
  }
  if (one.draws && api === 'responses') {
    yield { type: 'image_generation_call', id: `ig_${place}`, status: 'completed', result: 'iVBORw0KGgo=', provider };
  }
  if (one.text !== null) {
    yield { type: 'message', ...id('msg', 1), role: 'assistant', content: [{ type: 'output_text', text: one.text }] };
  }
  const extra = { extra: { provider, fields: api === 'chat' ? { extra_content: { google: { s: 'S' } } } : {} } };
  for (const [at, { id: call_id, name, args: text, isCustom }] of one.calls.entries()) {
    const own = { ...id('fc', at + 2), call_id, name, ...extra };
    yield isCustom
      ? { type: 'custom_tool_call', ...own, input: text }
      : { type: 'function_call', ...own, arguments: text };
  }
  for (const { id: call_id, result, isCustom } of one.calls) {
    if (result === 'none') continue;
    const image = [{ type: 'input_image' as const, image_url: PICTURE }];
    if (isCustom) yield { type: 'custom_tool_call_output', call_id, output: 'done' };
    else yield { type: 'function_call_output', call_id, output: result === 'picture' ? image : 'done' };
  }
  if (one.shows) yield user(null, true);
  if (one.steered) yield user('wait', false);
}
