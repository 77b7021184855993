import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  asObject,
  jsonText,
  numberField,
  objectField,
  readableJson,
  stringField,
} from '../../../src/models/json/index.ts';

describe('JSON that goes to a server', () => {
  test('has no half characters, and is otherwise what was meant', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue())), (value) => {
        const text = jsonText(value);
        expect(text.isWellFormed()).toBe(true);
        expect(/\\ud[89a-f]/i.test(text) && !/\\\\ud[89a-f]/i.test(text)).toBe(false);
        if (JSON.stringify(value) === text) expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test.each([
    [{ a: '\ud800' }, '{"a":"\ufffd"}'],
    [{ a: 'x\udc00y' }, '{"a":"x\ufffdy"}'],
    [{ a: '\ud83d\ude00' }, '{"a":"😀"}'],
    [{ a: '\\ud800' }, '{"a":"\\\\ud800"}'],
    [{ a: ['\udfff', { b: '\ud800' }] }, '{"a":["\ufffd",{"b":"\ufffd"}]}'],
  ])('%j becomes %j', (value, text) => {
    expect(jsonText(value)).toBe(text);
  });

  test.each([
    ['{ "a": 1 }', '{ "a": 1 }'],
    ['{"a":"\\ud83d\\ude00"}', '{"a":"\\ud83d\\ude00"}'],
    ['{"a":"\\ud83d"}', '{"a":"\ufffd"}'],
    ['{"a":"\\\\ud83d"}', '{"a":"\\\\ud83d"}'],
  ])('a text of a model, %j, goes as %j', (text, sent) => {
    const value = asObject(JSON.parse(text));
    expect(value && readableJson(text, value)).toBe(sent);
  });
});

describe('a field of external JSON', () => {
  test.each([[null], [undefined], [7], ['x'], [true], [[]], [[{ a: 1 }]]])('%j is no object', (value) => {
    expect(asObject(value)).toBeNull();
  });

  test('is there only where it has the kind that is asked for', () => {
    const object = {
      s: '',
      n: 0,
      o: {},
      inf: Number.POSITIVE_INFINITY,
      nan: Number.NaN,
      text: '5',
      list: [1],
      nil: null,
    };
    const all = (read: (name: string) => unknown) => Object.keys(object).filter((name) => read(name) !== null);
    expect(all((name) => stringField(object, name))).toEqual(['s', 'text']);
    expect(all((name) => numberField(object, name))).toEqual(['n']);
    expect(all((name) => objectField(object, name))).toEqual(['o']);
    expect([stringField(null, 's'), numberField(null, 'n'), objectField(null, 'o')]).toEqual([null, null, null]);
  });
});
