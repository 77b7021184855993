/** Deeper than anything that means something; `JSON.stringify` and schema checks need the stack for each level. */
export const MAX_JSON_DEPTH = 500;

/** Text that is JSON, but nested deeper than can be worked with. */
export class JsonTooDeep extends SyntaxError {
  override readonly name = 'JsonTooDeep';
  /** What was read, of which only the outermost levels may be looked at. */
  readonly value: unknown;

  constructor(value: unknown) {
    super(`nested more than ${MAX_JSON_DEPTH} levels deep`);
    this.value = value;
  }
}

/**
 * Text of a model, a server, a file or a user as JSON. The one place where keel parses JSON (`scripts/check-floors.js` sees
 * to it).
 * @throws SyntaxError, as the language words it, and JsonTooDeep
 */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // A shorter text can't open and close more levels. Most are events of a stream, a few hundred characters each.
  if (text.length > 2 * MAX_JSON_DEPTH) requireJsonDepth(value);
  return value;
}

/** Checks a value that somebody else has parsed. @throws JsonTooDeep */
function requireJsonDepth(value: unknown): void {
  if (isDeeper(value, MAX_JSON_DEPTH)) throw new JsonTooDeep(value);
}

/** Like `readJson`; null for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return null; // the caller treats such text like a missing value
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return inner.some((each) => isDeeper(each, levels - 1));
}
