import { describe, expect, it } from 'vitest';
import { Deferred } from '../../../src/foundation/util/index.ts';
import { CallGate } from '../../../src/tools/index.ts';

const never = new AbortController().signal;

/** Calls at a gate, each running until the test ends it. */
class Calls {
  readonly seen: string[] = [];
  readonly results = new Map<string, Promise<unknown>>();
  readonly #gate = new CallGate();
  readonly #ends = new Map<string, Deferred<void>>();

  start(name: string, mode: 'shared' | 'exclusive', signal: AbortSignal = never): void {
    const end = new Deferred<void>();
    this.#ends.set(name, end);
    const work = async () => {
      this.seen.push(`${name} began`);
      await end.promise;
      this.seen.push(`${name} ended`);
      return name;
    };
    this.results.set(name, this.#gate.run(mode, signal, work));
  }

  async end(name: string): Promise<unknown> {
    this.#ends.get(name)?.resolve();
    const result = await this.results.get(name);
    await settled();
    return result;
  }
}

/** Everything that can happen without anything from outside has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('the gate of the calls of one response', () => {
  it('T10: lets calls that may be parallel overlap', async () => {
    const calls = new Calls();
    calls.start('a', 'shared');
    calls.start('b', 'shared');
    await settled();
    expect(calls.seen).toEqual(['a began', 'b began']);
  });

  it.each([
    ['exclusive', 'exclusive'],
    ['shared', 'exclusive'],
    ['exclusive', 'shared'],
  ] as const)('T10: lets a %s call and a %s one run one after the other, in their order', async (first, second) => {
    const calls = new Calls();
    calls.start('a', first);
    calls.start('b', second);
    await settled();
    expect(calls.seen).toEqual(['a began']);
    expect(await calls.end('a')).toBe('a');
    expect(await calls.end('b')).toBe('b');
    expect(calls.seen).toEqual(['a began', 'a ended', 'b began', 'b ended']);
  });

  it('M41: keeps later shared calls behind a waiting exclusive one', async () => {
    const calls = new Calls();
    calls.start('reader', 'shared');
    calls.start('writer', 'exclusive');
    calls.start('late', 'shared');
    calls.start('later', 'shared');
    await settled();
    await calls.end('reader');
    expect(calls.seen).toEqual(['reader began', 'reader ended', 'writer began']);
    await calls.end('writer');
    expect(calls.seen.slice(-2)).toEqual(['late began', 'later began']);
  });

  it('continues after a call that throws', async () => {
    const gate = new CallGate();
    const failed = gate.run('exclusive', never, () => Promise.reject(new Error('broken')));
    const next = gate.run('exclusive', never, async () => 'ran');
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('ran');
  });

  it('T11: lets a waiting call go when its turn is stopped, and those behind it pass', async () => {
    const calls = new Calls();
    const controller = new AbortController();
    calls.start('reader', 'shared');
    calls.start('writer', 'exclusive', controller.signal);
    calls.start('late', 'shared');
    await settled();
    controller.abort();
    expect(await calls.results.get('writer')).toBeNull();
    await settled();
    expect(calls.seen).toEqual(['reader began', 'late began']);
  });

  it('begins nothing for a turn that is stopped already', async () => {
    const calls = new Calls();
    calls.start('a', 'shared', AbortSignal.abort());
    expect(await calls.results.get('a')).toBeNull();
    expect(calls.seen).toEqual([]);
  });
});
