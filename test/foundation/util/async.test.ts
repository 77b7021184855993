import { describe, expect, it } from 'vitest';
import { Deferred, onAbort, raceAbort, unlessAborted, within } from '../../../src/foundation/util/index.ts';

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

describe('a wait with a limit', () => {
  const never = new Promise<never>(() => undefined);

  it('gives what the work gives in time', async () => {
    expect(await within(Promise.resolve(3), 60_000)).toBe(3);
  });

  it('gives null when the time is up', async () => {
    expect(await within(never, 1)).toBeNull();
  });

  it('gives null at once when the signal aborts, or has', async () => {
    const { controller, signal, listeners } = counted();
    const waiting = within(never, 60_000, signal);
    expect(listeners.size).toBe(1);
    controller.abort();
    expect(await waiting).toBeNull();
    expect(await within(never, 60_000, signal)).toBeNull();
  });

  it('throws what the work throws', async () => {
    await expect(within(Promise.reject(new Error('no')), 60_000)).rejects.toThrow('no');
  });

  it('leaves no listener behind', async () => {
    const { signal, listeners } = counted();
    await within(Promise.resolve(), 60_000, signal);
    await within(Promise.reject(new Error('no')), 60_000, signal).catch(() => undefined);
    await within(never, 1, signal);
    expect(listeners.size).toBe(0);
  });
});

describe('a wait with something in its place', () => {
  it('gives that when the signal aborts, or has', async () => {
    const { controller, signal } = counted();
    const waiting = unlessAborted(new Promise<number>(() => undefined), signal, 'stopped');
    controller.abort();
    expect(await waiting).toBe('stopped');
    expect(await unlessAborted(new Promise<number>(() => undefined), signal, 'stopped')).toBe('stopped');
  });

  it('gives or throws what the work does before, and leaves no listener', async () => {
    const { signal, listeners } = counted();
    expect(await unlessAborted(Promise.resolve(1), signal, 2)).toBe(1);
    await expect(unlessAborted(Promise.reject(new Error('no')), signal, 2)).rejects.toThrow('no');
    expect(listeners.size).toBe(0);
  });

  it('ignores a failure of the work after the abort', async () => {
    const { controller, signal } = counted();
    const work = Promise.withResolvers<number>();
    const waiting = unlessAborted(work.promise, signal, 0);
    controller.abort();
    expect(await waiting).toBe(0);
    work.reject(new Error('late'));
    await expect(work.promise).rejects.toThrow('late');
  });
});
