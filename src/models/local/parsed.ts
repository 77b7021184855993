import type * as z from 'zod/mini';
import { parseJson } from '../../foundation/util/index.ts';

/** External JSON of a known shape; null for what isn't JSON or has another shape. */
export function parsed<T extends z.ZodMiniType>(schema: T, text: string): z.infer<T> | null {
  const result = schema.safeParse(parseJson(text));
  return result.success ? result.data : null;
}
