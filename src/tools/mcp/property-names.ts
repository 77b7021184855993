import { hash } from 'node:crypto';

/** Property names that every provider accepts; Anthropic and Google are the strictest. */
const SENDABLE = /^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/;
const KEPT_CHARS = 40;
const DIGEST_CHARS = 6;
/** No schema and no argument is nested deeper. */
const MAX_DEPTH = 64;

/**
 * The name of a property as it is offered to a model: the same where every provider accepts it, else its acceptable part and
 * a digest of the whole, so that two names never become one.
 */
export function offeredName(name: string): string {
  if (SENDABLE.test(name)) return name;
  const plain = name.replaceAll(/[^a-zA-Z0-9_.-]/g, '_').replace(/^[^a-zA-Z_]/, '_');
  return `${plain.slice(0, KEPT_CHARS) || '_'}_${hash('sha256', name, 'hex').slice(0, DIGEST_CHARS)}`;
}

/** Arguments under the names that the server knows; the identical value where the schema has no renamed properties. */
export function withServerNames<T>(args: T, schema: unknown): T {
  const names = new Map<string, string>();
  collect(schema, names, 0);
  return names.size === 0 ? args : renamed(args, names, 0);
}

/** Collects the properties that are offered under another name, by that name. */
function collect(node: unknown, names: Map<string, string>, depth: number): void {
  if (typeof node !== 'object' || node === null || depth > MAX_DEPTH) return;
  if ('properties' in node && typeof node.properties === 'object' && node.properties !== null) {
    for (const name of Object.keys(node.properties)) {
      const offered = offeredName(name);
      if (offered !== name) names.set(offered, name);
    }
  }
  for (const child of Object.values(node)) collect(child, names, depth + 1);
}

function renamed<T>(value: T, names: ReadonlyMap<string, string>, depth: number): T;
function renamed(value: unknown, names: ReadonlyMap<string, string>, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((one) => renamed(one, names, depth + 1));
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([name, one]) => [names.get(name) ?? name, renamed(one, names, depth + 1)]));
}
