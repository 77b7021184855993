import type { ErrorKind } from '../protocol/index.ts';
import { reasonOf } from '../util/index.ts';
import { serverText, untilText } from './error-text.ts';
import { asObject, parseJson } from './json-fields.ts';
import { ModelError } from './model-error.ts';
import { rateLimitsOf } from './rate-limits.ts';
import type { HttpResponse } from './transport.ts';
import {
  fatalKind,
  isOverload,
  readFailure,
  retryAfterMs,
  suggestedDelayMs,
  toldKind,
  type WireFailure,
} from './wire-failure.ts';

/** What an error needs to know of the request it is about. */
export interface FailureContext {
  /** Values that must not be told to anybody. */
  readonly secrets: readonly string[];
  /** Where the key came from, for a person. */
  readonly keySource: string;
  /** Host of the provider, for messages. */
  readonly host: string;
  readonly nowMs: () => number;
}

/** Statuses that a retry may change; all from 500 on count as well. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 409, 425, 429]);
const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'x-oai-request-id', 'cf-ray'] as const;

/** Why an answer that is not 2xx failed. */
export function statusFailure(response: HttpResponse, body: string, context: FailureContext): ModelError {
  const { status, headers } = response;
  const failure = readFailure(asObject(parseJson(body)));
  const text = serverText(failure.message ?? body, context.secrets);
  const fatal = fatalStatusKind(status, failure, body);
  const delay = retryAfterMs(headers['retry-after']);
  return new ModelError(fatal ?? retryableKind(status, failure), statusMessage(response, failure, text, context), {
    phase: 'request',
    httpStatus: status,
    retryable: fatal === null,
    rateLimits: rateLimitsOf(headers),
    ...(fatal === null && delay !== null ? { retryAfterMs: delay } : {}),
  });
}

function fatalStatusKind(status: number, failure: WireFailure, body: string): ErrorKind | null {
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 402) return 'quotaExceeded';
  if (status >= 500) return null;
  const named = fatalKind(failure);
  if (status === 429) return named === 'usageLimitExceeded' || named === 'quotaExceeded' ? named : null;
  if (RETRYABLE_STATUSES.has(status)) return null;
  const told = toldKind(failure.message ?? body);
  if (told !== null) return told;
  return named === 'contextWindowExceeded' || named === 'quotaExceeded' ? named : 'badRequest';
}

function retryableKind(status: number, failure: WireFailure): ErrorKind {
  return status === 429 || status === 503 || status === 529 || isOverload(failure)
    ? 'serverOverloaded'
    : 'httpConnectionFailed';
}

function statusMessage(response: HttpResponse, failure: WireFailure, text: string, context: FailureContext): string {
  const { status, statusText, headers } = response;
  const named = knownFailureText(failure, text, context);
  if (named !== null && status !== 401) return named;
  const { secrets } = context;
  const id = REQUEST_ID_HEADERS.map((name) => headers[name]).find((value) => value !== undefined);
  const line = `unexpected status ${status}${statusText === '' ? '' : ` ${serverText(statusText, secrets)}`}`;
  const whole = `${line}${text === '' ? '' : `: ${text}`}${id === undefined ? '' : ` (request id ${serverText(id, secrets).slice(0, 200)})`}`;
  if (status !== 401) return whole;
  return `${context.host} did not accept the credentials (${context.keySource}): ${whole}`;
}

/** Why a response failed after it had begun. */
export function responseFailure(failure: WireFailure, context: FailureContext): ModelError {
  const text = serverText(failure.message ?? 'the model gave no reason', context.secrets);
  const fatal = fatalKind(failure);
  const kind = fatal ?? (isOverload(failure) ? 'serverOverloaded' : 'responseStreamDisconnected');
  const delay = failure.code === 'rate_limit_exceeded' ? suggestedDelayMs(failure.message) : null;
  return new ModelError(kind, knownFailureText(failure, text, context) ?? `the model's response failed: ${text}`, {
    phase: 'stream',
    retryable: fatal === null,
    ...(delay === null ? {} : { retryAfterMs: delay }),
  });
}

/** Words of our own for failures that leave the user something to do. */
function knownFailureText(failure: WireFailure, text: string, context: FailureContext): string | null {
  switch (fatalKind(failure)) {
    case 'contextWindowExceeded':
      return `The conversation no longer fits into the model's context window. Start a new thread, or undo or compact this one. (${text})`;
    case 'usageLimitExceeded':
      return `You have reached your usage limit. Try again ${untilText(failure.resetsAt, context.nowMs())}.`;
    case 'quotaExceeded':
      return `The provider's quota is used up or does not cover this: check your plan and billing. (${text})`;
    default:
      return null;
  }
}

/** The model stopped on purpose before its answer was complete: asking again would stop it again. */
export function incompleteResponse(reason: string | null): ModelError {
  const message = `Incomplete response returned, reason: ${serverText(reason ?? 'unknown', [])}`;
  return new ModelError('responseStreamDisconnected', message, { phase: 'stream' });
}

/** The connection gave out while the response was awaited or streamed. */
export function streamLost(reason: string, context: FailureContext | null, cause?: unknown): ModelError {
  const message = `stream disconnected before completion: ${serverText(reason, context?.secrets ?? [])}`;
  return new ModelError('responseStreamDisconnected', message, { phase: 'stream', retryable: true, cause });
}

/** No answer came: name resolution, connection, TLS, or a reset before the first byte. */
export function connectionFailed(error: unknown, context: FailureContext): ModelError {
  const reason = serverText(reasonOf(error), context.secrets);
  const message = `could not reach ${context.host}: ${reason}. Check the network and the provider's base_url.`;
  return new ModelError('httpConnectionFailed', message, { phase: 'request', retryable: true, cause: error });
}
