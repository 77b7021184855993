import { describe, expect, test } from 'vitest';
import { answerFault } from '../../../src/models/prompt/index.ts';

const schema = {
  type: 'object',
  properties: { verdict: { type: 'string', enum: ['yes', 'no'] }, count: { type: 'integer' } },
  required: ['verdict'],
  additionalProperties: false,
};

describe('a final message that has to fit a schema', () => {
  test.each([['{"verdict":"yes"}'], ['{"verdict":"no","count":3}'], ['  {"verdict":"yes"}\n']])(
    'fits: %j',
    async (message) => {
      expect(await answerFault(schema, message)).toBeNull();
    },
  );

  test.each([
    [null, 'the message is empty'],
    ['', 'the message is empty'],
    [' \n', 'the message is empty'],
  ])('is missed: %j', async (message, fault) => {
    expect(await answerFault(schema, message)).toBe(fault);
  });

  test.each([['yes'], ['{"verdict":'], ['```json\n{"verdict":"yes"}\n```'], ['{"verdict":"yes"} done']])(
    'is no JSON: %j',
    async (message) => {
      expect(await answerFault(schema, message)).toMatch(/^it is no JSON: /);
    },
  );

  test.each([
    ['{}', 'verdict'],
    ['{"verdict":"maybe"}', 'verdict'],
    ['{"verdict":"yes","count":1.5}', 'count'],
    ['{"verdict":"yes","more":1}', 'more'],
    ['[]', ''],
    ['null', ''],
  ])('has another form, and the place is named: %j', async (message, place) => {
    const fault = await answerFault(schema, message);
    expect(fault).not.toBeNull();
    expect(fault).toContain(place);
  });

  test('that is nested too deep is a fault of the message, not an error', async () => {
    expect(await answerFault(schema, '['.repeat(200_000))).toMatch(/^it is no JSON: /);
  });

  test('has a description of bounded length', async () => {
    const wide = { type: 'object', required: Array.from({ length: 500 }, (_, at) => `field_${at}`) };
    const many = { ...wide, properties: Object.fromEntries(wide.required.map((name) => [name, { type: 'string' }])) };
    expect((await answerFault(many, '{}'))?.length).toBeLessThanOrEqual(1_000);
  });

  test.each([[null], [7], ['text'], [{ type: 'no such type' }], [{ $ref: '#/nowhere' }]])(
    'is not judged by what is no schema: %j',
    async (none) => {
      expect(await answerFault(none, '{"a":1}')).toBeNull();
    },
  );
});
