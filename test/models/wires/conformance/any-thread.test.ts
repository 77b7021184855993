import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConversationHistory } from '../../../../src/context/history/index.ts';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { bodyOf, clientFor, faultsOf, SPEAKERS } from './support.ts';

const PICTURE = 'data:image/png;base64,iVBORw0KGgo=';
const ids = fc.constantFrom('c', 'call_0', 'functions.shell:0', `call_${'x'.repeat(80)}`, 'päd', 'c_2');
const args = fc.constantFrom('', '{}', '{"cmd":"ls"}', '{"cmd": ["a"', '{"a":1}{"a":1}', '7', '"x"', '{"a":"\ud83c"}');
const names = fc.constantFrom('shell', 'server.tool', '', 'x'.repeat(90), '<|channel|>shell');
const words = fc.constantFrom('said', 'é', 'half \ud83c', ' ');

interface Call {
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
const round = fc.record({
  thought: fc.boolean(),
  text: fc.option(words),
  calls: fc.array(call, { maxLength: 3 }),
  /** A picture that a tool shows behind its result. */
  shows: fc.boolean(),
  steered: fc.boolean(),
});
const turn = fc.record({
  speaker: fc.constantFrom(...SPEAKERS),
  said: fc.option(words),
  picture: fc.boolean(),
  rounds: fc.array(round, { maxLength: 3 }),
});
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

const user = (text: string | null, picture: boolean): ResponseItem => ({
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
function* roundItems({ speaker }: Turn, one: Turn['rounds'][number], place: number): Generator<ResponseItem> {
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

describe('whatever a thread holds, made by whom ever', () => {
  test('no request has anything that a strict server of any API refuses', () => {
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 3 }), (turns) => {
        const history = new ConversationHistory();
        const clients = SPEAKERS.map((speaker) => ({ speaker, client: clientFor(speaker) }));
        const ask = () => {
          for (const { speaker, client } of clients) {
            const body = bodyOf(client, { input: history.forPrompt() });
            expect([speaker.provider, ...faultsOf(speaker, body)]).toEqual([speaker.provider]);
          }
        };
        let place = 0;
        for (const one of turns) {
          history.record([user(one.said ?? 'go', one.picture)]);
          for (const oneRound of one.rounds) {
            ask();
            place += 1;
            history.record([...roundItems(one, oneRound, place)]);
          }
        }
        history.record([user('and now?', false)]);
        ask();
        for (const { speaker, client } of clients) {
          // What was written for the requests before makes no difference.
          const input = history.forPrompt();
          expect(bodyOf(client, { input })).toBe(bodyOf(clientFor(speaker), { input }));
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test('a request extends the one before byte for byte while the turn runs, also behind a picture that a tool shows', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SPEAKERS), fc.array(round, { minLength: 2, maxLength: 4 }), (speaker, rounds) => {
        const history = new ConversationHistory();
        const client = clientFor(speaker);
        history.record([user('go', false)]);
        let before: string | null = null;
        for (const [at, given] of rounds.entries()) {
          // A round without a result would be the end of the turn.
          const answered = given.calls.map((one) =>
            one.result === 'none' ? { ...one, result: 'text' as const } : one,
          );
          const calls = answered.length === 0 ? [oneCall] : answered;
          const sent = prefixOf(bodyOf(client, { input: history.forPrompt() }));
          if (before !== null) expect(sent.startsWith(before)).toBe(true);
          before = sent;
          const one = { ...given, calls, steered: false };
          history.record([...roundItems({ speaker, said: null, picture: false, rounds: [] }, one, at)]);
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

const oneCall: Call = { id: 'c', name: 'shell', args: '{}', result: 'text', isCustom: false };

/** Up to the last message or item, which may not grow; marks of a cache do not count. */
function prefixOf(body: string): string {
  const end = Math.max(body.lastIndexOf(']}],"'), body.lastIndexOf('}],"stream"'), body.lastIndexOf('}],"tools"'));
  const whole = body.replaceAll(',"cache_control":{"type":"ephemeral"}', '');
  return end === -1 ? whole.slice(0, whole.lastIndexOf(']}]}')) : body.slice(0, end);
}
