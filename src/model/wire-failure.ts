import type { ErrorKind } from '../protocol/index.ts';
import { type JsonObject, numberField, objectField, stringField } from './json-fields.ts';

/** A failure in the provider's words, from an error body or a failed response. */
export interface WireFailure {
  readonly code: string | null;
  readonly type: string | null;
  readonly message: string | null;
  /** Unix seconds at which a usage limit resets. */
  readonly resetsAt: number | null;
}

/** Longest wait that a server can ask for, in milliseconds; a longer one would look like a hang. */
const MAX_SERVER_DELAY_MS = 60_000;

const FATAL_KINDS: ReadonlyMap<string, ErrorKind> = new Map([
  ['context_length_exceeded', 'contextWindowExceeded'],
  ['usage_limit_reached', 'usageLimitExceeded'],
  ['usage_not_included', 'quotaExceeded'],
  ['insufficient_quota', 'quotaExceeded'],
  ['billing_error', 'quotaExceeded'],
  ['invalid_prompt', 'badRequest'],
  ['invalid_request_error', 'badRequest'],
  ['invalid_api_key', 'unauthorized'],
  ['authentication_error', 'unauthorized'],
  ['permission_error', 'unauthorized'],
  ['not_found_error', 'badRequest'],
  ['request_too_large', 'badRequest'],
]);
const OVERLOAD_CODES: ReadonlySet<string> = new Set([
  'rate_limit_exceeded',
  'rate_limit_error',
  'server_is_overloaded',
  'slow_down',
  'overloaded_error',
]);
/** A picture the provider can't take stays one it can't take: `invalid_image_url`, `image_too_large`, ... */
const IMAGE_CODE = /(?:^|_)image(?:_|$)/;
/** What servers without codes of their own for it say of a prompt that is too long, and of an account that is empty. */
const TOO_LONG = /maximum context length|prompt is too long|exceed context limit/i;
const NO_CREDIT = /credit balance is too low/i;
const SUGGESTED_DELAY = /try again in\s*(\d+(?:\.\d+)?)\s*(ms|s|seconds?)\b/i;

/** Reads `{code, type, message, resets_at}`, also where they are nested under `error`. */
export function readFailure(object: JsonObject | null): WireFailure {
  const error = objectField(object, 'error') ?? object;
  return {
    code: stringField(error, 'code'),
    type: stringField(error, 'type'),
    message: stringField(error, 'message') ?? stringField(object, 'error'),
    resetsAt: numberField(error, 'resets_at'),
  };
}

/** The kind of a failure that no retry helps; null when a retry may help. A code is more exact than a type. */
export function fatalKind(failure: WireFailure): ErrorKind | null {
  const kind = namedKind(failure);
  return kind === 'badRequest' ? (toldKind(failure.message) ?? kind) : kind;
}

/** What a message says of a request that is refused for one of many reasons. */
export function toldKind(message: string | null): ErrorKind | null {
  if (message === null) return null;
  if (TOO_LONG.test(message)) return 'contextWindowExceeded';
  return NO_CREDIT.test(message) ? 'quotaExceeded' : null;
}

function namedKind(failure: WireFailure): ErrorKind | null {
  for (const word of [failure.code, failure.type]) {
    if (word === null) continue;
    if (OVERLOAD_CODES.has(word)) return null;
    const kind = FATAL_KINDS.get(word) ?? (IMAGE_CODE.test(word) ? 'badRequest' : undefined);
    if (kind !== undefined) return kind;
  }
  return null;
}

/** The server asks for less work. */
export function isOverload(failure: WireFailure): boolean {
  return [failure.code, failure.type].some((word) => word !== null && OVERLOAD_CODES.has(word));
}

/** The delay that a message suggests ("try again in 1.5s"), in milliseconds, capped. */
export function suggestedDelayMs(message: string | null): number | null {
  const match = SUGGESTED_DELAY.exec(message ?? '');
  if (match === null) return null;
  const amount = Number(match[1]);
  const isMilliseconds = match[2]?.toLowerCase() === 'ms';
  return Math.min(Math.round(isMilliseconds ? amount : amount * 1000), MAX_SERVER_DELAY_MS);
}

/** `Retry-After` in milliseconds, capped. Only whole seconds are understood; a date is as good as none. */
export function retryAfterMs(header: string | undefined): number | null {
  if (header === undefined || !/^\d+$/.test(header.trim())) return null;
  return Math.min(Number(header) * 1000, MAX_SERVER_DELAY_MS);
}
