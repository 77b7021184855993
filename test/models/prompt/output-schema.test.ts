import { describe, expect, test } from 'vitest';
import { outputSchemaProblem } from '../../../src/models/prompt/index.ts';

const object = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

describe('output schemas', () => {
  test('a strict schema is fine, at every depth', () => {
    const inner = object({ a: { type: ['string', 'null'] } });

    expect(
      outputSchemaProblem(object({ list: { type: 'array', items: inner }, either: { anyOf: [inner] } })),
    ).toBeNull();
  });

  test.each([
    ['no object', [], /must be an object/],
    ['an array at the top', { type: 'array', items: {} }, /must be an object/],
    ['an open object', { type: 'object', properties: {} }, /"additionalProperties": false: the output schema\./],
    ['an optional property', object({ a: {}, b: {} }, ['a']), /"b" is missing: the output schema\./],
    [
      'an optional property below',
      object({ list: { type: 'array', items: object({ x: {} }, []) } }),
      /"x".*list > items/,
    ],
    ['an open object in a choice', object({ c: { anyOf: [{ type: 'object' }] } }), /c > anyOf\[0\]/],
    ['an open object in a definition', { ...object({}), $defs: { d: { type: 'object' } } }, /> d/],
  ])('%s is reported with its place', (_, schema, message) => {
    expect(outputSchemaProblem(schema)).toMatch(message);
  });

  test('a schema with a cycle ends', () => {
    const schema: Record<string, unknown> = object({});
    schema['properties'] = { self: schema };
    schema['required'] = ['self'];

    expect(outputSchemaProblem(schema)).toMatch(/nested too deep/);
  });
});
