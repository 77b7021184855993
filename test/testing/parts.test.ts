import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, httpError, message, rateLimitHeaders, respond, usage } from '../../src/testing/index.ts';
import { rawFields } from '../../src/testing/raw-json.ts';
import { checkChat } from '../../src/testing/strict/chat.ts';
import {
  checkCharacters,
  checkParameters,
  Findings,
  isJsonObject,
  objectsOf,
} from '../../src/testing/strict/findings.ts';
import { checkMessages } from '../../src/testing/strict/messages.ts';

describe('the raw text of the fields of a request', () => {
  it.each<[string, [string, string][]]>([
    ['{}', []],
    ['{"a":1}', [['a', '1']]],
    [
      '{ "a" : 1 , "b" : [ 1, {"c":2} ] }',
      [
        ['a', '1'],
        ['b', '[ 1, {"c":2} ]'],
      ],
    ],
    [
      '{"a":"x,}]\\"{","b":null}',
      [
        ['a', '"x,}]\\"{"'],
        ['b', 'null'],
      ],
    ],
    ['{"a\\"b":{}}', [['a"b', '{}']]],
    ['{"\\u0061":1}', [['a', '1']]],
    ['{"a":"\\\\"}', [['a', '"\\\\"']]],
  ])('%s', (json, fields) => expect([...rawFields(json)]).toEqual(fields));

  it('is that of every object, byte for byte', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(undefined, 1), (object, indent) => {
        const fields = rawFields(JSON.stringify(object, null, indent));
        expect([...fields.keys()]).toEqual(Object.keys(object));
        for (const [name, text] of fields) expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(object))[name]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what a strict server finds', () => {
  const found = (check: (findings: Findings) => void) => {
    const findings = new Findings();
    check(findings);
    return findings.list;
  };

  it('is each fault with its place', () => {
    expect(found((f) => f.fields({ a: 1, b: 2 }, 'body', ['a']))).toEqual(['body: unknown field "b"']);
    expect(found((f) => f.text('', 'model'))).toEqual(['model: must be a text that is not empty']);
    expect(found((f) => checkCharacters({ a: [{ b: 'x\ud83d' }] }, 'body', f))).toEqual([
      'body.a.0.b: half a character',
    ]);
  });

  it.each<[string, unknown, RegExp | null]>([
    ['an object', { type: 'object', properties: { a: { type: 'string' } } }, null],
    ['no schema', undefined, /must be a schema of an object/],
    ['a list', { type: 'array', items: {} }, /must be a schema of an object/],
    ['a choice at the top', { type: 'object', anyOf: [] }, /"anyOf" at the top/],
    ['a reference', { type: 'object', properties: { a: { $ref: '#/x' } } }, /p\.a: a reference/],
    ['a list without items', { type: 'object', properties: { a: { type: 'array' } } }, /an array without items/],
    ['an enum of numbers', { type: 'object', properties: { a: { enum: [1] } } }, /an enum of anything but texts/],
    [
      'a name that not all take',
      { type: 'object', properties: { 'a b': {} } },
      /p\.a b: a name that not every provider takes/,
    ],
    [
      'a fault deep down',
      { type: 'object', properties: { a: { type: 'array', items: { properties: { $x: {} } } } } },
      /p\.a\[\]\.\$x/,
    ],
  ])('in parameters: %s', (_, schema, fault) => {
    const list = found((f) => checkParameters(schema, 'p', f));
    if (fault === null) expect(list).toEqual([]);
    else expect(list.join('\n')).toMatch(fault);
  });

  it.each([
    ['{}', true],
    ['{"a":1}', true],
    ['[]', false],
    ['null', false],
    ['', false],
    ['{', false],
    [undefined, false],
  ])('arguments that are an object: %j: %s', (text, is) => expect(isJsonObject(text)).toBe(is));

  it('looks at the objects of a list only', () => {
    expect(objectsOf([{ a: 1 }, null, 'x', [1]])).toEqual([{ a: 1 }]);
    expect(objectsOf('x')).toEqual([]);
  });

  it.each(['constructor', '__proto__', 'toString', ''])(
    'is a fault, and no failure, for a role that there is not: %j',
    (role) => {
      const body = { model: 'm', max_tokens: 1, messages: [{ role, content: [{ type: 'text', text: 'a' }] }] };
      expect(found((f) => checkMessages(body, f)).length).toBeGreaterThan(0);
      expect(found((f) => checkChat(body, {}, f)).length).toBeGreaterThan(0);
    },
  );
});

describe('a scripted response', () => {
  it('is refused with a part that could never be sent', () => {
    expect(() => respond(cut(), message('late'))).toThrow('follows the end of the response');
    expect(respond(message('a'), cut(), usage({ input: 1 }))).toHaveLength(3);
  });

  it('can be an error, with its body as text or as JSON', () => {
    expect(httpError(500, { a: 1 })).toEqual([{ type: 'status', status: 500, body: '{"a":1}', headers: {} }]);
    expect(httpError(418, 'tea', { x: 'y' })).toEqual([
      { type: 'status', status: 418, body: 'tea', headers: { x: 'y' } },
    ]);
  });

  it('has headers of limits for what is given alone', () => {
    expect(rateLimitHeaders({})).toEqual({});
    expect(
      rateLimitHeaders({ primary: { percent: 5 }, secondary: { percent: 7, windowMinutes: 60, resetAt: 9 } }),
    ).toEqual({
      'x-codex-primary-used-percent': '5',
      'x-codex-secondary-used-percent': '7',
      'x-codex-secondary-window-minutes': '60',
      'x-codex-secondary-reset-at': '9',
    });
  });
});
