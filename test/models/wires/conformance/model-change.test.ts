import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConversationHistory } from '../../../../src/context/history/index.ts';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import { bodyOf, clientFor, faultsOf, SPEAKERS, type Speaker } from './support.ts';

const PICTURE = 'data:image/png;base64,iVBORw0KGgo=';

/** What one response of a thread has in it, whoever makes it. */
const response = fc.record({
  thought: fc.boolean(),
  said: fc.boolean(),
  searches: fc.boolean(),
  calls: fc.array(fc.record({ isCustom: fc.boolean(), result: fc.constantFrom('text', 'picture', 'none') }), {
    maxLength: 3,
  }),
});
const step = fc.record({
  speaker: fc.nat(SPEAKERS.length - 1),
  withPicture: fc.boolean(),
  isCompacted: fc.boolean(),
  responses: fc.array(response, { maxLength: 2 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Response = Step['responses'][number];

/** A thread in which every text is a word of its own, and what of it a model has to find in a request. */
class MarkedThread {
  readonly history = new ConversationHistory();
  /** In the order in which they were said. */
  words: string[] = [];
  results: string[] = [];
  /** Who thought which word, in the turn that runs. */
  readonly thoughts: { readonly word: string; readonly speaker: Speaker }[] = [];
  pictures = 0;
  #count = 0;
  #responses = 0;

  ask(withPicture: boolean): void {
    const content = [
      { type: 'input_text' as const, text: this.#word('asked') },
      ...(withPicture ? [{ type: 'input_image' as const, image_url: PICTURE }] : []),
    ];
    this.pictures += withPicture ? 1 : 0;
    this.history.record([{ type: 'message', role: 'user', content }]);
  }

  answer(speaker: Speaker, one: Response): void {
    this.#responses += 1;
    const place = `r${this.#responses}`;
    const outputs: ResponseItem[] = [];
    const items: ResponseItem[] = [];
    if (one.thought) items.push(this.#thought(speaker, place));
    if (one.searches && speaker.api === 'responses') {
      items.push({
        type: 'web_search_call',
        id: `ws_${place}`,
        status: 'completed',
        action: { type: 'search', query: 'q' },
      });
    }
    if (one.said) {
      const content = [{ type: 'output_text' as const, text: this.#word('said') }];
      items.push({ type: 'message', role: 'assistant', content, ...this.#mark(speaker, place, 'msg') });
    }
    const results: (() => ResponseItem | null)[] = [];
    for (const { isCustom, result } of one.calls) {
      const call_id = this.#word('call');
      const own = { call_id, name: 'run', ...this.#mark(speaker, place, call_id) };
      const text = this.#word('args');
      items.push(
        isCustom
          ? { type: 'custom_tool_call', ...own, input: text }
          : { type: 'function_call', ...own, arguments: JSON.stringify({ text }) },
      );
      results.push(() => this.#output(call_id, isCustom, result));
    }
    for (const make of results) {
      const output = make();
      if (output !== null) outputs.push(output);
    }
    this.history.record([...items, ...outputs]);
  }

  /** As a compaction does it: a summary takes the place of everything. */
  compact(): void {
    this.words = [];
    this.results = [];
    this.pictures = 0;
    const summary = { type: 'input_text' as const, text: this.#word('summary') };
    this.history.replace([{ type: 'message', role: 'user', content: [summary] }]);
  }

  #thought({ api, provider, model }: Speaker, place: string): ResponseItem {
    const word = this.#unseen('thought');
    this.thoughts.push({ word, speaker: SPEAKERS.find((one) => one.provider === provider) ?? SPEAKERS[0] ?? fail() });
    const field = api === 'responses' ? null : api === 'chat' ? ('reasoning_content' as const) : ('thinking' as const);
    const content = [{ type: 'reasoning_text' as const, text: word }];
    return {
      ...{ type: 'reasoning', summary: [], content, encrypted_content: 'sealed', origin: { provider, model } },
      ...(field === null ? {} : { origin: { provider, model, field } }),
      ...(api === 'chat' ? { response: place } : { id: `rs_${place}` }),
    };
  }

  #mark({ api }: Speaker, place: string, id: string): { readonly id?: string; readonly response?: string } {
    return api === 'chat' ? { response: place } : { id: `${id}_${place}` };
  }

  #output(call_id: string, isCustom: boolean, result: 'text' | 'picture' | 'none'): ResponseItem | null {
    if (result === 'none') return null;
    if (isCustom) return { type: 'custom_tool_call_output', call_id, output: this.#word('result') };
    const text = { type: 'input_text' as const, text: this.#word('result') };
    if (result === 'text') return { type: 'function_call_output', call_id, output: text.text };
    this.pictures += 1;
    return { type: 'function_call_output', call_id, output: [text, { type: 'input_image', image_url: PICTURE }] };
  }

  #word(kind: string): string {
    const word = this.#unseen(kind);
    if (kind === 'result') this.results.push(word);
    else if (kind !== 'call') this.words.push(word);
    return word;
  }

  #unseen(kind: string): string {
    this.#count += 1;
    return `${kind}x${this.#count}x`;
  }
}

function fail(): never {
  throw new Error('no speaker');
}

/** The marked words of a body, in their order. */
const wordsIn = (body: string) => body.match(/(?:asked|said|args|summary)x\d+x/g) ?? [];
const resultsIn = (body: string) => body.match(/resultx\d+x/g) ?? [];
const thoughtsIn = (body: string) => body.match(/thoughtx\d+x/g) ?? [];
const picturesIn = (body: string) => body.split('iVBORw0KGgo=').length - 1;

function checkRequests(thread: MarkedThread): void {
  const input = thread.history.forPrompt();
  for (const speaker of SPEAKERS) {
    const body = bodyOf(clientFor(speaker), { input });
    expect([speaker.provider, ...faultsOf(speaker, body)]).toEqual([speaker.provider]);
    expect([speaker.provider, ...wordsIn(body)]).toEqual([speaker.provider, ...thread.words]);
    // A result follows its call, wherever the API wants it.
    expect(resultsIn(body).sort()).toEqual([...thread.results].sort());
    const seen = modelInfo(speaker.model).supportsImages ? thread.pictures : 0;
    expect([speaker.provider, picturesIn(body)]).toEqual([speaker.provider, seen]);
    const own = thread.thoughts.filter((one) => one.speaker.provider === speaker.provider).map(({ word }) => word);
    // Nobody gets what another one thought.
    expect(own).toEqual(expect.arrayContaining(thoughtsIn(body)));
  }
}

describe('a thread that changes its model and provider in the middle', () => {
  test('every API refuses nothing and finds every text, call, result and picture, in their order', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
        const thread = new MarkedThread();
        for (const { speaker: at, withPicture, isCompacted, responses } of steps) {
          const speaker = SPEAKERS[at] ?? fail();
          if (isCompacted) thread.compact();
          thread.ask(withPicture);
          checkRequests(thread);
          for (const one of responses) {
            thread.answer(speaker, one);
            checkRequests(thread);
          }
        }
      }),
      { numRuns: Number(process.env['KEEL_RUNS'] ?? 20) },
    );
  }, 120_000);

  test.each(SPEAKERS.filter(({ quirks }) => quirks?.reasoningField !== 'omitted'))(
    'what was thought before a call goes back to who thought it, with others between: $provider',
    (speaker) => {
      const thread = new MarkedThread();
      thread.ask(false);
      for (const other of [speaker, ...SPEAKERS.filter((one) => one !== speaker)]) {
        const call = { isCustom: false, result: 'text' } as const;
        thread.answer(other, { thought: true, said: false, searches: false, calls: [call] });
      }
      const body = bodyOf(clientFor(speaker), { input: thread.history.forPrompt() });
      expect(thoughtsIn(body)).toEqual([thread.thoughts[0]?.word]);
    },
  );
});
