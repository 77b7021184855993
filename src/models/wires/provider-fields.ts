import type { ProviderFields } from '../../foundation/protocol/index.ts';
import { asObject, type JsonObject } from '../json/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What an object says beyond the fields that its API is known to have; what is null or empty says nothing. */
export function fieldsBeyond(object: JsonObject, known: ReadonlySet<string>): Fields {
  let beyond: Record<string, unknown> | null = null;
  // Every delta is looked through, and hardly one has such a field.
  for (const name in object) {
    if (known.has(name) || !saysSomething(object[name])) continue;
    beyond ??= {};
    beyond[name] = object[name];
  }
  return beyond ?? NONE;
}

const NONE: Fields = {};

/** Fields that come in pieces: objects are merged, and of anything else the later one counts. */
export function mergedFields(before: Fields, next: Fields): Fields {
  const names = next === NONE ? [] : Object.keys(next);
  if (names.length === 0) return before;
  const merged: Record<string, unknown> = { ...before };
  for (const name of names) {
    const [one, other] = [asObject(merged[name]), asObject(next[name])];
    merged[name] = one === null || other === null ? next[name] : mergedFields(one, other);
  }
  return merged;
}

/** For an item; empty where there is nothing to keep. */
export function extraOf(
  provider: string,
  parts: { readonly fields?: Fields; readonly function?: Fields; readonly message?: Fields },
): { readonly extra?: ProviderFields } {
  const { fields = NONE, function: called = NONE, message = NONE } = parts;
  if ([fields, called, message].every(isEmpty)) return {};
  const extra: ProviderFields = {
    provider,
    fields: { ...fields },
    ...(isEmpty(called) ? {} : { function: { ...called } }),
    ...(isEmpty(message) ? {} : { message: { ...message } }),
  };
  return { extra };
}

/** What of an item's fields goes back to this provider. */
export function sentFields(
  item: { readonly extra?: ProviderFields | undefined },
  provider: string | null,
): { readonly fields: Fields; readonly function: Fields; readonly message: Fields } {
  const { extra } = item;
  if (extra === undefined || extra.provider !== provider) return { fields: NONE, function: NONE, message: NONE };
  return { fields: extra.fields, function: extra.function ?? NONE, message: extra.message ?? NONE };
}

function isEmpty(fields: Fields): boolean {
  return Object.keys(fields).length === 0;
}

function saysSomething(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  const object = asObject(value);
  return object === null || Object.keys(object).length > 0;
}
