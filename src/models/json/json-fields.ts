export { parseJson } from '../../foundation/util/index.ts';

/** A JSON object whose fields have not been looked at. */
export type JsonObject = { readonly [key: string]: unknown };

/** External JSON is read field by field where a schema would cost too much (each delta) or be too strict (error bodies). */
export function asObject(value: unknown): JsonObject | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return value as JsonObject; // checked on the line above
}

export function stringField(object: JsonObject | null, name: string): string | null {
  const value = object?.[name];
  return typeof value === 'string' ? value : null;
}

/** Null too for NaN and the infinities, which no JSON has but some encoders write. */
export function numberField(object: JsonObject | null, name: string): number | null {
  const value = object?.[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function objectField(object: JsonObject | null, name: string): JsonObject | null {
  return asObject(object?.[name]);
}
