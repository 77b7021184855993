/** Foreign text as JSON; null for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // the caller treats foreign text like a missing value
  }
}
