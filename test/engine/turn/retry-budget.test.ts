import { expect, test } from 'vitest';
import { backoffMs, finalError, RetryBudget } from '../../../src/engine/turn/retry-budget.ts';
import type { SamplingFailure } from '../../../src/engine/turn/sampling-end.ts';

const failure = (more: Partial<SamplingFailure> = {}): SamplingFailure => ({
  type: 'failed',
  error: { kind: 'httpConnectionFailed', message: 'gone', httpStatus: 503 },
  phase: 'request',
  retryable: true,
  serverDelayMs: null,
  jitter: 1,
  rateLimits: null,
  ...more,
});

test('M39: the wait doubles from 200 ms, within a tenth', () => {
  expect([1, 2, 3, 4].map((attempt) => backoffMs(attempt, 1))).toEqual([200, 400, 800, 1_600]);
  expect(backoffMs(1, 0.9)).toBe(180);
  expect(backoffMs(2, 1.0999)).toBeLessThan(440);
});

test('M38: a delay that the server asked for wins', () => {
  const budget = new RetryBudget({ request: 1, stream: 1 });
  expect(budget.next(failure({ serverDelayMs: 1_898 }))).toEqual({ attempt: 1, allowed: 1, delayMs: 1_898 });
});

test('the budgets of requests and streams are separate, never multiplied, and come back with a whole response', () => {
  const budget = new RetryBudget({ request: 1, stream: 2 });
  expect(budget.next(failure())).not.toBeNull();
  expect(budget.next(failure())).toBeNull();
  expect(budget.next(failure({ phase: 'stream' }))).toMatchObject({ attempt: 1, allowed: 2 });
  budget.reset();
  expect(budget.next(failure())).toMatchObject({ attempt: 1 });
  expect(budget.next(failure({ retryable: false, phase: 'stream' }))).toBeNull();
});

test('used-up attempts are said with the last status', () => {
  expect(finalError(failure())).toMatchObject({
    kind: 'responseTooManyFailedAttempts',
    message: 'exceeded retry limit, last status: 503. gone',
  });
  expect(finalError(failure({ retryable: false })).message).toBe('gone');
});

test('without a word of the server’s, the default retries of a rate limit reach over a minute', () => {
  for (const jitter of [0.9, 1, 1.0999]) {
    const waits = [1, 2, 3, 4].map((attempt) => backoffMs(attempt, jitter, 'minute'));
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(60_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(66_000);
  }
});

test('a model that answers with nothing is asked twice more, and never where retries are switched off', () => {
  const empty = failure({ phase: 'answer' });
  const budget = new RetryBudget({ request: 4, stream: 5 });
  expect([budget.next(empty), budget.next(empty), budget.next(empty)]).toMatchObject([{}, { attempt: 2 }, null]);
  expect(new RetryBudget({ request: 4, stream: 0 }).next(empty)).toBeNull();
});
