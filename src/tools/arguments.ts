import * as z from 'zod/mini';

/** Names that models were trained on, by the name keel uses. Accepted, never advertised. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  file_path: ['path', 'filename'],
  dir_path: ['path'],
  path: ['file_path', 'filename'],
  old_string: ['old_str', 'search'],
  new_string: ['new_str', 'replace'],
  cmd: ['command'],
  command: ['cmd'],
  timeout_ms: ['timeout'],
  workdir: ['cwd'],
};

const MAX_MESSAGE_BYTES = 500;
const SHOWN_VALUE = 60;

export type ParsedArguments<T> =
  | { readonly ok: true; readonly value: T }
  /** `message` is the whole output for the model. */
  | { readonly ok: false; readonly message: string };

/** A whole number, also as the decimal text that some models send. */
export const wholeNumber = z.pipe(
  z.transform((value) => (typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value)),
  z.int(),
);

/** A truth value, also as text. */
export const truth = z.pipe(
  z.transform((value) => (value === 'true' ? true : value === 'false' ? false : value)),
  z.boolean(),
);

/**
 * Reads a call's arguments. What is wrong is said so that the model can mend it: the first wrong field, what it should be,
 * what it was, and which fields have to be there. Unknown fields are passed over.
 */
export function parseArguments<T extends z.ZodMiniObject>(
  schema: T,
  text: string,
  prefix = 'failed to parse function arguments',
): ParsedArguments<z.infer<T>> {
  let raw: unknown;
  try {
    raw = JSON.parse(text === '' ? '{}' : text);
  } catch (error) {
    return refuse(prefix, notJson(text, error));
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return refuse(prefix, `expected an object, got ${shown(raw)}`);
  }
  const named = resolveAliases(raw, Object.keys(schema.shape));
  if (typeof named === 'string') return refuse(prefix, named);
  const parsed = schema.safeParse(named);
  if (parsed.success) return { ok: true, value: parsed.data };
  return refuse(prefix, describe(schema, named, parsed.error.issues[0]));
}

type Fields = Readonly<Record<string, unknown>>;

function resolveAliases(raw: object, names: readonly string[]): Fields | string {
  const given = new Map(Object.entries(raw));
  for (const name of names) {
    for (const alias of ALIASES[name] ?? []) {
      if (names.includes(alias) || !given.has(alias)) continue;
      const value = given.get(alias);
      if (given.has(name) && JSON.stringify(given.get(name)) !== JSON.stringify(value)) {
        return `${name} and ${alias} mean the same and were given different values`;
      }
      given.set(name, value);
      given.delete(alias);
    }
  }
  return Object.fromEntries([...given].filter(([, value]) => value !== null));
}

function describe(schema: z.ZodMiniObject, raw: Fields, issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path ?? [];
  const field = path.join('.') || 'arguments';
  const expected = issue && 'expected' in issue ? String(issue.expected) : (issue?.message ?? 'another value');
  const required = Object.entries(schema.shape)
    .filter(([, type]) => !(type instanceof z.ZodMiniOptional))
    .map(([name]) => name);
  const cause = valueAt(raw, path) === undefined ? `missing field ${field}` : `wrong value for ${field}`;
  const got = shown(valueAt(raw, path));
  return `${cause}\nExpected ${field} to be ${expected}; got ${got}. Required: ${required.join(', ') || 'nothing'}.`;
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    raw,
  );
}

function notJson(text: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  const at = Number(/position (\d+)/.exec(reason)?.[1] ?? 0);
  return `not JSON at position ${at}, near ${JSON.stringify(text.slice(Math.max(0, at - 10), at + 10))}`;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN_VALUE ? `${text.slice(0, SHOWN_VALUE)}...` : text;
}

function refuse(prefix: string, cause: string): { ok: false; message: string } {
  return { ok: false, message: `${prefix}: ${cause}`.slice(0, MAX_MESSAGE_BYTES) };
}
