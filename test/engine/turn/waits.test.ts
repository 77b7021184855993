import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { warningsDue } from '../../../src/engine/turn/budget-tracker.ts';
import { backoffMs, finalError, RetryBudget } from '../../../src/engine/turn/retry-budget.ts';
import type { SamplingFailure } from '../../../src/engine/turn/sampling-end.ts';

const failure = (more: Partial<SamplingFailure> = {}): SamplingFailure => ({
  type: 'failed',
  error: { kind: 'serverOverloaded', message: 'busy', httpStatus: 503 },
  phase: 'request',
  retryable: true,
  jitter: 1,
  serverDelayMs: null,
  rateLimits: null,
  ...more,
});

describe('a wait before another attempt', () => {
  it('doubles, and is a minute at most', () => {
    expect([1, 2, 3, 4, 9, 10, 50, 2_000].map((attempt) => backoffMs(attempt, 1))).toEqual([
      200, 400, 800, 1_600, 51_200, 60_000, 60_000, 60_000,
    ]);
    expect([1, 2, 3, 4, 5, 9].map((attempt) => backoffMs(attempt, 1, 'minute'))).toEqual([
      5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
  });

  it('is a whole number that differs by a tenth at most', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0.9, max: 1.0999, noNaN: true }),
        (attempt, jitter) => {
          const ms = backoffMs(attempt, jitter);
          expect(Number.isInteger(ms)).toBe(true);
          expect(ms).toBeGreaterThanOrEqual(Math.trunc(backoffMs(attempt, 1) * 0.9));
          expect(ms).toBeLessThanOrEqual(Math.ceil(backoffMs(attempt, 1) * 1.1));
        },
      ),
    );
  });
});

describe('the attempts of a response', () => {
  it('are as many as allowed, counted for each kind by itself', () => {
    const phase = fc.constantFrom<SamplingFailure['phase']>('request', 'stream', 'answer');
    fc.assert(
      fc.property(fc.nat(4), fc.nat(4), fc.array(phase, { maxLength: 20 }), (request, stream, phases) => {
        const budget = new RetryBudget({ request, stream });
        const allowed = { request, stream, answer: Math.min(2, stream) };
        const count = { request: 0, stream: 0, answer: 0 };
        for (const each of phases) {
          const retry = budget.next(failure({ phase: each }));
          if (count[each] < allowed[each]) {
            count[each] += 1;
            expect(retry).toMatchObject({ attempt: count[each], allowed: allowed[each] });
          } else expect(retry).toBeNull();
        }
      }),
    );
  });

  it('are given back by a response that completes', () => {
    const budget = new RetryBudget({ request: 1, stream: 1 });
    expect(budget.next(failure())).not.toBeNull();
    expect(budget.next(failure())).toBeNull();
    budget.reset();
    expect(budget.next(failure())).toMatchObject({ attempt: 1 });
  });

  it('are none for what is final, and what a server asks for is waited for', () => {
    const budget = new RetryBudget({ request: 5, stream: 5 });
    expect(budget.next(failure({ retryable: false }))).toBeNull();
    expect(budget.next(failure({ serverDelayMs: 7_000 }))).toMatchObject({ attempt: 1, delayMs: 7_000 });
    expect(budget.next(failure({ serverDelayMs: 0 }))).toMatchObject({ attempt: 2, delayMs: 0 });
  });

  it('end with an error that says so, where another attempt was possible at all', () => {
    expect(finalError(failure())).toEqual({
      kind: 'responseTooManyFailedAttempts',
      message: 'exceeded retry limit, last status: 503. busy',
      httpStatus: 503,
    });
    for (const other of [
      failure({ retryable: false }),
      failure({ phase: 'stream' }),
      failure({ error: { kind: 'internal', message: 'x' } }),
    ]) {
      expect(finalError(other)).toBe(other.error);
    }
  });
});

describe('warnings of a budget', () => {
  it.each([
    [100, 100, 0],
    [26, 100, 0],
    [25, 100, 1],
    [11, 100, 1],
    [10, 100, 2],
    [0, 100, 2],
    [-5, 100, 2],
    [1, 2, 0],
    [0.2, 2, 2],
  ])('%d of %d left: %i', (left, total, count) => expect(warningsDue({ left, total })).toBe(count));

  it('are never fewer when less is left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(1_000_000), fc.nat(1_000_000), (total, one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        expect(warningsDue({ left: less, total })).toBeGreaterThanOrEqual(warningsDue({ left: more, total }));
      }),
    );
  });
});
