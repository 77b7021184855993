import { asObject, type JsonObject, objectField } from '../json/index.ts';

/** Deeper nesting than any schema has; ends the walk of one that a program made with cycles. */
const MAX_DEPTH = 64;
const NESTED_MAPS = ['properties', '$defs', 'definitions'] as const;
const NESTED_LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const;

/**
 * What a provider would refuse in an output schema, which is always sent as strict: every object has to list all its
 * properties as required and to forbid others. Null for a schema that is fine; else a sentence that names the place.
 */
export function outputSchemaProblem(schema: unknown): string | null {
  const root = asObject(schema);
  if (root === null || root['type'] !== 'object') return 'The output schema must be an object with "type": "object".';
  return problemAt(root, 'the output schema', 0);
}

function problemAt(node: JsonObject, place: string, depth: number): string | null {
  if (depth > MAX_DEPTH) return `The output schema is nested too deep at ${place}.`;
  return ownProblem(node, place) ?? nestedProblem(node, place, depth + 1);
}

function ownProblem(node: JsonObject, place: string): string | null {
  const properties = objectField(node, 'properties');
  if (node['type'] !== 'object' && properties === null) return null;
  if (node['additionalProperties'] !== false) return `An object must have "additionalProperties": false: ${place}.`;
  const required = Array.isArray(node['required']) ? node['required'] : [];
  const missing = Object.keys(properties ?? {}).find((name) => !required.includes(name));
  return missing === undefined ? null : `"required" must list every property, "${missing}" is missing: ${place}.`;
}

function nestedProblem(node: JsonObject, place: string, depth: number): string | null {
  for (const [child, name] of children(node)) {
    const problem = problemAt(child, `${place} > ${name}`, depth);
    if (problem !== null) return problem;
  }
  return null;
}

function* children(node: JsonObject): Generator<readonly [child: JsonObject, name: string]> {
  const items = objectField(node, 'items');
  if (items !== null) yield [items, 'items'];
  for (const key of NESTED_MAPS) {
    for (const [name, value] of Object.entries(objectField(node, key) ?? {})) {
      const child = asObject(value);
      if (child !== null) yield [child, name];
    }
  }
  for (const key of NESTED_LISTS) {
    const list = node[key];
    if (!Array.isArray(list)) continue;
    for (const [index, value] of list.entries()) {
      const child = asObject(value);
      if (child !== null) yield [child, `${key}[${index}]`];
    }
  }
}
