import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenUsage } from '../../../src/foundation/protocol/index.ts';
import { costOf, freshInput, type ModelPrices, priceOf } from '../../../src/models/catalogue/prices.ts';

const PRICES: ModelPrices = {
  m: { input: 2, cachedInput: 0.5, output: 10, cacheWrite: 2.5 },
  plain: { input: 1, cachedInput: null, output: 4, cacheWrite: null },
};
const usage = (input: number, cached: number, output: number): TokenUsage => ({
  input_tokens: input,
  cached_input_tokens: cached,
  output_tokens: output,
  reasoning_output_tokens: 0,
  total_tokens: input + output,
});
const cost = (model: string | null, used: TokenUsage | null, cacheWritten = 0) =>
  costOf({ usage: used, model, cacheWritten }, PRICES);

describe('what a response costs', () => {
  it.each<[string, string | null, TokenUsage | null, number, number | null]>([
    ['nothing used', 'm', usage(0, 0, 0), 0, 0],
    ['input and output', 'm', usage(1_000_000, 0, 1_000_000), 0, 12],
    ['input that a cache served', 'm', usage(1_000_000, 1_000_000, 0), 0, 0.5],
    ['input that was written to the cache', 'm', usage(1_000_000, 0, 0), 1_000_000, 2.5],
    ['all of these', 'm', usage(1_000_000, 400_000, 100_000), 200_000, 0.4 * 2 + 0.2 * 2.5 + 0.4 * 0.5 + 0.1 * 10],
    ['more written than was fresh', 'm', usage(1_000_000, 600_000, 0), 999_999_999, 0.4 * 2.5 + 0.6 * 0.5],
    ['a model without a price for its cache', 'plain', usage(1_000_000, 500_000, 0), 200_000, 1],
    ['a model without a price', 'other', usage(1, 0, 1), 0, null],
    ['no model', null, usage(1, 0, 1), 0, null],
    ['no tokens known', 'm', null, 0, null],
    ['a model that is called like a part of every object', 'constructor', usage(1, 0, 1), 0, null],
    ['another of these', '__proto__', usage(1, 0, 1), 0, null],
  ])('%s', (_, model, used, written, dollars) => {
    const is = cost(model, used, written);
    if (dollars === null) expect(is).toBeNull();
    else expect(is).toBeCloseTo(dollars, 9);
  });

  it('is never below zero, and no less for more output', () => {
    const tokens = fc.nat(2_000_000);
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (input, cached, output, written) => {
        const dollars = cost('m', usage(input, cached, output), written) ?? -1;
        expect(dollars).toBeGreaterThanOrEqual(0);
        expect(cost('m', usage(input, cached, output + 1), written) ?? -1).toBeGreaterThanOrEqual(dollars);
        expect(freshInput(usage(input, cached, output))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('the price of a model', () => {
  it('is its own, also behind a dated name', () => {
    expect(priceOf('m', PRICES)).toBe(PRICES['m']);
    expect(priceOf('nothing-like-it', PRICES)).toBeNull();
  });
});
