import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CacheMiss, type RequestRecord } from '../../../src/foundation/protocol/index.ts';
import { costOf, priceOf } from '../../../src/models/catalogue/index.ts';
import type { RecordedRequest } from '../../../src/storage/threads/index.ts';
import { UsageCounter, type UsageSum } from '../../../src/surfaces/cli/commands/models/usage-sums.ts';

const prices = { priced: { input: 2, cachedInput: 0.5, output: 8, cacheWrite: 2.5 } };

const tokens = fc.record({ input: fc.nat(100_000), cached: fc.nat(100_000), output: fc.nat(10_000) });
const usage = tokens.map(({ input, cached, output }) => ({
  input_tokens: input,
  cached_input_tokens: Math.min(cached, input),
  output_tokens: output,
  reasoning_output_tokens: 0,
  total_tokens: input + output,
}));
const record: fc.Arbitrary<RequestRecord> = fc.record({
  provider: fc.constant('openai'),
  model: fc.constant('priced'),
  sentAt: fc.nat(),
  firstTokenMs: fc.option(fc.nat(5_000)),
  durationMs: fc.nat(60_000),
  costUsd: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  cacheWritten: fc.nat(1_000),
  cacheMiss: fc.option(fc.constantFrom(...CacheMiss.options)),
  missedTokens: fc.nat(5_000),
});
const request: fc.Arbitrary<RecordedRequest> = fc.record({
  at: fc.nat(),
  provider: fc.constant('openai'),
  model: fc.constantFrom('priced', 'unknown', null),
  usage: fc.option(usage),
  request: fc.option(record),
});

function sumOf(requests: readonly RecordedRequest[]): UsageSum {
  const counter = new UsageCounter();
  for (const one of requests) counter.add(one, prices);
  return counter.sum;
}

const COUNTED = [
  ...(['requests', 'input_tokens', 'cached_input_tokens', 'output_tokens', 'duration_ms'] as const),
  ...(['unpriced_requests', 'unmeasured_requests'] as const),
];

describe('what requests took', () => {
  test('is the same in all, however they are grouped', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(request, fc.nat(3)), { maxLength: 30 }), (all) => {
        const total = sumOf(all.map(([one]) => one));
        const groups = [0, 1, 2, 3].map((group) => sumOf(all.filter(([, at]) => at === group).map(([one]) => one)));
        for (const name of COUNTED) {
          expect(groups.reduce((sum, group) => sum + group[name], 0)).toBe(total[name]);
        }
        expect(groups.reduce((sum, group) => sum + group.cost_usd, 0)).toBeCloseTo(total.cost_usd, 9);
        for (const miss of CacheMiss.options) {
          const missed = groups.map((group) => group.cache_misses[miss]);
          expect(missed.reduce((sum, one) => sum + (one?.requests ?? 0), 0)).toBe(
            total.cache_misses[miss]?.requests ?? 0,
          );
          expect(missed.reduce((sum, one) => sum + (one?.tokens ?? 0), 0)).toBe(total.cache_misses[miss]?.tokens ?? 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('is never more cached than sent, and each request is priced or counted as not', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 30 }), (all) => {
        const sum = sumOf(all);
        expect(sum.cached_input_tokens).toBeLessThanOrEqual(sum.input_tokens);
        const isUnpriced = ({ request: known, usage: used, model }: RecordedRequest) =>
          (known?.costUsd ?? null) === null && (used === null || model !== 'priced');
        expect(sum.unpriced_requests).toBe(all.filter(isUnpriced).length);
        if (sum.first_token_ms !== null) expect(sum.first_token_ms).toBeLessThanOrEqual(5_000);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the price of a request', () => {
  const used = (input: number, cached: number, output: number) => ({
    ...{ input_tokens: input, cached_input_tokens: cached, output_tokens: output, reasoning_output_tokens: 0 },
    total_tokens: input + output,
  });

  test.each([
    ['fresh input', used(1_000_000, 0, 0), 0, 2],
    ['cached input', used(1_000_000, 1_000_000, 0), 0, 0.5],
    ['output', used(0, 0, 1_000_000), 0, 8],
    ['input that the cache was written with', used(1_000_000, 0, 0), 1_000_000, 2.5],
    ['more written than there was fresh', used(1_000_000, 500_000, 0), 9_000_000, 1.5],
    ['more cached than sent', used(10, 1_000_000, 0), 0, 0.5],
  ])('has %s at its rate', (_what, usageOf, cacheWritten, cost) => {
    expect(costOf({ usage: usageOf, model: 'priced', cacheWritten }, prices)).toBeCloseTo(cost, 9);
  });

  test('is not known without a price, a model or a measure', () => {
    expect(costOf({ usage: used(1, 0, 0), model: 'other' }, prices)).toBeNull();
    expect(costOf({ usage: used(1, 0, 0), model: null }, prices)).toBeNull();
    expect(costOf({ usage: null, model: 'priced' }, prices)).toBeNull();
  });

  test('falls with what the cache serves, never below nothing', () => {
    fc.assert(
      fc.property(usage, fc.nat(100_000), (one, more) => {
        const cached = Math.min(one.input_tokens, one.cached_input_tokens + more);
        const before = costOf({ usage: one, model: 'priced' }, prices) ?? Number.NaN;
        const after = costOf({ usage: { ...one, cached_input_tokens: cached }, model: 'priced' }, prices) ?? Number.NaN;
        expect(after).toBeLessThanOrEqual(before + 1e-12);
        expect(after).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['priced', true],
    ['vendor/priced', true],
    ['vendor/group/PRICED', true],
    ['priced-2026-01-05', true],
    ['priced-20260105', true],
    ['priced-mini', false],
    ['constructor', false],
    ['__proto__', false],
    ['', false],
  ])('of %j is found: %s', (model, isKnown) => {
    expect(priceOf(model, prices) !== null).toBe(isKnown);
  });
});
