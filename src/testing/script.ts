/**
 * What a scripted model says: a list of parts for one response. Each part becomes the events that a real provider sends
 * for it, so that a client's own decoding is tested with everything else.
 */
export type Part =
  | Pause
  | ItemPart
  /** An event as it is, but for its sequence number. */
  | { readonly type: 'event'; readonly event: Json }
  /** Bytes as they are, in the middle of the stream. */
  | { readonly type: 'raw'; readonly bytes: Uint8Array }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'headers'; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'framing'; readonly framing: Framing }
  /** The response ends here. Without such a part it completes after the last one. */
  | { readonly type: 'end'; readonly how: Ending }
  /** No stream at all. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** The request is never answered. */
  | { readonly type: 'silence'; readonly by: 'hanging' | 'reset' };

/** A wait in the middle of a response. It ends early when the client goes away or the server closes. */
export type Pause =
  | { readonly type: 'delay'; readonly ms: number }
  /** Waits for the test. */
  | { readonly type: 'hold'; readonly gate: Promise<unknown> };

/** An item of the response, with the events that lead up to it. */
export interface ItemPart {
  readonly type: 'item';
  /** The item as it is when done. */
  readonly item: Json;
  /** What of it is empty, or different, when it is announced. */
  readonly begun: Json;
  /** Starts the id that an item without one gets; null leaves the item as it is. */
  readonly idPrefix: string | null;
  /** It is a call, and gets a random `call_id` if it has none. */
  readonly isCall: boolean;
  /** Events between the announcement and the end, without the item's id and place; those in `closing` come last. */
  readonly streaming: readonly (Json | Pause)[];
  readonly closing: readonly Json[];
  /** The stream of this item breaks off: neither `closing` nor the item itself is sent. */
  readonly unfinished: boolean;
}

export type Ending =
  | { readonly type: 'cut' }
  | { readonly type: 'reset' }
  | { readonly type: 'hang' }
  | { readonly type: 'keepOpen' }
  | { readonly type: 'failed'; readonly error: Json }
  | { readonly type: 'incomplete'; readonly reason: string };

/** How events become bytes. */
export interface Framing {
  /** Lines end with CR LF in place of LF. */
  readonly crlf?: boolean;
  /** The body starts with a byte order mark. */
  readonly bom?: boolean;
  /** False leaves out the `event:` lines, so that only the JSON has the type. */
  readonly eventNames?: boolean;
  /**
   * Sizes in bytes of the pieces that the body is sent in, over and over: `[1]` sends byte by byte, `[7, 3]` cuts in the
   * middle of lines and of UTF-8 characters. A client on Node sees each piece as a `data` event of its own.
   */
  readonly pieces?: readonly number[];
}

export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Tokens of one response. Cached ones are part of the input, reasoning is part of the output. */
export interface Usage {
  readonly input?: number;
  readonly cached?: number;
  /** Tokens of the input that the provider put into its cache. Only the Messages API reports it. */
  readonly cacheWritten?: number;
  readonly output?: number;
  readonly reasoning?: number;
  /** Default: input + output. */
  readonly total?: number;
}

/** One response of the model. */
export type Response = readonly Part[];

/**
 * A response of these parts, in order.
 * @throws Error if a part follows the end of the response and could never be sent
 */
export function respond(...parts: readonly Part[]): Response {
  const end = parts.findIndex((part) => part.type === 'end');
  const late = end < 0 ? undefined : parts.slice(end + 1).find((part) => !isSetting(part));
  if (late) throw new Error(`a part of type "${late.type}" follows the end of the response`);
  return parts;
}

/** Settings apply to the whole response, wherever they are in the list. */
function isSetting(part: Part): boolean {
  return part.type === 'usage' || part.type === 'headers' || part.type === 'framing';
}

/** An event as it is: an unknown type, a malformed one, `{ type: 'error', … }`. */
export function rawEvent(event: Json): Part {
  return { type: 'event', event };
}

/** Text or bytes straight into the stream, such as `: ping\n\n`, half an event, or invalid UTF-8. */
export function rawText(text: string | Uint8Array): Part {
  return { type: 'raw', bytes: typeof text === 'string' ? Buffer.from(text, 'utf8') : text };
}

export function usage(tokens: Usage): Part {
  return { type: 'usage', usage: tokens };
}

/** Headers of the response. */
export function headers(values: Readonly<Record<string, string>>): Part {
  return { type: 'headers', headers: values };
}

/** How the events of this response become bytes. */
export function framing(options: Framing): Part {
  return { type: 'framing', framing: options };
}

/** One limit of the provider. `resetAt` is in Unix seconds. */
export interface RateLimit {
  readonly percent: number;
  readonly windowMinutes?: number;
  readonly resetAt?: number;
}

export interface RateLimits {
  readonly primary?: RateLimit;
  readonly secondary?: RateLimit;
}

/** The provider's limits, as headers of the response. */
export function rateLimits(limits: RateLimits): Part {
  return headers(rateLimitHeaders(limits));
}

/** The same headers, for `httpError(429, …)`. */
export function rateLimitHeaders(limits: RateLimits): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of ['primary', 'secondary'] as const) {
    const limit = limits[name];
    if (!limit) continue;
    values[`x-codex-${name}-used-percent`] = String(limit.percent);
    if (limit.windowMinutes !== undefined) values[`x-codex-${name}-window-minutes`] = String(limit.windowMinutes);
    if (limit.resetAt !== undefined) values[`x-codex-${name}-reset-at`] = String(limit.resetAt);
  }
  return values;
}

export function delay(ms: number): Pause {
  return { type: 'delay', ms };
}

/** Continues when `gate` settles, either way. */
export function hold(gate: Promise<unknown>): Pause {
  gate.catch(() => undefined); // it may reject before the response comes to it
  return { type: 'hold', gate };
}

/** The body ends before the response completed. */
export function cut(): Part {
  return end({ type: 'cut' });
}

/** The connection is reset. */
export function reset(): Part {
  return end({ type: 'reset' });
}

/** Nothing more comes; the connection stays open until the client goes. */
export function hang(): Part {
  return end({ type: 'hang' });
}

/** Completes, but leaves the connection open. */
export function keepOpen(): Part {
  return end({ type: 'keepOpen' });
}

/** The response fails, as the provider reports it within the stream. */
export function failed(error: { readonly code?: string; readonly message?: string; readonly [key: string]: unknown }) {
  return end({ type: 'failed', error });
}

/** The response ends unfinished, for a reason such as `max_output_tokens`. */
export function incomplete(reason: string): Part {
  return end({ type: 'incomplete', reason });
}

function end(how: Ending): Part {
  return { type: 'end', how };
}

/** An HTTP error in place of a stream. What isn't text is sent as JSON. */
export function httpError(
  status: number,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  return [{ type: 'status', status, body: typeof body === 'string' ? body : JSON.stringify(body), headers }];
}

/** The request is taken and never answered. */
export function silence(): Response {
  return [{ type: 'silence', by: 'hanging' }];
}

/** The request is taken, and the connection reset in place of an answer. */
export function resetBeforeHeaders(): Response {
  return [{ type: 'silence', by: 'reset' }];
}
