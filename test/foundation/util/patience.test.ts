import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Patience } from '../../../src/foundation/util/index.ts';

/** Nothing of this process runs meanwhile, as if it or its machine had been stopped. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('patience ends when its time is used up, and says how long that was', async () => {
  using patience = new Patience(50);
  const before = performance.now();
  await once(patience.signal, 'abort');
  expect(performance.now() - before).toBeGreaterThan(40);
  expect(patience.signal.reason).toEqual(new TypeError('nothing came for 50 ms'));
});

test('time in which this process stood still is not used up by others', async () => {
  using patience = new Patience(100);
  for (let stop = 0; stop < 5; stop += 1) {
    standStill(120);
    // One part of its time at most is counted for each stop.
    await delay(0);
  }
  expect(patience.signal.aborted).toBe(false);
  await once(patience.signal, 'abort');
});

test('while it is paused nothing need come, and then it has all its time again', async () => {
  using patience = new Patience(60);
  for (let round = 0; round < 3; round += 1) {
    patience.pause();
    await delay(90);
    expect(patience.signal.aborted).toBe(false);
    patience.refresh();
  }
  const before = performance.now();
  await once(patience.signal, 'abort');
  expect(performance.now() - before).toBeGreaterThan(40);
});

test('nothing of it is left behind when its owner is done', async () => {
  const patience = new Patience(20);
  patience[Symbol.dispose]();
  await delay(60);
  expect(patience.signal.aborted).toBe(false);
});
