import type { ErrorInfo } from '../protocol/index.ts';
import type { SamplingFailure } from './sampling-value.ts';

const FIRST_BACKOFF_MS = 200;

export interface Retry {
  /** Counts from 1. */
  readonly attempt: number;
  readonly allowed: number;
  readonly delayMs: number;
}

/**
 * Counts the attempts of one response. Opening a request and keeping a stream have budgets of their own, which are never
 * multiplied; a response that completes gives both back.
 */
export class RetryBudget {
  readonly #allowed: { readonly request: number; readonly stream: number };
  #used = { request: 0, stream: 0 };

  constructor(allowed: { readonly request: number; readonly stream: number }) {
    this.#allowed = allowed;
  }

  /** The next attempt; null when the failure is final. */
  next(failure: SamplingFailure): Retry | null {
    const allowed = this.#allowed[failure.phase];
    if (!failure.retryable || this.#used[failure.phase] >= allowed) return null;
    this.#used[failure.phase] += 1;
    const attempt = this.#used[failure.phase];
    return { attempt, allowed, delayMs: failure.serverDelayMs ?? backoffMs(attempt, failure.jitter) };
  }

  reset(): void {
    this.#used = { request: 0, stream: 0 };
  }
}

/** 200 ms, doubled with each attempt; `jitter` in [0.9, 1.1) keeps many clients from retrying in step. */
export function backoffMs(attempt: number, jitter: number): number {
  return Math.trunc(FIRST_BACKOFF_MS * 2 ** (attempt - 1) * jitter);
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
