import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { type CustomCall, type CustomTool, tool } from '../../../src/surfaces/sdk/index.ts';

const call: CustomCall = { cwd: '/w', signal: new AbortController().signal };

/** What a tool answers to arguments of a model. */
async function answerOf(made: CustomTool, args: Readonly<Record<string, unknown>>) {
  const prepared = await made.prepare(args);
  return prepared.type === 'ready' ? await prepared.run(call) : prepared;
}

const base = { name: 'weather', description: 'The weather.' };
const returning = (value: unknown) => tool({ ...base, parameters: z.object({}), run: () => value });

describe('a function as a tool', () => {
  test('is offered with its schema; by default it is asked about and changes things', () => {
    const made = tool({ ...base, parameters: z.object({ city: z.string() }), run: () => 'fine' });
    expect(made).toMatchObject({ ...base, approval: 'auto', readOnly: false });
    expect(made.inputSchema).toMatchObject({
      ...{ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    });
  });

  test('gets its arguments as the schema gives them, with defaults', async () => {
    const parameters = z.object({ city: z.string(), days: z._default(z.number(), 3) });
    const made = tool({ ...base, parameters, run: ({ city, days }) => `${city} ${days}` });
    expect(await answerOf(made, { city: 'Oslo' })).toEqual({ text: 'Oslo 3', structured: null });
    expect(await answerOf(made, { city: 'Oslo', days: 1 })).toMatchObject({ text: 'Oslo 1' });
  });

  test('does not run with wrong arguments: the model reads which field is wrong', async () => {
    let runs = 0;
    const parameters = z.object({ city: z.string(), at: z.object({ hour: z.number() }) });
    const made = tool({
      ...base,
      parameters,
      run: () => {
        runs += 1;
        return '';
      },
    });
    const answer = await answerOf(made, { city: 3, at: { hour: 'x' } });
    expect(answer).toMatchObject({
      type: 'failed',
      message: expect.stringMatching(/^wrong arguments: city: .*; at\.hour: /),
    });
    expect(runs).toBe(0);
  });

  test('takes null for a field that may be absent, as models write it, and keeps one that is allowed', async () => {
    const parameters = z.object({ city: z.string(), day: z.optional(z.string()) });
    const made = tool({ ...base, parameters, run: (args) => Object.keys(args).join() });
    expect(await answerOf(made, { city: 'Oslo', day: null })).toMatchObject({ text: 'city' });
    const open = z.object({ day: z.nullable(z.string()) });
    const other = tool({ ...base, parameters: open, run: ({ day }) => `${day}` });
    expect(await answerOf(other, { day: null })).toMatchObject({ text: 'null' });
    expect(await answerOf(made, { city: null })).toMatchObject({ type: 'failed' });
  });
});

describe('what a tool returns', () => {
  test.each<[unknown, { text: string; structured: unknown }]>([
    ['fine', { text: 'fine', structured: null }],
    ['', { text: '', structured: null }],
    [undefined, { text: 'done', structured: null }],
    [null, { text: 'null', structured: null }],
    [3, { text: '3', structured: null }],
    [[1, 2], { text: '[1,2]', structured: null }],
    [{ sky: 'grey' }, { text: '{"sky":"grey"}', structured: { sky: 'grey' } }],
  ])('%j reaches the model as text, an object as data as well', async (value, expected) => {
    expect(await answerOf(returning(value), {})).toEqual(expected);
  });

  test.each<[string, unknown]>([
    ['function', () => 1],
    ['symbol', Symbol('x')],
    ['bigint', 1n],
  ])('that JSON can’t represent is an error: a %s', async (_, value) => {
    await expect(answerOf(returning(value), {})).rejects.toThrow(TypeError);
  });

  test('has to be what the tool declares', async () => {
    const made = (value: unknown) =>
      tool({
        ...base,
        parameters: z.object({}),
        result: z.object({ sky: z.string() }),
        run: () => JSON.parse(JSON.stringify(value)),
      });
    expect(await answerOf(made({ sky: 'grey', more: 1 }), {})).toMatchObject({ structured: { sky: 'grey' } });
    await expect(answerOf(made({ sky: 3 }), {})).rejects.toThrow(/the result is not what the tool declares: sky: /);
  });
});
