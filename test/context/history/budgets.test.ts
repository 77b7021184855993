import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addChildUsage,
  addUsage,
  filledWindow,
  fillWindow,
  isOfResponse,
  tokensInWindow,
  withTotal,
} from '../../../src/context/history/token-info.ts';
import { windowBudget } from '../../../src/context/history/window-budget.ts';
import { NO_USAGE, type TokenUsage } from '../../../src/foundation/protocol/index.ts';

describe('the parts of a window', () => {
  const LARGE = windowBudget(null, 0);

  it('have a size of their own where the window is not known', () => {
    expect(LARGE).toMatchObject({
      messageBytes: Number.POSITIVE_INFINITY,
      outputBytes: 10_240,
      firstBytes: 4_096,
      summaryWords: 1_200,
    });
  });

  it('are the same in a large window, but for what has no size of its own', () => {
    const { messageBytes, instructionsBytes, ...rest } = windowBudget(1_000_000, 10_000);
    expect(rest).toEqual(Object.fromEntries(Object.entries(LARGE).filter(([, size]) => Number.isFinite(size))));
    expect([messageBytes, instructionsBytes].every(Number.isFinite)).toBe(true);
  });

  it('grow with the window, and never beyond their size', () => {
    const tokens = fc.integer({ min: 1, max: 2_000_000 });
    fc.assert(
      fc.property(tokens, tokens, fc.nat(200_000), (one, other, overhead) => {
        const [small, large] = [
          windowBudget(Math.min(one, other), overhead),
          windowBudget(Math.max(one, other), overhead),
        ];
        for (const [part, size] of Object.entries(small) as [keyof typeof small, number][]) {
          expect(size).toBeLessThanOrEqual(large[part]);
          expect(large[part]).toBeLessThanOrEqual(LARGE[part]);
          expect(Number.isInteger(size) && size >= 0).toBe(true);
        }
      }),
    );
  });

  it('leave more than half of the room free after a compaction', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 1_000_000 }), fc.nat(50_000), (tokens, overhead) => {
        const { keptBytes, factsBytes, summaryWords } = windowBudget(tokens, overhead);
        const room = Math.max(tokens * 0.2, tokens - overhead) * 4;
        expect(keptBytes + factsBytes + summaryWords * 7).toBeLessThan(room / 2);
      }),
    );
  });

  it('are not nothing where instructions and tools fill the window', () => {
    const { outputBytes, keptBytes, firstBytes } = windowBudget(8_000, 8_000);
    for (const size of [outputBytes, keptBytes, firstBytes]) expect(size).toBeGreaterThan(100);
  });
});

describe('the tokens of a thread', () => {
  const usage = fc.record<TokenUsage>({
    input_tokens: fc.nat(100_000),
    cached_input_tokens: fc.nat(100_000),
    output_tokens: fc.nat(100_000),
    reasoning_output_tokens: fc.nat(100_000),
    total_tokens: fc.nat(200_000),
  });

  it('are the sum of all responses, and the last one is the newest', () => {
    fc.assert(
      fc.property(fc.array(usage, { minLength: 1, maxLength: 6 }), (all) => {
        const info = all.reduce<ReturnType<typeof addUsage>>((before, each) => addUsage(before, each, 1_000), null);
        const sum = all.reduce((total, each) => total + each.total_tokens, 0);
        expect(info?.total_token_usage.total_tokens).toBe(sum);
        expect(info?.last_token_usage).toEqual(all.at(-1));
      }),
    );
  });

  it('do not change where a provider measured nothing', () => {
    fc.assert(
      fc.property(usage, (used) => {
        const before = addUsage(null, used, 1_000);
        expect(addUsage(before, null, 2_000)).toEqual({ ...before, model_context_window: 2_000 });
        expect(addUsage(null, null, 1_000)).toBeNull();
      }),
    );
  });

  it('of a child count in the total alone', () => {
    fc.assert(
      fc.property(usage, usage, (own, child) => {
        const info = addChildUsage(addUsage(null, own, 1_000), child, 1_000);
        expect(info.last_token_usage).toEqual(own);
        expect(info.total_token_usage.total_tokens).toBe(own.total_tokens + child.total_tokens);
        expect(addChildUsage(null, child, null).last_token_usage).toEqual(NO_USAGE);
      }),
    );
  });

  it('of a response are known from those of a child, and from what is only reported again', () => {
    fc.assert(
      fc.property(usage, usage, (one, two) => {
        fc.pre(one.total_tokens > 0 && two.total_tokens > 0);
        const first = addUsage(null, one, 1_000);
        const second = addUsage(first, two, 1_000);
        if (first === null || second === null) throw new Error('both have usage');
        expect(isOfResponse(null, first)).toBe(true);
        expect(isOfResponse(first, second)).toBe(true);
        expect(isOfResponse(first, first)).toBe(false);
        if (one.total_tokens !== two.total_tokens)
          expect(isOfResponse(first, addChildUsage(first, two, 1_000))).toBe(false);
      }),
    );
  });

  it('of a window that was found full are known by their form', () => {
    const full = fillWindow(addUsage(null, { ...NO_USAGE, total_tokens: 300 }, 1_000), 1_000);
    expect(full.total_token_usage.total_tokens).toBe(1_000);
    expect(full.last_token_usage.total_tokens).toBe(700);
    expect(filledWindow(full)).toBe(1_000);
    expect(filledWindow(fillWindow(null, 50))).toBe(50);
    const real = addUsage(null, { ...NO_USAGE, input_tokens: 1_000, total_tokens: 1_000 }, 1_000);
    expect(real && filledWindow(real)).toBeNull();
    expect(filledWindow({ total_token_usage: NO_USAGE, last_token_usage: NO_USAGE })).toBeNull();
  });

  it('that stay in the window are without reasoning, and never fewer than none', () => {
    expect(tokensInWindow({ ...NO_USAGE, total_tokens: 100, reasoning_output_tokens: 30 })).toBe(70);
    expect(tokensInWindow({ ...NO_USAGE, total_tokens: 10, reasoning_output_tokens: 30 })).toBe(0);
  });

  it('can get another total, and the last response stays', () => {
    const before = addUsage(null, { ...NO_USAGE, total_tokens: 5 }, 9);
    expect(withTotal(before, { ...NO_USAGE, total_tokens: 50 })).toEqual({
      total_token_usage: { ...NO_USAGE, total_tokens: 50 },
      last_token_usage: { ...NO_USAGE, total_tokens: 5 },
      model_context_window: 9,
    });
    expect(withTotal(null, NO_USAGE).last_token_usage).toEqual(NO_USAGE);
  });
});
