import fc from 'fast-check';
import { expect, test } from 'vitest';
import { requestFaults } from '../../../src/testing/index.ts';
import { functionParameters } from '../../../src/tools/mcp/input-schema.ts';
import { withServerNames } from '../../../src/tools/mcp/property-names.ts';

const asProperty = (schema: unknown): unknown =>
  Object(functionParameters({ type: 'object', properties: { a: schema } })?.['properties'])['a'];

test.each([
  ['true', true, { type: 'string' }],
  ['an enumeration', { enum: ['a'] }, { type: 'string', enum: ['a'] }],
  ['null or an integer', { type: ['null', 'integer'] }, { type: 'number' }],
  ['an integer', { type: 'integer', minimum: 1 }, { type: 'integer', minimum: 1 }],
  ['an array without items', { type: 'array' }, { type: 'array', items: { type: 'string' } }],
  ['an array by its items', { items: { type: 'number' } }, { type: 'array', items: { type: 'number' } }],
  ['an object without properties', { type: 'object' }, { type: 'object', properties: {} }],
  ['an object by what it needs', { required: ['x'] }, { type: 'object', properties: {} }],
  ['a number by its bounds', { exclusiveMinimum: 0 }, { type: 'number', exclusiveMinimum: 0 }],
  ['a string by its form', { format: 'date', description: 'When.' }, { type: 'string', description: 'When.' }],
  ['a type nobody knows', { type: 'file' }, { type: 'string' }],
  [
    'one form and null',
    { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'd' },
    { type: 'string', description: 'd' },
  ],
  [
    'two forms',
    { oneOf: [{ type: 'string' }, { type: 'number', title: 'x' }] },
    { anyOf: [{ type: 'string' }, { type: 'number' }] },
  ],
  [
    'all of several',
    { allOf: [{ properties: { b: true } }, { properties: { a: { type: 'boolean' } }, required: ['a'] }] },
    { type: 'object', required: ['a'], properties: { a: { type: 'boolean' }, b: { type: 'string' } } },
  ],
  [
    'a map',
    { type: 'object', additionalProperties: { type: 'integer' } },
    { type: 'object', properties: {}, additionalProperties: { type: 'integer' } },
  ],
])('T34, model 35: %s', (_what, schema, expected) => {
  expect(asProperty(schema)).toEqual(expected);
});

test('model 35: what is at the top is an object, or the tool is left out', () => {
  const none = { type: 'object', properties: {} };
  for (const schema of [undefined, null, true, {}, { type: 'object' }])
    expect(functionParameters(schema)).toEqual(none);
  for (const schema of [false, 'x', [], { type: 'string' }, { enum: ['a'] }, { items: {} }]) {
    expect(functionParameters(schema)).toBeNull();
  }
});

test('references are written out, those to themselves end, those that lead nowhere leave the tool out', () => {
  const schema = {
    properties: { a: { $ref: '#/$defs/n~1o', description: 'here' } },
    $defs: { 'n/o': { type: 'number' } },
  };
  expect(functionParameters(schema)?.['properties']).toEqual({ a: { type: 'number', description: 'here' } });
  const list = { type: 'object', properties: { next: { $ref: '#' } } };
  expect(JSON.stringify(functionParameters(list)).length).toBeLessThan(2_000);
  const wide = { type: 'object', properties: Object.fromEntries([...'abcdef'].map((key) => [key, { $ref: '#' }])) };
  expect(functionParameters(wide)).toBeNull();
  const loop = {
    properties: { a: { $ref: '#/$defs/a' } },
    $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } },
  };
  expect(functionParameters(loop)).toBeNull();
  expect(functionParameters({ properties: { a: { $ref: 'https://example.invalid/x.json' } } })).toBeNull();
});

test('long descriptions are cut, and the order in which a server sends things means nothing', () => {
  const text = 'é'.repeat(300);
  const described = Object(asProperty({ type: 'string', description: text }));
  expect(Buffer.byteLength(described.description)).toBeLessThanOrEqual(200);
  expect(described.description).toMatch(/é…$/);
  const one = functionParameters({ type: 'object', properties: { b: true, a: true }, required: ['b', 'a'] });
  const other = functionParameters({ required: ['a', 'b'], properties: { a: true, b: true }, type: 'object' });
  expect(JSON.stringify(one)).toBe(JSON.stringify(other));
});

const keys = ['type', 'properties', 'items', 'anyOf', 'allOf', '$ref', 'enum', 'required', 'additionalProperties', 'a'];
const schemas = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('object', 'array', 'string', 'null', '#', '#/properties/a', true, false, null, 3),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 5 }),
  ),
}));

