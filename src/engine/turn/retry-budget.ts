import type { ErrorInfo } from '../../foundation/protocol/index.ts';
import type { SamplingFailure } from './sampling-end.ts';

const FIRST_BACKOFF_MS = 200;
/** Limits are mostly counted by the minute: the default four retries wait 75 s in all, a tenth more or less. */
const FIRST_MINUTE_BACKOFF_MS = 5_000;
const MAX_BACKOFF_MS = 60_000;
/** How often a model that answered with nothing is asked again. */
const MAX_ASKED_AGAIN = 2;

export interface Retry {
  /** Counts from 1. */
  readonly attempt: number;
  readonly allowed: number;
  readonly delayMs: number;
}

type Phase = SamplingFailure['phase'];

/**
 * Counts the attempts of one response. Opening a request, keeping a stream and getting an answer at all have budgets of their
 * own, which are never multiplied; a response that completes gives all of them back.
 */
export class RetryBudget {
  readonly #allowed: Readonly<Record<Phase, number>>;
  #used: Record<Phase, number> = { request: 0, stream: 0, answer: 0 };

  constructor(allowed: { readonly request: number; readonly stream: number }) {
    this.#allowed = { ...allowed, answer: Math.min(MAX_ASKED_AGAIN, allowed.stream) };
  }

  /** The next attempt; null when the failure is final. */
  next(failure: SamplingFailure): Retry | null {
    const allowed = this.#allowed[failure.phase];
    if (!failure.retryable || this.#used[failure.phase] >= allowed) return null;
    this.#used[failure.phase] += 1;
    const attempt = this.#used[failure.phase];
    return { attempt, allowed, delayMs: failure.serverDelayMs ?? backoffMs(attempt, failure.jitter, failure.pace) };
  }

  reset(): void {
    this.#used = { request: 0, stream: 0, answer: 0 };
  }
}

/** Doubled with each attempt, at most a minute; `jitter` in [0.9, 1.1) keeps many clients from retrying in step. */
export function backoffMs(attempt: number, jitter: number, pace?: SamplingFailure['pace']): number {
  const first = pace === 'minute' ? FIRST_MINUTE_BACKOFF_MS : FIRST_BACKOFF_MS;
  return Math.trunc(Math.min(first * 2 ** (attempt - 1), MAX_BACKOFF_MS) * jitter);
}

/** The error that a turn ends with: a retryable one says that the attempts are used up. */
export function finalError(failure: SamplingFailure): ErrorInfo {
  const { error, phase, retryable } = failure;
  if (!retryable || phase !== 'request' || error.httpStatus === undefined) return error;
  return {
    kind: 'responseTooManyFailedAttempts',
    message: `exceeded retry limit, last status: ${error.httpStatus}. ${error.message}`,
    httpStatus: error.httpStatus,
  };
}
