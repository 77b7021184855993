import type { Codec } from './step-runner.ts';

/** A codec for a value that is JSON already. */
export function jsonCodec<T>(schema: { parse(value: unknown): T }): Codec<T> {
  return { version: 1, encode: (value) => value, decode: (value) => schema.parse(value) };
}

/** The codec of a step that is done for its effect or its items alone. */
export const noValue: Codec<null> = { version: 1, encode: () => null, decode: () => null };
