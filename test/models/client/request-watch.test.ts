import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { IdleWatch } from '../../../src/models/client/idle-watch.ts';
import { CallClock, CallTimedOut } from '../../../src/models/mcp/call-clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number) => vi.advanceTimersByTime(ms);
const never = new AbortController().signal;

describe('a server that is silent', () => {
  test('ends the request when the time is up, and not before', () => {
    using watch = new IdleWatch(100, never);
    pass(99);
    expect(watch.signal.aborted).toBe(false);
    pass(1);
    expect([watch.signal.aborted, watch.hasExpired]).toEqual([true, true]);
  });

  test('has all its time again after each piece', () => {
    using watch = new IdleWatch(100, never);
    for (let piece = 0; piece < 5; piece += 1) {
      pass(90);
      watch.pause();
      watch.wait();
    }
    expect(watch.signal.aborted).toBe(false);
    pass(100);
    expect(watch.hasExpired).toBe(true);
  });

  test('is not blamed for the time in which its piece is read, however long', () => {
    using watch = new IdleWatch(100, never);
    watch.pause();
    pass(10_000);
    expect(watch.hasExpired).toBe(false);
    watch.wait();
    pass(99);
    expect(watch.hasExpired).toBe(false);
    pass(1);
    expect(watch.hasExpired).toBe(true);
  });

  test('is not what ended a request that its caller gave up', () => {
    const outer = new AbortController();
    using watch = new IdleWatch(100, outer.signal);
    outer.abort('mine');
    expect([watch.signal.reason, watch.hasExpired]).toEqual(['mine', false]);
    using late = new IdleWatch(100, AbortSignal.abort('before'));
    expect(late.signal.reason).toBe('before');
  });

  test('is watched no longer than its request lasts', () => {
    const outer = new AbortController();
    const watch = new IdleWatch(100, outer.signal);
    watch[Symbol.dispose]();
    pass(1_000);
    outer.abort();
    expect([watch.signal.aborted, watch.hasExpired]).toEqual([false, false]);
  });
});

describe('the time of a call of a server', () => {
  const limits = { idleMs: 100, totalMs: 250 };

  test('is up without a sign of progress', () => {
    using clock = new CallClock(limits);
    pass(99);
    expect(clock.signal.aborted).toBe(false);
    pass(1);
    expect(clock.signal.reason).toBeInstanceOf(CallTimedOut);
  });

  test('starts again with progress, up to the limit in all', () => {
    using clock = new CallClock(limits);
    for (const ms of [90, 90]) {
      pass(ms);
      clock.progressed();
    }
    pass(69);
    expect(clock.signal.aborted).toBe(false);
    pass(1);
    expect(clock.signal.aborted).toBe(true);
  });

  test('does not pass while the user is asked', () => {
    using clock = new CallClock(limits);
    pass(60);
    clock.pause();
    pass(100_000);
    clock.pause();
    clock.resume();
    pass(39);
    expect(clock.signal.aborted).toBe(false);
    pass(1);
    expect(clock.signal.aborted).toBe(true);
  });

  test('does not start by progress while the user is asked', () => {
    using clock = new CallClock(limits);
    clock.pause();
    clock.progressed();
    pass(100_000);
    expect(clock.signal.aborted).toBe(false);
  });

  test('ends with the call', () => {
    const clock = new CallClock(limits);
    clock[Symbol.dispose]();
    pass(100_000);
    expect(clock.signal.aborted).toBe(false);
  });

  test('without a limit that a timer can have is not up at once', () => {
    using clock = new CallClock({ idleMs: 1e12, totalMs: 1e12 });
    pass(1_000_000);
    expect(clock.signal.aborted).toBe(false);
  });
});
