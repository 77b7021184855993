import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { parseArguments } from '../../../src/tools/contract/arguments.ts';

const Schema = z.object({
  path: z.string(),
  limit: z.optional(z.int().check(z.nonnegative())),
  all: z.optional(z.boolean()),
  command: z.optional(z.union([z.string(), z.array(z.string())])),
});
const aliases = { path: ['file_path', 'filename'] };

function parse(value: unknown): ReturnType<typeof parseArguments<typeof Schema>> {
  return parseArguments(typeof value === 'string' ? value : JSON.stringify(value), Schema, { aliases });
}

function failure(value: unknown): string {
  const result = parse(value);
  if (result.type === 'parsed') throw new Error('parsed');
  return result.message;
}

it('arguments that are nested too deep are an error of the call', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const parsed = parseArguments(`{"path":${deep}}`, z.object({ path: z.string() }));
  expect(parsed).toEqual({
    type: 'failed',
    message: 'failed to parse function arguments: nested more than 500 levels deep',
  });
});

describe('parseArguments', () => {
  it('accepts decimal strings, boolean words, nulls for optional fields and unknown fields', () => {
    expect(parse({ path: 'a', limit: '12', all: 'false', command: null, more: 1 })).toEqual({
      type: 'parsed',
      value: { path: 'a', limit: 12, all: false },
    });
  });

  it.each([
    ['a list as a JSON text', { ids: '["a","b"]' }, { ids: ['a', 'b'] }],
    ['an object as a JSON text', { ids: [], place: '{"line":"3"}' }, { ids: [], place: { line: 3 } }],
    ['a number for a text', { ids: [], name: 7 }, { ids: [], name: '7' }],
    ['a whole number with a fraction of zero', { ids: [], place: { line: 2.0 } }, { ids: [], place: { line: 2 } }],
    ['arguments that were made a text', JSON.stringify({ ids: ['a'] }), { ids: ['a'] }],
  ])('accepts %s', (_, args, value) => {
    const Lists = z.object({
      ids: z.array(z.string()),
      name: z.optional(z.string()),
      place: z.optional(z.object({ line: z.int() })),
    });
    expect(parseArguments(JSON.stringify(args), Lists)).toEqual({ type: 'parsed', value });
  });

  it('takes no other text for a list', () => {
    const Lists = z.object({ ids: z.array(z.string()) });
    const failures = ['a', '[a', '{"a":1}'].map((ids) => parseArguments(JSON.stringify({ ids }), Lists));
    expect(failures).toEqual(
      failures.map(() => ({ type: 'failed', message: expect.stringContaining('to be an array') })),
    );
  });

  it('accepts an alias, and the same value under two names', () => {
    expect(parse({ file_path: 'a' })).toEqual({ type: 'parsed', value: { path: 'a' } });
    expect(parse({ filename: 'a', path: 'a' })).toEqual({ type: 'parsed', value: { path: 'a' } });
  });

  it('refuses two names with different values', () => {
    expect(failure({ file_path: 'a', path: 'b' })).toBe(
      'failed to parse function arguments: `path` and `file_path` mean the same and differ; give one of them',
    );
  });

  it('names the first wrong field, what was expected, what came and what is required', () => {
    expect(failure({ path: 'a', limit: 'many' })).toBe(
      'failed to parse function arguments: invalid value for `limit`\n' +
        'Expected limit to be a number; got "many". Required: path.',
    );
    expect(failure({})).toBe(
      'failed to parse function arguments: missing field `path`\nExpected path to be a string; got nothing. Required: path.',
    );
  });

  it('says null was given where a required field is null', () => {
    expect(failure({ path: null })).toContain('Expected path to be a string; got null.');
  });

  it('refuses negative and fractional counts', () => {
    expect(failure({ path: 'a', limit: '-1' })).toContain('Expected limit to be at least 0; got "-1".');
    expect(failure({ path: 'a', limit: 1.5 })).toContain('Expected limit to be a whole number; got 1.5.');
  });

  it('describes a union by its members', () => {
    expect(failure({ path: 'a', command: 7 })).toContain('Expected command to be a string or an array; got 7.');
  });

  it('says the same beside a library that has loaded the English texts of zod', async () => {
    const before = [{}, { path: 'a', limit: 'many' }, { path: 'a', command: 7 }].map(failure);
    await import('zod');
    expect([{}, { path: 'a', limit: 'many' }, { path: 'a', command: 7 }].map(failure)).toEqual(before);
  });

  it('cuts a long value and stays within 500 bytes', () => {
    const message = failure({ path: 'a', limit: 'é'.repeat(4000) });
    expect(Buffer.byteLength(message)).toBeLessThanOrEqual(500);
    expect(message).toContain('... Required'.replace(' ', '. '));
  });

  it('refuses arguments that are no object', () => {
    expect(failure([1])).toBe('failed to parse function arguments: not an object\nRequired: path.');
  });

  it.each([
    ['{"path":"a"', 'the JSON text ends too early: position 11, near "\\"path\\":\\"a\\""'],
    ['{"path":oops}', 'not JSON: position 8, near "{\\"path\\":oops}"'],
    ['{"path":"a",}', 'not JSON: position 12, near "path\\":\\"a\\",}"'],
  ])('says where %s stops being JSON', (text, cause) => {
    expect(failure(text)).toBe(`failed to parse function arguments: ${cause}`);
  });

  it('finds the position of a wrong token in a long text', () => {
    const text = `{"path":"${'x'.repeat(5000)}","limit":nope}`;
    expect(failure(text)).toContain(`position ${text.indexOf('nope') + 1}`);
  });

  it('names the subject it was given', () => {
    const result = parseArguments('{}', Schema, { subject: 'exec_command' });
    expect(result).toMatchObject({ type: 'failed', message: expect.stringMatching(/^failed to parse exec_command/) });
  });
});
