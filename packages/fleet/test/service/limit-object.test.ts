import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Claim, claimed, givenBack, type LimitState } from '../../src/service/limit-object.ts';

const empty: LimitState = { max: 1, running: [], waiting: [] };
const claim = (threadId: string, max = 2): Claim => ({ threadId, max, rest: [] });

test('as many as the limit says are admitted, and the others in their order', () => {
  const first = claimed(empty, claim('a'));
  const second = claimed(first.state, claim('b'));
  const third = claimed(second.state, claim('c'));
  const fourth = claimed(third.state, claim('d'));
  expect([first, second, third, fourth].map(({ admitted }) => admitted.map(({ threadId }) => threadId))).toEqual([
    ['a'],
    ['b'],
    [],
    [],
  ]);
  expect(givenBack(fourth.state, 'a').admitted).toEqual([claim('c')]);
});

test('a thread that gives up while it waits is not admitted later', () => {
  const { state } = claimed(claimed(empty, claim('a', 1)).state, claim('b', 1));
  const without = givenBack(state, 'b').state;
  expect(givenBack(without, 'a')).toEqual({ state: { max: 1, running: [], waiting: [] }, admitted: [] });
});

test('a limit that is lowered lets what runs run, and admits nobody until it has room', () => {
  let state = empty;
  for (const id of ['a', 'b', 'c']) state = claimed(state, claim(id, 3)).state;
  const lowered = claimed(state, claim('d', 1));
  expect(lowered.admitted).toEqual([]);
  const one = givenBack(givenBack(lowered.state, 'a').state, 'b');
  expect(one.admitted).toEqual([]);
  expect(givenBack(one.state, 'c').admitted).toEqual([claim('d', 1)]);
});

test('a claim that is made twice counts once', () => {
  const twice = claimed(claimed(claimed(empty, claim('a', 1)).state, claim('b', 1)).state, claim('b', 1));
  expect(twice.state.waiting).toEqual([claim('b', 1)]);
});

test('whatever is claimed and given back: never more than the limit, and nobody is forgotten', () => {
  const step = fc.record({ id: fc.integer({ min: 0, max: 7 }), gives: fc.boolean() });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step), (max, steps) => {
      let state: LimitState = { ...empty, max };
      for (const { id, gives } of steps) {
        const threadId = `t${id}`;
        if (!gives && state.running.includes(threadId)) continue;
        state = (gives ? givenBack(state, threadId) : claimed(state, claim(threadId, max))).state;
        expect(state.running.length).toBeLessThanOrEqual(max);
        expect(state.waiting.length === 0 || state.running.length === max).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
