import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetOf, RequestBudget } from '../../../../../src/engine/session/turn/request-budget.ts';

const NONE = { tokens: null, minutes: null, turns: null, cost: null };
const spent = (tokens: number, costUsd: number | null = 0, isReplayed = false) => ({ tokens, costUsd, isReplayed });

function clock(start = 1_000_000) {
  let at = start;
  return { now: () => at, pass: (minutes: number) => (at += minutes * 60_000) };
}

describe('a budget', () => {
  test.each(['compact', 'review', 'undo', 'user_shell'] as const)('is part of no %s', (taskKind) => {
    expect(budgetOf({ taskKind }, { budget: { ...NONE, tokens: 5 } })).toBeNull();
  });

  test('is there where any limit is', () => {
    const of = (budget: Partial<typeof NONE> | object) =>
      budgetOf({ taskKind: 'regular' }, { budget: { ...NONE, ...budget } }) !== null;
    expect([of({}), of({ tokens: 1 }), of({ minutes: 1 }), of({ turns: 1 }), of({ cost: 1 })]).toEqual([
      ...[false, true, true, true, true],
    ]);
  });

  test('is drawn on by the turn and all subagents together', () => {
    const { now } = clock();
    const budget = new RequestBudget({ ...NONE, tokens: 100, cost: 1 }, now, null);
    const until = new AbortController();
    const [own, child] = [budget.forTurn(until.signal, true), budget.forTurn(until.signal, false)];
    budget.spend(spent(30, 0.25));
    budget.spend(spent(12, 0.5));
    expect([own.tokensUsed(), child.tokensUsed()]).toEqual([42, 42]);
    expect([own.costUsed(), child.costUsed()]).toEqual([0.75, 0.75]);
    expect([own.hasLastAnswer, child.hasLastAnswer]).toEqual([true, false]);
    until.abort();
  });

  test('with a response of unknown price counts as spent, and says so in the record', () => {
    const { now } = clock();
    const budget = new RequestBudget({ ...NONE, cost: 1 }, now, null);
    budget.spend(spent(1, null));
    expect(budget.forTurn(AbortSignal.abort(), true).costUsed()).toBe(Number.POSITIVE_INFINITY);
    expect(budget.used.cost).toBeNull();
    // A process that continues does not take "not known" for nothing.
    const next = new RequestBudget({ ...NONE, cost: 1 }, now, budget.used);
    expect(next.forTurn(AbortSignal.abort(), true).costUsed()).toBe(Number.POSITIVE_INFINITY);
  });

  test('counts what was recorded once: replayed responses are in it', () => {
    const { now } = clock();
    const used = { type: 'budget_used', tokens: 40, minutes: 2, cost: 0.4 } as const;
    const budget = new RequestBudget({ ...NONE, tokens: 100 }, now, used);
    budget.spend(spent(40, 0.4, true));
    budget.spend(spent(5, 0.1));
    expect(budget.used).toEqual({ type: 'budget_used', tokens: 45, minutes: 2, cost: 0.5 });
  });

  test('counts replayed responses where nothing was recorded', () => {
    const budget = new RequestBudget({ ...NONE, tokens: 100 }, clock().now, null);
    budget.spend(spent(40, 0.4, true));
    expect(budget.used.tokens).toBe(40);
  });

  test('of time counts neither the time between two processes nor before it began', () => {
    const first = clock();
    const budget = new RequestBudget({ ...NONE, minutes: 10 }, first.now, null);
    first.pass(4);
    const { used } = budget;
    const second = clock(first.now() + 3_600_000);
    const next = new RequestBudget({ ...NONE, minutes: 10 }, second.now, used);
    second.pass(1);
    expect(next.used.minutes).toBeCloseTo(5);
  });

  test('of time that is used up expires at once, and an endless one never', async () => {
    const until = new AbortController();
    const budget = new RequestBudget({ ...NONE, minutes: 0 }, clock().now, null);
    const { expired } = budget.forTurn(until.signal, true);
    await new Promise((resolve) => expired.addEventListener('abort', resolve, { once: true }));
    const endless = new RequestBudget({ ...NONE, minutes: Number.MAX_SAFE_INTEGER }, clock().now, null);
    expect(endless.forTurn(until.signal, true).expired.aborted).toBe(false);
    until.abort();
  });

  test('over any number of processes is what one process would have counted', () => {
    const response = fc.record({ tokens: fc.nat(1_000), cents: fc.nat(100), moves: fc.boolean() });
    fc.assert(
      fc.property(fc.array(response, { maxLength: 20 }), (responses) => {
        const { now } = clock();
        const limits = { ...NONE, tokens: 10_000 };
        const whole = new RequestBudget(limits, now, null);
        let moved = new RequestBudget(limits, now, null);
        for (const { tokens, cents, moves } of responses) {
          whole.spend(spent(tokens, cents / 100));
          moved.spend(spent(tokens, cents / 100));
          if (moves) moved = new RequestBudget(limits, now, moved.used);
        }
        expect(moved.used.tokens).toBe(whole.used.tokens);
        expect(moved.used.cost).toBeCloseTo(whole.used.cost ?? -1);
      }),
      { numRuns: 50 },
    );
  });
});
