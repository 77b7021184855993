import { expect, test } from 'vitest';
import { CallGate } from '../../src/tools/index.ts';

function open() {
  const gate = new CallGate();
  const log: string[] = [];
  const run = (
    name: string,
    mode: 'shared' | 'exclusive',
    until: Promise<unknown>,
    signal = new AbortController().signal,
  ) =>
    gate.run(mode, signal, async () => {
      log.push(`+${name}`);
      await until;
      log.push(`-${name}`);
      return name;
    });
  return { run, log };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('M41: a waiting exclusive call holds back the shared ones behind it', async () => {
  const { run, log } = open();
  const [a, b, c] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const all = [run('a', 'shared', a.promise), run('b', 'exclusive', b.promise), run('c', 'shared', c.promise)];
  await settle();
  expect(log).toEqual(['+a']);
  a.resolve();
  await settle();
  expect(log).toEqual(['+a', '-a', '+b']);
  b.resolve();
  c.resolve();
  await Promise.all(all);
  expect(log).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
});

test('shared calls run side by side', async () => {
  const { run, log } = open();
  const gate = Promise.withResolvers<void>();
  const both = [run('a', 'shared', gate.promise), run('b', 'shared', gate.promise)];
  await settle();
  expect(log).toEqual(['+a', '+b']);
  gate.resolve();
  await Promise.all(both);
});

test('an aborted waiter leaves the queue and lets the next one in', async () => {
  const { run, log } = open();
  const a = Promise.withResolvers<void>();
  const abort = new AbortController();
  const first = run('a', 'shared', a.promise);
  const waiting = run('b', 'exclusive', Promise.resolve(), abort.signal);
  const third = run('c', 'shared', Promise.resolve());
  abort.abort();
  expect(await waiting).toBeNull();
  await third;
  expect(log).toEqual(['+a', '+c', '-c']);
  a.resolve();
  await first;
});
