import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { EXPECTED_VALUE } from '../../../../src/foundation/util/index.ts';

/** What the first fault of a value is said to need to be. */
const expected = (schema: z.ZodMiniType, value: unknown): string =>
  schema.safeParse(value, EXPECTED_VALUE).error?.issues[0]?.message ?? 'nothing wrong';

describe('what a value should be, behind "should be"', () => {
  it.each<[string, z.ZodMiniType, unknown, string]>([
    ['a text', z.string(), 1, 'a string'],
    ['a list', z.array(z.string()), 'a', 'an array'],
    ['a table', z.object({}), 'a', 'an object'],
    ['a number', z.number(), 'a', 'a number'],
    ['a number that is whole', z.int(), 'a', 'a number'],
    ['a fraction where it has to be whole', z.int(), 1.5, 'a whole number'],
    ['a switch', z.boolean(), 'yes', 'a boolean'],
    ['one of some words', z.enum(['low', 'high']), 'medium', 'one of low, high'],
    ['one word', z.literal('keel'), 'codex', 'one of keel'],
    ['one word or number', z.literal(['a', 3, null]), 'b', 'one of a, 3, null'],
    ['too small', z.number().check(z.gte(1)), 0, 'at least 1'],
    ['too large', z.number().check(z.lte(9)), 10, 'at most 9'],
    ['too short', z.string().check(z.minLength(1)), '', 'at least 1'],
    ['one of two kinds', z.union([z.string(), z.number()]), true, 'a string or a number'],
    ['the same kind twice', z.union([z.string(), z.string()]), 1, 'a string'],
    ['a list of other things', z.union([z.string(), z.array(z.string())]), [1], 'a string or a list of other values'],
    ['in another form', z.string().check(z.regex(/^a/)), 'b', 'another value'],
  ])('%s', (_, schema, value, words) => {
    expect(expected(schema, value)).toBe(words);
  });

  it('is in the words of the schema where that has its own', () => {
    expect(expected(z.string({ error: 'the name of a host' }), 1)).toBe('the name of a host');
  });
});
