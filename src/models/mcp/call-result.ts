/** One part of a result, as the server sent it. */
interface ResultPart {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What a tool returned. */
export interface CallResult {
  readonly content: readonly ResultPart[];
  readonly structuredContent?: unknown;
  readonly isError?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads what a server sent as the result of a call. The protocol wants a list of typed parts; a text, a single part, or the
 * `toolResult` of the protocol's first version are what servers also send, and are taken for what they mean.
 */
export function readCallResult(result: Fields): CallResult {
  const { content, structuredContent = result['toolResult'], isError } = result;
  return {
    content: partsOf(content),
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError === true || isError === 'true' ? { isError: true } : {}),
  };
}

function partsOf(content: unknown): ResultPart[] {
  if (content === undefined || content === null) return [];
  return (Array.isArray(content) ? content : [content]).map(partOf);
}

function partOf(part: unknown): ResultPart {
  if (isPart(part)) return part;
  return { type: 'text', text: typeof part === 'string' ? part : JSON.stringify(part) };
}

function isPart(part: unknown): part is ResultPart {
  return typeof part === 'object' && part !== null && 'type' in part && typeof part.type === 'string';
}
