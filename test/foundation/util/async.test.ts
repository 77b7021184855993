import { describe, expect, it } from 'vitest';
import { Deferred, onAbort, raceAbort } from '../../../src/foundation/util/index.ts';

/** A signal that counts who listens to it. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  const listeners = new Set<unknown>();
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  return { controller, signal, listeners };
}

describe('a value that another part provides', () => {
  it('is settled from outside, once', async () => {
    const given = new Deferred<number>();
    given.resolve(1);
    given.resolve(2);
    given.reject(new Error('late'));
    expect(await given.promise).toBe(1);
  });

  it('can fail instead', async () => {
    const failed = new Deferred<number>();
    failed.reject(new Error('no'));
    await expect(failed.promise).rejects.toThrow('no');
  });
});

describe('a listener for an abort', () => {
  it('is called once, when the signal aborts', () => {
    const controller = new AbortController();
    let calls = 0;
    using _listener = onAbort(controller.signal, () => {
      calls += 1;
    });
    expect(calls).toBe(0);
    controller.abort();
    controller.abort();
    expect(calls).toBe(1);
  });

  it('is called at once where the signal has aborted already', () => {
    let calls = 0;
    onAbort(AbortSignal.abort(), () => {
      calls += 1;
    })[Symbol.dispose]();
    expect(calls).toBe(1);
  });

  it('is gone when it is disposed of', () => {
    const { controller, signal, listeners } = counted();
    let calls = 0;
    onAbort(signal, () => {
      calls += 1;
    })[Symbol.dispose]();
    expect(listeners.size).toBe(0);
    controller.abort();
    expect(calls).toBe(0);
  });
});

describe('work that is waited for until an abort', () => {
  it('gives its value, and no listener stays behind', async () => {
    const { signal, listeners } = counted();
    expect(await raceAbort(Promise.resolve('value'), signal)).toBe('value');
    expect(listeners.size).toBe(0);
  });

  it('fails as it fails, and no listener stays behind', async () => {
    const { signal, listeners } = counted();
    await expect(raceAbort(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
    expect(listeners.size).toBe(0);
  });

  it('is given up with the reason of the signal, before and during the wait', async () => {
    const never = new Promise<string>(() => undefined);
    await expect(raceAbort(never, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    const { controller, signal, listeners } = counted();
    const waiting = raceAbort(never, signal);
    controller.abort(new Error('during'));
    await expect(waiting).rejects.toThrow('during');
    expect(listeners.size).toBe(0);
  });

  it('may fail later without being an unhandled failure', async () => {
    const work = new Deferred<string>();
    const controller = new AbortController();
    const waiting = raceAbort(work.promise, controller.signal);
    controller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    work.reject(new Error('nobody waits for this'));
    // An unhandled rejection would fail the run when the event loop turns.
    await new Promise((resolve) => setImmediate(resolve));
  });
});
