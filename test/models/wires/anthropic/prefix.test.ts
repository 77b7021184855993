import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { expectTaken } from '../../../support/messages-rules.ts';
import { userMessage } from '../../support.ts';
import { answer, bodiesFor, decoded, itemsOf, type SentMessage, text, thinking, toolUse } from './support.ts';

const tools = [
  { type: 'function' as const, name: 'a', description: 'A', strict: false, parameters: { type: 'object' } },
  { type: 'function' as const, name: 'b', description: 'B', strict: false, parameters: { type: 'object' } },
];
const MARK = { type: 'ephemeral' };

function marked(messages: readonly SentMessage[]): string[] {
  return messages.flatMap(({ content }, at) =>
    content.flatMap((block, place) => (block.cache_control ? [`${at}.${place}`] : [])),
  );
}

/** What one response leaves in the history. */
async function response(...blocks: Parameters<typeof answer>[0]): Promise<ResponseItem[]> {
  const items = itemsOf(await decoded(answer(blocks)));
  return items.flatMap((item): ResponseItem[] =>
    item.type === 'function_call'
      ? [item, { type: 'function_call_output', call_id: item.call_id, output: 'ok é' }]
      : [item],
  );
}

describe('what the cache sees', () => {
  test('the last tool, the instructions and the two newest user messages are marked', async () => {
    const first = [userMessage('one')];
    const second = [...first, ...(await response(toolUse('t1', 'a'), toolUse('t2', 'b')))];
    const third = [...second, ...(await response(text('said'), toolUse('t3', 'a')))];
    const { bodies } = await bodiesFor([first, second, third], { tools });
    const bodyOf = (at: number) => JSON.parse(bodies[at] ?? '');

    for (const at of [0, 1, 2]) {
      expect(bodyOf(at).system).toEqual([{ type: 'text', text: 'You are keel.', cache_control: MARK }]);
      expect(bodyOf(at).tools.map((tool: object) => 'cache_control' in tool)).toEqual([false, true]);
    }
    expect([0, 1, 2].map((at) => marked(bodyOf(at).messages))).toEqual([['0.0'], ['0.0', '2.1'], ['2.1', '4.0']]);
  });

  test('a request that forbids calls leaves the conversation unmarked: the cache would not serve it', async () => {
    const { bodies } = await bodiesFor([[userMessage('one')]], { tools, toolChoice: 'none' });

    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ tool_choice: { type: 'none' } });
    expect(marked(JSON.parse(bodies[0] ?? '').messages)).toEqual([]);
  });

  test('each request extends the one before byte for byte, and a new client writes the same', async () => {
    const kinds = fc.array(fc.constantFrom('said', 'calls', 'cut', 'torn', 'more'), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(kinds, async (courses) => {
        const inputs: ResponseItem[][] = [[userMessage('begin')]];
        for (const [at, kind] of courses.entries()) {
          const before = inputs.at(-1) ?? [];
          if (kind === 'torn') inputs.push([...before, ...(await response(text('half an ans')))]);
          inputs.push([...(inputs.at(-1) ?? []), ...(await added(kind, at))]);
        }
        const { unmarked } = await bodiesFor(inputs, { tools });
        for (const [at, body] of unmarked.entries()) {
          // The brackets that close what is open at the end are no part of what continues.
          expectTaken(JSON.parse(body));
          const before = unmarked[at - 1]?.replace(/\]\}\]\}$/, '');
          if (before !== undefined) expect(body.startsWith(before)).toBe(true);
          expect((await bodiesFor([structuredClone(inputs[at] ?? [])], { tools })).unmarked[0]).toBe(body);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('items that changed are written again', async () => {
    const first = [userMessage('one'), ...(await response(toolUse('t1', 'a'))), userMessage('two')];
    const { unmarked } = await bodiesFor([first, [userMessage('handover'), userMessage('two')]], { tools });

    expect(JSON.parse(unmarked[1] ?? '').messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'handover' },
          { type: 'text', text: 'two' },
        ],
      },
    ]);
  });
});

async function added(kind: string, at: number): Promise<ResponseItem[]> {
  switch (kind) {
    case 'said':
      return [...(await response(thinking('hm', 's'), text(`said ${at}`))), userMessage(`next ${at}`)];
    case 'calls':
    case 'torn':
      return response(thinking('hm', 's'), toolUse(`t${at}a`, 'a', '{"é":1}'), toolUse(`t${at}b`, 'b'));
    case 'cut':
      return response(thinking('cut', 's'));
    default:
      return [userMessage(`more ${at}`)];
  }
}
