import type * as z from 'zod/mini';

/** Foreign JSON of a known shape; null for what is no JSON or has another shape. */
export function parsed<T extends z.ZodMiniType>(schema: T, text: string): z.infer<T> | null {
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null; // what a stranger sends may be anything
  }
}
