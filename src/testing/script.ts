/**
 * What a scripted model says: a list of parts for one response. Each part becomes the events that a real provider sends
 * for it, so that a client's own decoding is tested with everything else.
 */
export type Part =
  /** An item of the response, with the events that lead up to it. */
  | { readonly type: 'item'; readonly item: Json; readonly deltas: readonly Json[]; readonly announce: boolean }
  /** An event as it is. */
  | { readonly type: 'event'; readonly event: Json }
  /** Bytes as they are, in the middle of the stream. */
  | { readonly type: 'raw'; readonly text: string }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'headers'; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'delay'; readonly ms: number }
  /** Waits for the test. */
  | { readonly type: 'hold'; readonly gate: Promise<unknown> }
  /** The response ends here, in a way other than by completing. */
  | { readonly type: 'end'; readonly how: 'cut' | 'reset' | 'hang' | 'failed' | 'open'; readonly event?: Json }
  /** No stream at all. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** The request is never answered. */
  | { readonly type: 'silence' };

export type Json = Readonly<Record<string, unknown>>;

export interface Usage {
  readonly input?: number;
  readonly cached?: number;
  readonly output?: number;
  readonly reasoning?: number;
  /** Default: input + output. */
  readonly total?: number;
}

/** One response of the model. */
export type Response = readonly Part[];

export function respond(...parts: readonly Part[]): Response {
  return parts;
}

export interface MessageOptions {
  readonly id?: string;
  /** Pieces in which the text is streamed; default: in one. */
  readonly deltas?: readonly string[];
}

/** An assistant message. */
export function message(text: string, { id = 'msg_1', deltas = [text] }: MessageOptions = {}): Part {
  const item = { type: 'message', id, role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] };
  return {
    type: 'item',
    item,
    announce: true,
    deltas: deltas.map((delta) => ({ type: 'response.output_text.delta', item_id: id, content_index: 0, delta })),
  };
}

export interface ReasoningOptions {
  readonly id?: string;
  readonly encrypted?: string;
  readonly content?: string;
}

/** A reasoning item; each argument of `summary` is a summary part. */
export function reasoning(summary: readonly string[], options: ReasoningOptions = {}): Part {
  const { id = 'rs_1', encrypted = null, content } = options;
  const item = {
    type: 'reasoning',
    id,
    summary: summary.map((text) => ({ type: 'summary_text', text })),
    encrypted_content: encrypted,
    ...(content === undefined ? {} : { content: [{ type: 'reasoning_text', text: content }] }),
  };
  const deltas = summary.flatMap((text, index) => [
    { type: 'response.reasoning_summary_part.added', item_id: id, summary_index: index },
    { type: 'response.reasoning_summary_text.delta', item_id: id, summary_index: index, delta: text },
  ]);
  const raw =
    content === undefined
      ? []
      : [{ type: 'response.reasoning_text.delta', item_id: id, content_index: 0, delta: content }];
  return { type: 'item', item, announce: true, deltas: [...deltas, ...raw] };
}

let minted = 0;

/** A fresh call id, for calls whose id the test doesn't care about. */
function callId(): string {
  minted += 1;
  return `call_${minted}`;
}

/** A function call. `args` is sent as JSON; a string is sent as it is, also if it is not JSON. */
export function functionCall(name: string, args: unknown, id: string = callId()): Part {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return plainItem({ type: 'function_call', id: `fc_${id}`, call_id: id, name, arguments: text, status: 'completed' });
}

/** A call of a freeform tool. */
export function customCall(name: string, input: string, id: string = callId()): Part {
  return plainItem({ type: 'custom_tool_call', id: `ct_${id}`, call_id: id, name, input, status: 'completed' });
}

export function localShellCall(command: readonly string[], id: string = callId()): Part {
  const action = { type: 'exec', command };
  return plainItem({ type: 'local_shell_call', id: `ls_${id}`, call_id: id, status: 'completed', action });
}

export function webSearchCall(query: string, id = 'ws_1'): Part {
  return plainItem({ type: 'web_search_call', id, status: 'completed', action: { type: 'search', query } });
}

/** Any item, as it is. */
export function plainItem(item: Json): Part {
  return { type: 'item', item, announce: true, deltas: [] };
}

export function rawEvent(event: Json): Part {
  return { type: 'event', event };
}

/** Text straight into the stream, such as `: ping\n\n`. */
export function rawText(text: string): Part {
  return { type: 'raw', text };
}

export function usage(tokens: Usage): Part {
  return { type: 'usage', usage: tokens };
}

export interface RateLimits {
  readonly primary?: { readonly percent: number; readonly windowMinutes?: number; readonly resetAt?: number };
  readonly secondary?: { readonly percent: number; readonly windowMinutes?: number; readonly resetAt?: number };
}

/** The provider's limits, as headers of the response. */
export function rateLimits(limits: RateLimits): Part {
  const headers: Record<string, string> = {};
  for (const [name, window] of Object.entries(limits)) {
    headers[`x-codex-${name}-used-percent`] = String(window.percent);
    if (window.windowMinutes !== undefined) headers[`x-codex-${name}-window-minutes`] = String(window.windowMinutes);
    if (window.resetAt !== undefined) headers[`x-codex-${name}-reset-at`] = String(window.resetAt);
  }
  return { type: 'headers', headers };
}

export function delay(ms: number): Part {
  return { type: 'delay', ms };
}

/** Goes on when `gate` resolves. */
export function hold(gate: Promise<unknown>): Part {
  return { type: 'hold', gate };
}

/** The body ends before the response completed. */
export function cut(): Part {
  return { type: 'end', how: 'cut' };
}

/** The connection is reset. */
export function reset(): Part {
  return { type: 'end', how: 'reset' };
}

/** Nothing more comes; the connection stays open until the client goes. */
export function hang(): Part {
  return { type: 'end', how: 'hang' };
}

/** Completes, but leaves the connection open. */
export function keepOpen(): Part {
  return { type: 'end', how: 'open' };
}

/** The response fails, as the provider tells it within the stream. */
export function failed(error: { readonly code?: string; readonly message?: string }): Part {
  return { type: 'end', how: 'failed', event: { type: 'response.failed', response: { id: 'resp_failed', error } } };
}

export function incomplete(reason: string): Part {
  const response = { id: 'resp_incomplete', incomplete_details: { reason } };
  return { type: 'end', how: 'failed', event: { type: 'response.incomplete', response } };
}

/** An HTTP error in place of a stream. */
export function httpError(
  status: number,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  return [{ type: 'status', status, body: typeof body === 'string' ? body : JSON.stringify(body), headers }];
}

/** The request is taken and never answered. */
export function silence(): Response {
  return [{ type: 'silence' }];
}
