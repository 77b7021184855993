import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConversationHistory } from '../../../src/context/history/index.ts';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../src/models/catalogue/index.ts';
import { digestOf, loadWire, RequestFingerprints } from '../../../src/models/client/index.ts';
import type { Prompt } from '../../../src/models/prompt/index.ts';
import { builtinTools, specsFor } from '../../../src/tools/index.ts';
import { providerAt } from '../support.ts';

const responses = await loadWire('responses');
const settings: Parameters<typeof responses>[0] = {
  ...{ provider: providerAt('http://127.0.0.1/v1'), model: modelInfo('gpt-5'), threadId: 't' },
  ...{ effort: null, summary: 'auto', verbosity: null },
};
const wire = responses(settings);
const tools = ['gpt-4.1', 'gpt-5-codex'].map((slug) =>
  specsFor(builtinTools(), ['apply_patch'], {
    model: modelInfo(slug),
    offersEscalation: true,
    offersKeepRunning: false,
  }),
);
const say = (text: string): ResponseItem => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});
const ran = (id: string): ResponseItem[] => [
  { type: 'function_call', name: 'shell', arguments: '{}', call_id: id },
  {
    ...{ type: 'function_call_output', call_id: id },
    output: JSON.stringify({ output: `ran ${id}`, metadata: { exit_code: 0, duration_seconds: 0.1 } }),
  },
];
const prompt = (input: readonly ResponseItem[], more: Partial<Prompt> = {}): Prompt => ({
  ...{ instructions: 'do', input, tools: [], parallelToolCalls: false },
  ...more,
});

test('a fingerprint says only what is new, however long the thread is', () => {
  const prints = new RequestFingerprints('cyrb53');
  const items = Array.from({ length: 5_000 }, (_, at) => say(String(at)));
  expect(prints.next(prompt(items), wire)).toMatchObject({ cut: 0, kept: 0, items: { length: 5_000 } });
  const next = prints.next(prompt([...items, say('new')]), wire);
  expect(next).toMatchObject({
    cut: 0,
    kept: 5_000,
    items: [digestOf('cyrb53', wire.itemsJson(prompt([say('new')]), 0)[0] ?? '')],
  });
  expect(JSON.stringify(next).length).toBeLessThan(250);
  expect(prints.next(prompt([...items.slice(2), say('x')]), wire)).toMatchObject({ cut: 2, kept: 4_998 });
});

test('instructions, tools and options have digests of their own; a fork’s id changes none', () => {
  const of = (one: Prompt, other: Partial<typeof settings> = {}) =>
    new RequestFingerprints('cyrb53').next(one, responses({ ...settings, ...other }));
  const base = of(prompt([say('a')]));
  expect(of(prompt([say('a')]), { threadId: 'another' })).toEqual(base);
  expect(of(prompt([say('a')], { instructions: 'else' }))).toEqual({
    ...base,
    instructions: digestOf('cyrb53', 'else'),
  });
  expect(of(prompt([say('a')], { tools: tools[0] ?? [] }))).toEqual({
    ...base,
    tools: expect.not.stringMatching(base.tools),
  });
  const azure = providerAt('http://127.0.0.1/v1', { name: 'azure' });
  for (const other of [{ model: modelInfo('gpt-5-mini') }, { provider: azure }, { verbosity: 'low' } as const]) {
    expect(of(prompt([say('a')]), other)).toEqual({ ...base, options: expect.not.stringMatching(base.options) });
  }
});

test('what fingerprints tell one after the other is each request’s whole input, also when a model gets it in another form', () => {
  const change = fc.constantFrom('say', 'run', 'parallel', 'think', 'drop', 'compact', 'model', 'images');
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const prints = new RequestFingerprints('cyrb53');
      const history = new ConversationHistory();
      history.record([say('first')]);
      let model = 0;
      let withImages = true;
      let list: string[] = [];
      for (const [at, kind] of changes.entries()) {
        const [a, outA] = ran(`a${at}`);
        const [b, outB] = ran(`b${at}`);
        if (kind === 'say') history.record([say(`s${at}`)]);
        if (kind === 'think')
          history.record([{ type: 'reasoning', summary: [{ type: 'summary_text', text: `${at}` }] }]);
        if (kind === 'run') history.record(ran(`a${at}`));
        if (kind === 'parallel' && a && outA && b && outB) history.record([a, b, outB, outA]);
        if (kind === 'drop' && history.items.length > 1) history.removeFirst();
        if (kind === 'compact') history.replace([say(`c${at}`)]);
        if (kind === 'model') model = 1 - model;
        if (kind === 'images') withImages = !withImages;
        const now = prompt(history.forPrompt(), { tools: tools[model] ?? [] });
        const how = responses({ ...settings, model: { ...settings.model, supportsImages: withImages } });
        const { cut, kept, items } = prints.next(now, how);
        list = [...list.slice(cut, cut + kept), ...items];
        expect(list).toEqual(how.itemsJson(now, 0).map((json) => digestOf('cyrb53', json ?? '')));
      }
    }),
    { numRuns: 500 },
  );
});
