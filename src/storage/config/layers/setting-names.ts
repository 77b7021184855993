import * as z from 'zod/mini';
import { ConfigFile } from './schema.ts';

type Schema = z.core.$ZodType;

/** The keys that may be in the table at a path; null where any name may be, or there is no such table. */
export function keysAt(path: readonly string[]): readonly string[] | null {
  let schema: Schema | null = ConfigFile;
  for (const key of path) schema = schema === null ? null : below(schema, key);
  const table = schema === null ? null : plain(schema);
  return table instanceof z.ZodMiniObject && !hasNames(table) ? Object.keys(table.shape) : null;
}

/** Every key that can be set, dotted, but for those below a name of the user's (`mcp_servers`, `profiles`). */
export function namesInSchema(): readonly string[] {
  return names(ConfigFile, []);
}

function names(schema: Schema, path: readonly string[]): string[] {
  const table = plain(schema);
  if (!(table instanceof z.ZodMiniObject)) return [path.join('.')];
  const own = Object.entries<Schema>(table.shape).flatMap(([key, value]) => names(value, [...path, key]));
  return own.length === 0 ? [path.join('.')] : own;
}

/** The schema of what a key of a table holds. */
function below(schema: Schema, key: string): Schema | null {
  const table = plain(schema);
  if (table instanceof z.ZodMiniRecord) return table.def.valueType;
  if (!(table instanceof z.ZodMiniObject)) return null;
  const shape: Readonly<Record<string, Schema>> = table.shape;
  return (Object.hasOwn(shape, key) ? shape[key] : table.def.catchall) ?? null;
}

/** A table that takes any name beside its own keys, such as that of an agent's role. */
function hasNames(table: z.ZodMiniObject): boolean {
  const { catchall } = table.def;
  return catchall !== undefined && !(catchall instanceof z.ZodMiniUnknown) && !(catchall instanceof z.ZodMiniNever);
}

function plain(schema: Schema): Schema {
  return schema instanceof z.ZodMiniOptional ? plain(schema.def.innerType) : schema;
}
