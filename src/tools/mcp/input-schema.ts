import { byteLength, cutBytesEnd } from '../../foundation/util/index.ts';
import type { JsonSchema } from '../../models/prompt/index.ts';
import { offeredName } from './property-names.ts';

type Node = Readonly<Record<string, unknown>>;

/** Limit for the description of a parameter, UTF-8 bytes. */
const MAX_DESCRIPTION_BYTES = 200;
/** References are inlined down to this depth; a schema that refers to itself ends there. */
const MAX_DEPTH = 12;
const MAX_NODES = 1_000;
/** Limit for the whole schema as it is sent. */
const MAX_SCHEMA_BYTES = 16 * 1024;

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean'] as const;
type TypeName = (typeof TYPES)[number];
const SCALAR_TYPES = ['number', 'boolean', 'string'] as const;

const NUMBER_KEYS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'] as const;
/** Keywords that are copied unchanged, in this order, where their value is valid. */
const KEPT: readonly (readonly [key: string, is: (value: unknown) => boolean])[] = [
  ['pattern', (value) => typeof value === 'string' && value.isWellFormed()],
  ['minLength', isNumber],
  ['maxLength', isNumber],
  ...NUMBER_KEYS.map((key) => [key, isNumber] as const),
  ['minItems', isNumber],
  ['maxItems', isNumber],
];

/**
 * Converts a server's input schema to function parameters as providers accept them: every part has a type, references are
 * inlined, and keywords without effect are dropped. Keys come in a fixed order, properties sorted by name, so that the same
 * schema is always the same bytes. Null: the schema can't be converted.
 */
export function functionParameters(schema: unknown): JsonSchema | null {
  const reading = new Reading(schema);
  try {
    const given = schema === undefined || schema === null || schema === true ? {} : schema;
    if (!isNode(given)) return null;
    const root = reading.oneObject(given);
    const type = root['type'] === undefined && !isArrayLike(root) && !isScalarLike(root) ? 'object' : typeOf(root);
    if (type !== 'object') return null;
    const parameters = reading.object({ ...root, description: undefined }, 0);
    return byteLength(JSON.stringify(parameters)) <= MAX_SCHEMA_BYTES ? parameters : null;
  } catch (error) {
    if (error instanceof UnusableSchemaError) return null;
    throw error;
  }
}

/** The schema never ends, or has a reference that leads nowhere. */
class UnusableSchemaError extends Error {}

class Reading {
  readonly #root: unknown;
  #nodes = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  node(given: unknown, depth: number): JsonSchema {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) throw new UnusableSchemaError('it is too large');
    if (!isNode(given) || depth > MAX_DEPTH) return { type: 'string' };
    const schema = this.#resolved(given);
    const choices = this.#choices(schema, depth);
    if (choices !== null) return choices;
    const type = typeOf(schema);
    if (type === 'object') return this.object(schema, depth);
    const head = { type, ...choice(schema, type), ...kept(schema) };
    return type === 'array' ? { ...head, items: this.#items(schema, depth) } : head;
  }

