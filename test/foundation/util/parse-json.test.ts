import { describe, expect, it } from 'vitest';
import { JsonTooDeep, parseJson, readJson } from '../../../src/foundation/util/index.ts';
import { MAX_JSON_DEPTH } from '../../../src/foundation/util/parse-json.ts';

const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('text as JSON', () => {
  it.each([lists, objects])('is read down to the limit, and can be written again', (nested) => {
    const text = nested(MAX_JSON_DEPTH);
    expect(JSON.stringify(readJson(text))).toBe(text);
  });

  it.each([MAX_JSON_DEPTH + 1, 5_000, 200_000])('is an error when it is nested %i levels deep', (depth) => {
    for (const text of [lists(depth), objects(depth)]) {
      expect(() => readJson(text)).toThrow(JsonTooDeep);
      expect(parseJson(text)).toBeNull();
    }
  });

  it('may have brackets in its texts', () => {
    const text = '['.repeat(10_000);
    expect(readJson(JSON.stringify({ text }))).toEqual({ text });
  });
});