test('whatever a server sends, what comes out is the schema of a function, or nothing', () => {
  fc.assert(
    fc.property(schemas.any, (schema) => {
      const parameters = functionParameters(schema);
      if (parameters !== null) expectValid({ ...parameters });
    }),
    { numRuns: 2_000 },
  );
});

function expectValid(node: unknown): void {
  const { type, anyOf, properties, items, additionalProperties, required } = Object(node);
  if (anyOf !== undefined) {
    for (const form of anyOf) expectValid(form);
    return;
  }
  expect(['object', 'array', 'string', 'number', 'integer', 'boolean']).toContain(type);
  if (type === 'array') expectValid(items);
  if (type !== 'object') return;
  expect(typeof properties).toBe('object');
  for (const name of required ?? []) expect(Object.keys(properties)).toContain(name);
  for (const inner of Object.values(properties)) expectValid(inner);
  if (typeof additionalProperties === 'object') expectValid(additionalProperties);
}

test('nothing of a schema is half a character, which no request can carry', () => {
  const half = '\ud83d';
  const properties = {
    [half]: { type: 'string' },
    a: { type: 'string', description: `a ${half}`, pattern: half, enum: [half], const: half },
    whole: { enum: ['\ud83d\ude00'] },
  };
  const text = JSON.stringify(functionParameters({ type: 'object', properties }));
  expect(text).not.toMatch(/\\ud/i);
  expect(text).toContain('\ud83d\ude00');
});

test('names of properties that a provider refuses are offered in another form, and the server gets its own', () => {
  const schema = {
    type: 'object',
    properties: {
      $filter: { type: 'string' },
      'user id': { type: 'object', properties: { '@type': { type: 'string' }, plain: { type: 'string' } } },
      'user-id': { type: 'array', items: { type: 'object', properties: { 'a/b': { type: 'number' } } } },
      ['x'.repeat(90)]: { type: 'string' },
      '1st': { type: 'string' },
    },
    required: ['$filter'],
  };
  const parameters = functionParameters(schema);
  expect(requestFaults('chat', chatBody(parameters))).toEqual([]);
  const [filter = ''] = Object(parameters)['required'];
  expect(filter).toMatch(/^_filter_/);
  const [id = '', list = ''] = Object.keys(Object(parameters)['properties']).filter((name) => name.startsWith('user'));
  const inner = Object.keys(Object(parameters)['properties'][id === 'user-id' ? list : id].properties);
  const type = inner.find((name) => name !== 'plain') ?? '';
  const args = { [filter]: 'a', [id === 'user-id' ? list : id]: { [type]: 't', plain: 'p' }, other: 1 };
  expect(withServerNames(args, schema)).toEqual({ $filter: 'a', 'user id': { '@type': 't', plain: 'p' }, other: 1 });
  const usual = { a: 1 };
  expect(withServerNames(usual, { type: 'object', properties: { a: {} } })).toBe(usual);
});

test('a choice of objects at the top becomes one object that needs what all of them need', () => {
  const forms = [
    { type: 'object', properties: { id: { type: 'string' }, a: { type: 'string' } }, required: ['id', 'a'] },
    { $ref: '#/$defs/b' },
  ];
  const $defs = {
    b: { type: 'object', properties: { id: { type: 'string' }, b: { type: 'string' } }, required: ['id'] },
  };
  const either = {
    type: 'object',
    required: ['id'],
    properties: { a: { type: 'string' }, b: { type: 'string' }, id: { type: 'string' } },
  };
  expect(functionParameters({ anyOf: forms, $defs })).toEqual(either);
  expect(functionParameters({ type: 'object', oneOf: forms, $defs })).toEqual(either);
  expect(
    functionParameters({
      type: 'object',
      properties: { a: true, b: true },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    }),
  ).toEqual({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } });
});

test.each([
  [
    { type: 'integer', enum: [1, 2], description: 'Level.' },
    { type: 'integer', description: 'Level. One of: 1, 2.' },
  ],
  [
    { type: ['string', 'null'], enum: ['a', null] },
    { type: 'string', enum: ['a'] },
  ],
  [{ const: 'a' }, { type: 'string', enum: ['a'] }],
  [{ enum: [1, 2, null] }, { type: 'number', description: 'One of: 1, 2.' }],
  [{ const: 5 }, { type: 'number', description: 'One of: 5.' }],
  [{ enum: ['a', 1] }, { type: 'string', description: 'One of: "a", 1.' }],
  [
    { type: 'boolean', const: true },
    { type: 'boolean', description: 'One of: true.' },
  ],
])('an enumeration has strings only; another one is described in words: %j', (schema, expected) => {
  expect(asProperty(schema)).toEqual(expected);
});

function chatBody(parameters: unknown) {
  const tools = [{ type: 'function', function: { name: 't', description: '', parameters } }];
  return { model: 'm', stream: true, messages: [{ role: 'user', content: 'x' }], tools };
}
