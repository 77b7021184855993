import * as z from 'zod/mini';
import { byteLength, cutBytesEnd, EXPECTED_VALUE, readJson } from '../../foundation/util/index.ts';
import { jsonFault } from './json-fault.ts';

/** Upper bound of the text that answers wrong arguments, UTF-8 bytes. */
const MAX_ARGUMENT_ERROR_BYTES = 500;
const MAX_SHOWN_VALUE = 60;
/** A repaired value is checked again: it may be an object with values that need a repair too. */
const MAX_REPAIRS = 2;

export type ParsedArguments<T> =
  | { readonly type: 'parsed'; readonly value: T }
  /** `message` is the whole answer to the model. */
  | { readonly type: 'failed'; readonly message: string };

export interface ArgumentOptions {
  /** Other names a model may use for a field: the field's own name to its aliases, e.g. `{ cwd: ['workdir'] }`. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** What the first line calls the arguments: `failed to parse <subject> arguments: `. Default `function`. */
  readonly subject?: string;
}

type Fields = Record<string, unknown>;

/** Every name that a field may have. */
export function argumentNames(schema: z.ZodMiniObject, aliases: ArgumentOptions['aliases'] = {}): readonly string[] {
  return [...Object.keys(schema.def.shape), ...Object.values(aliases).flat()];
}

/** The fields of a call that its tool does not know; empty if the arguments can't be read. */
export function unknownFields(text: string, names: readonly string[]): string[] {
  const raw = argumentsIn(text);
  if (raw.type === 'failed' || !isFields(raw.value)) return [];
  return Object.keys(raw.value).filter((name) => !names.includes(name));
}

/**
 * Reads the arguments a model wrote. Numbers as decimal strings and the other way round, booleans as "true" and "false",
 * lists and objects as JSON texts, and null for a field left out are accepted; unknown fields are ignored, which the router reports.
 * A schema may name what it expects by giving `error` to a field.
 */
export function parseArguments<S extends z.ZodMiniObject>(
  text: string,
  schema: S,
  options: ArgumentOptions = {},
): ParsedArguments<z.infer<S>> {
  const prefix = `failed to parse ${options.subject ?? 'function'} arguments: `;
  const raw = argumentsIn(text);
  if (raw.type === 'failed') return failed(prefix + raw.message);
  if (!isFields(raw.value)) return failed(`${prefix}not an object\n${requirement(schema)}`);
  const named = resolveAliases(raw.value, options.aliases ?? {});
  if (named.type === 'failed') return failed(prefix + named.message);
  let fields = named.value;
  let result = z.safeParse(schema, fields, EXPECTED_VALUE);
  for (let round = 0; round < MAX_REPAIRS && !result.success; round += 1) {
    fields = repair(fields, result.error.issues);
    result = z.safeParse(schema, fields, EXPECTED_VALUE);
  }
  if (result.success) return { type: 'parsed', value: result.data };
  const issue = result.error.issues[0];
  return failed(prefix + (issue === undefined ? 'not accepted' : describe(issue, named.value, schema)));
}

function failed(message: string): { type: 'failed'; message: string } {
  return { type: 'failed', message: cutBytesEnd(message, MAX_ARGUMENT_ERROR_BYTES) };
}

function argumentsIn(text: string): ParsedArguments<unknown> {
  if (text.trim() === '') return { type: 'parsed', value: {} };
  try {
    const value = readJson(text);
    return { type: 'parsed', value: typeof value === 'string' ? structureIn(value) : value };
  } catch (error) {
    return { type: 'failed', message: jsonFault(text, error) };
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resolveAliases(given: Fields, aliases: Readonly<Record<string, readonly string[]>>): ParsedArguments<Fields> {
  const resolved: Fields = { ...given };
  for (const [name, others] of Object.entries(aliases)) {
    const present = [name, ...others].filter((key) => given[key] !== undefined && given[key] !== null);
    const [chosen, ...rest] = present;
    if (chosen === undefined) continue;
    const different = rest.find((key) => JSON.stringify(given[key]) !== JSON.stringify(given[chosen]));
    if (different !== undefined) {
      return {
        type: 'failed',
        message: `\`${chosen}\` and \`${different}\` mean the same and differ; give one of them`,
      };
    }
    resolved[name] = given[chosen];
  }
  return { type: 'parsed', value: resolved };
}

/** The same arguments with each value replaced that only differs in its JSON type from what is expected. */
function repair(given: Fields, issues: readonly z.core.$ZodIssue[]): Fields {
  const copy: Fields = structuredClone(given);
  for (const issue of issues) {
    const key = issue.path.at(-1);
    const owner = valueAt(copy, issue.path.slice(0, -1));
    if (typeof key !== 'string' || !isFields(owner)) continue;
    const value = owner[key];
    if (value === null) delete owner[key];
    else owner[key] = coerced(value, issue);
  }
  return copy;
}

function coerced(value: unknown, issue: z.core.$ZodIssue): unknown {
  if (issue.code !== 'invalid_type') return value;
  if (issue.expected === 'string' && typeof value === 'number') return String(value);
  if (typeof value !== 'string') return value;
  if (issue.expected === 'array' || issue.expected === 'object') return structureIn(value);
  if ((issue.expected === 'number' || issue.expected === 'int') && /^\s*-?\d+(\.\d+)?\s*$/.test(value)) {
    return Number(value);
  }
  if (issue.expected === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** A list or an object that was written as a JSON text; any other text as it is. */
function structureIn(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return readJson(text);
  } catch {
    // Not JSON: the text itself is reported as the wrong type.
    return text;
  }
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)];
    return isFields(value) && typeof key === 'string' ? value[key] : undefined;
  }, root);
}

function describe(issue: z.core.$ZodIssue, given: Fields, schema: z.ZodMiniObject): string {
  const field = issue.path.map(String).join('.');
  const value = valueAt(given, issue.path);
  const cause = value === undefined ? `missing field \`${field}\`` : `invalid value for \`${field}\``;
  return `${cause}\nExpected ${field} to be ${issue.message}; got ${shown(value)}. ${requirement(schema)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return byteLength(text) <= MAX_SHOWN_VALUE ? text : `${cutBytesEnd(text, MAX_SHOWN_VALUE)}...`;
}

/** The names of the required fields. */
function requirement(schema: z.ZodMiniObject): string {
  const required = Object.entries(schema.def.shape).filter(([, field]) => field._zod.optin === undefined);
  return `Required: ${required.map(([name]) => name).join(', ') || 'nothing'}.`;
}