  /** The root must not be a choice: a choice of objects becomes one object with the properties of all. */
  oneObject(given: Node): Node {
    const root = this.#resolved(given);
    const choices = [root['anyOf'], root['oneOf']].flatMap((list) => (Array.isArray(list) ? [list] : []));
    const all = Array.isArray(root['allOf']) ? root['allOf'].filter(isNode) : [];
    if (choices.length === 0 && all.length === 0) return root;
    const { anyOf: _, oneOf: __, allOf: ___, ...own } = root;
    const any = choices.map((list) => eitherOf(list.filter(isNode).map((form) => this.#resolved(form))));
    return merged([...all.map((form) => this.#resolved(form)), ...any, own], root);
  }

  object(given: Node, depth: number): JsonSchema {
    const schema = this.#resolved(given);
    const named = isNode(schema['properties']) ? schema['properties'] : {};
    const names = Object.keys(named)
      .filter((name) => name.isWellFormed())
      .sort();
    const required = Array.isArray(schema['required']) ? schema['required'] : [];
    const needed = names.filter((name) => required.includes(name)).map(offeredName);
    const additional = schema['additionalProperties'];
    return {
      type: 'object',
      ...description(schema),
      ...(needed.length === 0 ? {} : { required: needed }),
      properties: Object.fromEntries(names.map((name) => [offeredName(name), this.node(named[name], depth + 1)])),
      ...(typeof additional === 'boolean' ? { additionalProperties: additional } : {}),
      ...(isNode(additional) ? { additionalProperties: this.node(additional, depth + 1) } : {}),
    };
  }

  #items(schema: Node, depth: number): JsonSchema {
    const { items, prefixItems } = schema;
    const first = Array.isArray(items)
      ? items[0]
      : (items ?? (Array.isArray(prefixItems) ? prefixItems[0] : undefined));
    return first === undefined ? { type: 'string' } : this.node(first, depth + 1);
  }

  /** A choice of several forms; where only one is left beside null, that form. */
  #choices(schema: Node, depth: number): JsonSchema | null {
    const given = schema['anyOf'] ?? schema['oneOf'] ?? schema['allOf'];
    if (!Array.isArray(given) || schema['type'] !== undefined || schema['properties'] !== undefined) return null;
    const forms = given.filter((form) => !isNode(form) || form['type'] !== 'null');
    const [first] = forms;
    if (first === undefined) return null;
    if (forms.length === 1 && isNode(first)) return this.node({ ...first, ...description(schema) }, depth + 1);
    if (schema['allOf'] === given) return this.node(merged(forms.filter(isNode), schema), depth + 1);
    return { ...description(schema), anyOf: forms.map((form) => this.node(form, depth + 1)) };
  }

  #resolved(schema: Node): Node {
    let current = schema;
    for (let steps = 0; typeof current['$ref'] === 'string'; steps += 1) {
      const target = this.#target(current['$ref']);
      if (target === null || steps > MAX_DEPTH) throw new UnusableSchemaError('a reference leads nowhere');
      const { $ref: _, ...own } = current;
      current = { ...target, ...own };
    }
    return current;
  }

  /** The target of a reference within the schema; nothing is fetched. */
  #target(reference: string): Node | null {
    if (!reference.startsWith('#')) return null;
    const path = reference.slice(1).split('/').slice(1);
    const found = path.reduce<unknown>((at, step) => {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      return isNode(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }, this.#root);
    return isNode(found) ? found : null;
  }
}

/** An object with the properties of all forms that requires what every form requires. */
function eitherOf(forms: readonly Node[]): Node {
  if (!forms.some((form) => form['properties'] !== undefined || form['type'] === 'object')) return {};
  const { required, ...either } = merged(forms, {});
  const lists = forms.map((form) => (Array.isArray(form['required']) ? form['required'] : []));
  return { ...either, required: lists[0]?.filter((name) => lists.every((list) => list.includes(name))) ?? [] };
}

/**
 * The values that can be chosen from. Google accepts an enumeration of strings only, so any other is part of the description,
 * where the model sees it.
 */
function choice(schema: Node, type: TypeName): { readonly description?: string; readonly enum?: readonly unknown[] } {
  const values = valuesOf(schema);
  if (values.length === 0) return description(schema);
  const texts = values.filter((value) => typeof value === 'string');
  if (type === 'string' && texts.length === values.length) return { ...description(schema), enum: texts };
  const line = `One of: ${values.map((value) => JSON.stringify(value)).join(', ')}.`;
  const said = typeof schema['description'] === 'string' ? `${schema['description']} ` : '';
  return description({ description: `${said}${line}` });
}

function merged(forms: readonly Node[], own: Node): Node {
  const properties = Object.assign({}, ...forms.map((form) => form['properties']));
  const required = forms.flatMap((form) => (Array.isArray(form['required']) ? form['required'] : []));
  return { ...Object.assign({}, ...forms), properties, required, ...description(own) };
}

/** The stated type, else the one that the other keywords imply. */
function typeOf(schema: Node): TypeName {
  const { type } = schema;
  if (Array.isArray(type)) {
    const first = TYPES.find((name) => type.includes(name));
    if (first !== undefined) return first === 'integer' ? 'number' : first;
  }
  const stated = TYPES.find((name) => name === type);
  if (stated !== undefined) return stated;
  if (['properties', 'required', 'additionalProperties'].some((key) => schema[key] !== undefined)) return 'object';
  if (isArrayLike(schema)) return 'array';
  const values = valuesOf(schema);
  if (values.length === 0 && NUMBER_KEYS.some((key) => schema[key] !== undefined)) return 'number';
  return SCALAR_TYPES.find((name) => values.length > 0 && values.every((value) => typeof value === name)) ?? 'string';
}

/** The values that a choice allows, null apart. */
function valuesOf(schema: Node): readonly unknown[] {
  const given = Array.isArray(schema['enum']) ? schema['enum'] : 'const' in schema ? [schema['const']] : [];
  return given.filter((value) => isScalar(value) && value !== null);
}

function isArrayLike(schema: Node): boolean {
  return schema['items'] !== undefined || schema['prefixItems'] !== undefined;
}

function isScalarLike(schema: Node): boolean {
  return ['enum', 'const', 'format', ...NUMBER_KEYS].some((key) => schema[key] !== undefined);
}

function description(schema: Node): { readonly description?: string } {
  const { description: given } = schema;
  if (typeof given !== 'string' || given === '') return {};
  const text = given.toWellFormed();
  const isShort = byteLength(text) <= MAX_DESCRIPTION_BYTES;
  return { description: isShort ? text : `${cutBytesEnd(text, MAX_DESCRIPTION_BYTES - 3)}…` };
}

function kept(schema: Node): Record<string, unknown> {
  const present = KEPT.filter(([key, is]) => schema[key] !== undefined && is(schema[key]));
  return Object.fromEntries(present.map(([key]) => [key, schema[key]]));
}

/** Scalar values without lone surrogates: no request can carry those. */
function isScalar(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return value === null || ['number', 'boolean'].includes(typeof value);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
