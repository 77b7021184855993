import type { Json } from '../script.ts';

/** Collects what a server would refuse, each with its place in the request. */
export class Findings {
  readonly list: string[] = [];

  /** @returns whether it holds */
  check(holds: boolean, place: string, what: string): boolean {
    if (!holds) this.list.push(`${place}: ${what}`);
    return holds;
  }

  /** That an object has no fields but these. */
  fields(object: Json, place: string, known: readonly string[]): void {
    for (const name of Object.keys(object)) this.check(known.includes(name), place, `unknown field "${name}"`);
  }

  /** That a value is a text with something in it. */
  text(value: unknown, place: string): void {
    this.check(typeof value === 'string' && value !== '', place, 'must be a text that is not empty');
  }
}

/** The objects of a list; anything else is an empty list. */
export function objectsOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
/** The longest id of a call that every API takes. */
export const MAX_CALL_ID = 40;
/** Names of properties that every provider takes (Anthropic's rule). */
const PROPERTY_NAME = /^[a-zA-Z0-9_.-]{1,64}$/;

/** That a text is a JSON object, as servers parse the arguments of every call of a request. */
export function isJsonObject(text: unknown): boolean {
  try {
    return typeof text === 'string' && isJson(JSON.parse(text));
  } catch {
    return false;
  }
}

/** A function's parameters, by the strictest provider. */
export function checkParameters(schema: unknown, place: string, found: Findings): void {
  if (!found.check(isJson(schema) && schema['type'] === 'object', place, 'must be a schema of an object')) return;
  for (const key of ['anyOf', 'oneOf', 'allOf', 'enum', 'not']) {
    found.check(!(isJson(schema) && key in schema), place, `"${key}" at the top`);
  }
  checkNode(schema, place, found);
}

function checkNode(node: unknown, place: string, found: Findings): void {
  if (!isJson(node)) return;
  found.check(!('$ref' in node), place, 'a reference');
  const choices = node['enum'];
  if (Array.isArray(choices)) {
    found.check(
      choices.every((choice) => typeof choice === 'string'),
      place,
      'an enum of anything but texts',
    );
  }
  if (node['type'] === 'array') found.check(isJson(node['items']), place, 'an array without items');
  const properties = isJson(node['properties']) ? node['properties'] : {};
  for (const [name, child] of Object.entries(properties)) {
    found.check(PROPERTY_NAME.test(name), `${place}.${name}`, 'a name that not every provider takes');
    checkNode(child, `${place}.${name}`, found);
  }
  checkNode(node['items'], `${place}[]`, found);
  for (const choice of objectsOf(node['anyOf'])) checkNode(choice, `${place}|`, found);
}

/** That no text of a request holds half a surrogate pair, which UTF-8 can't carry. */
export function checkCharacters(value: unknown, place: string, found: Findings): void {
  if (typeof value === 'string') found.check(value.isWellFormed(), place, 'half a character');
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Object.entries(value)) checkCharacters(one, `${place}.${name}`, found);
}
