import { reasonOf } from '../../foundation/util/index.ts';
import { parseJson } from '../json/index.ts';
import { serverText, untilText } from './error-text.ts';
import { type Verdict, verdictOn } from './failure-rules.ts';
import { namedWindow } from './full-window.ts';
import { ModelError, type ModelErrorOptions } from './model-error.ts';
import { rateLimitsOf } from './rate-limits.ts';
import { refusedContent } from './refused-content.ts';
import { capped, resetAfter, serverDelayMs, suggestedDelayMs } from './server-waits.ts';
import { readFailure, type WireFailure } from './wire-failure.ts';

/** What an error needs to know of the request it is about. */
export interface FailureContext {
  /** Values that no message may contain. */
  readonly secrets: readonly string[];
  /** Where the key came from, for a person. */
  readonly keySource: string;
  /** Host of the provider, for messages. */
  readonly host: string;
  /** The proxy that the answer came through, for people; null or absent: none, or no answer yet. */
  readonly proxy?: string | null;
  readonly nowMs: () => number;
}

interface FailureFacts extends FailureContext {
  /** See ModelError. */
  readonly resetsAt: number | null;
}

/** The head of an answer that is not 2xx. */
interface RefusedResponse {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

const REQUEST_ID_HEADERS = ['x-request-id', 'request-id', 'x-oai-request-id', 'cf-ray'] as const;

/** Ollama, OpenRouter (404), vLLM without its option, llama.cpp without `--jinja`. */
const NO_TOOLS =
  /does(?:n't| not) support (?:tools|tool use|function calling)|no endpoints found that support tool use|--enable-auto-tool-choice|tools? param(?:eter)? requires --jinja/i;

/** Why an answer that is not 2xx failed. */
export function statusFailure(response: RefusedResponse, body: string, context: FailureContext): ModelError {
  const { status, headers } = response;
  const failure = readFailure(parseJson(body) ?? body);
  const verdict = verdictOn(failure, status);
  const text = serverText(failure.message ?? body, context.secrets);
  const resetsAt = resetOf(verdict, { failure, headers, nowMs: context.nowMs() });
  return new ModelError(verdict.kind, statusMessage(response, failure, verdict, text, { ...context, resetsAt }), {
    phase: 'request',
    httpStatus: status,
    rateLimits: rateLimitsOf(headers),
    ...actionOn(verdict, failure),
    ...delayFor(verdict, failure, serverDelayMs(headers, context.nowMs())),
    resetsAt,
  });
}

/** Why a response failed after it had begun, or in a body of status 200. */
export function responseFailure(failure: WireFailure, context: FailureContext): ModelError {
  const text = serverText(failure.message ?? 'the model gave no reason', context.secrets);
  const verdict = verdictOn(failure, null);
  const resetsAt = resetOf(verdict, { failure, headers: {}, nowMs: context.nowMs() });
  const known = knownFailureText(failure, verdict, text, { ...context, resetsAt });
  return new ModelError(verdict.kind, known ?? `the model's response failed: ${text}`, {
    phase: 'stream',
    ...(failure.status === null ? {} : { httpStatus: failure.status }),
    ...actionOn(verdict, failure),
    ...delayFor(verdict, failure, null),
    resetsAt,
  });
}

/** What the turn can do about it. */
function actionOn({ kind, recovery }: Verdict, failure: WireFailure): Omit<ModelErrorOptions, 'phase'> & object {
  const windowTokens = kind === 'contextWindowExceeded' ? namedWindow(failure) : null;
  const refused = kind === 'badRequest' || recovery === 'retry' ? refusedContent(failure) : null;
  return {
    retryable: recovery !== 'none',
    ...(recovery === 'askAgain' ? { phase: 'answer' as const } : {}),
    ...(recovery === 'retryNextMinute' ? { pace: 'minute' as const } : {}),
    ...(windowTokens === null ? {} : { windowTokens }),
    ...(refused === null ? {} : { refused }),
  };
}

/** A delay in a message counts where the server asks for less: elsewhere it may be about anything. */
function delayFor(
  { kind, recovery }: Verdict,
  failure: WireFailure,
  ofHeaders: number | null,
): { retryAfterMs?: number } {
  if (recovery === 'none') return {};
  const inBody = kind === 'serverOverloaded' ? (failure.delayMs ?? suggestedDelayMs(failure.message)) : null;
  const delay = capped(ofHeaders ?? inBody);
  return delay === null ? {} : { retryAfterMs: delay };
}

interface NamedReset {
  readonly failure: WireFailure;
  readonly headers: RefusedResponse['headers'];
  readonly nowMs: number;
}

/** When a limit of hours or days ends, Unix milliseconds; null: the server does not say, or a retry outlasts it. */
function resetOf({ kind }: Verdict, { failure, headers, nowMs }: NamedReset): number | null {
  if (kind !== 'usageLimitExceeded' && kind !== 'serverOverloaded') return null;
  const delayMs = serverDelayMs(headers, nowMs) ?? failure.delayMs ?? suggestedDelayMs(failure.message);
  if (kind === 'serverOverloaded') return resetAfter(delayMs, nowMs);
  return failure.resetsAt !== null ? failure.resetsAt * 1_000 : delayMs === null ? null : nowMs + delayMs;
}

function statusMessage(
  response: RefusedResponse,
  failure: WireFailure,
  verdict: Verdict,
  text: string,
  context: FailureFacts,
): string {
  const { status, statusText, headers } = response;
  const named = knownFailureText(failure, verdict, text, context);
  if (named !== null && status !== 401) return named;
  const { secrets } = context;
  const id = REQUEST_ID_HEADERS.map((name) => headers[name]).find((value) => value !== undefined);
  const line = `unexpected status ${status}${statusText === '' ? '' : ` ${serverText(statusText, secrets)}`}`;
  const whole = `${line}${text === '' ? '' : `: ${text}`}${id === undefined ? '' : ` (request id ${serverText(id, secrets).slice(0, 200)})`}`;
  const { resetsAt } = context;
  const reset = resetsAt === null ? '' : `. The limit resets ${untilText(resetsAt, context.nowMs())}`;
  const reached = `${whole}${reset}${proxyAdvice(context)}`;
  if (verdict.kind !== 'unauthorized' || status === 403) return reached;
  return `${context.host} did not accept the credentials (${context.keySource}): ${reached}`;
}

/** Ends the text about an answer that a proxy may have given in the server's place; empty without one. */
export function proxyAdvice({ proxy, host }: FailureContext): string {
  return proxy ? `. It came through the proxy ${proxy}: if that must not be used for ${host}, add it to NO_PROXY.` : '';
}

/** keel's own text for failures that the user can do something about. */
function knownFailureText(failure: WireFailure, { kind }: Verdict, text: string, context: FailureFacts): string | null {
  if (kind === 'badRequest' && NO_TOOLS.test(failure.message ?? '')) {
    return `${context.host} does not let this model call tools, and keel can do nothing without them: choose another model, or have the server allow them. \`keel provider test\` shows what works. (${text})`;
  }
  switch (kind) {
    case 'contextWindowExceeded':
      return `The conversation no longer fits into the model's context window. Start a new thread, or undo or compact this one. (${text})`;
    case 'usageLimitExceeded':
      return `You have reached your usage limit. Try again ${untilText(context.resetsAt, context.nowMs())}.`;
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

/** The response ended with nothing in it to use. Asked again, a model mostly answers. */
export function noAnswer(what: string): ModelError {
  return new ModelError('noAnswer', `the model gave no answer: ${what}`, { phase: 'answer', retryable: true });
}

/** The connection broke while the response was awaited or streamed. */
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
