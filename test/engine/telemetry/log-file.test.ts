import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileLog } from '../../../src/engine/session/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';
import { linesOf } from './run.ts';

const home = freshDirectory();

const logAt = (path: string, level: 'off' | 'error' | 'warn' | 'info' | 'debug' = 'info') =>
  new FileLog({
    path,
    level,
    now: () => Date.UTC(2026, 0, 2),
    secrets: () => ['open sesame'],
    fields: { thread: 't1' },
  });

test('a line is a JSON object with its time, level, process and thread', () => {
  const path = join(home.path, 'log', 'keel.log');
  logAt(path).warn('a "quoted"\nmessage');
  expect(linesOf(path)).toEqual([
    { time: '2026-01-02T00:00:00.000Z', level: 'warn', pid: process.pid, thread: 't1', message: 'a "quoted"\nmessage' },
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a crash has its stack and its cause in one line', () => {
  const path = join(home.path, 'keel.log');
  logAt(path).crash(new Error('outer', { cause: new Error('inner') }));
  const [line] = linesOf(path);
  expect(line).toMatchObject({ level: 'error', message: 'outer' });
  expect(line?.['stack']).toMatch(/outer[\s\S]*caused by Error: inner/);
});

test('secrets are masked in every field', () => {
  const path = join(home.path, 'keel.log');
  logAt(path, 'debug').debug('said open sesame', { quote: 'so "open sesame" it is', count: 3 });
  expect(linesOf(path)[0]).toMatchObject({ message: 'said ***', quote: 'so "***" it is', count: 3 });
});

test.each([
  ['off', []],
  ['error', ['error', 'error']],
  ['warn', ['warn', 'error', 'error']],
  ['info', ['info', 'warn', 'error', 'error']],
  ['debug', ['debug', 'info', 'warn', 'error', 'error']],
] as const)('the level %s writes %j', (level, expected) => {
  const path = join(home.path, 'keel.log');
  const log = logAt(path, level);
  log.debug('d', {});
  log.info('i');
  log.warn('w');
  log.error('e');
  log.crash(new Error('c'));
  expect(linesOf(path).map((line) => line['level'])).toEqual(expected);
});

test('a full log is replaced, and the older ones are kept to a number', () => {
  const path = join(home.path, 'keel.log');
  for (let round = 1; round <= 4; round += 1) {
    writeFileSync(path, `${round}`.padEnd(10 * 1024 * 1024));
    logAt(path).info(`after ${round}`);
  }
  expect(linesOf(path)).toMatchObject([{ message: 'after 4' }]);
  expect(readFileSync(`${path}.1`, 'utf8').startsWith('4')).toBe(true);
  expect(readFileSync(`${path}.2`, 'utf8').startsWith('3')).toBe(true);
  expect(existsSync(`${path}.3`)).toBe(false);
});

test('a symlink in the place of the log leads nowhere', () => {
  const { path } = home;
  writeFileSync(join(path, 'precious'), 'mine');
  symlinkSync(join(path, 'precious'), join(path, 'keel.log'));
  logAt(join(path, 'keel.log')).error('written');
  expect(readFileSync(join(path, 'precious'), 'utf8')).toBe('mine');
});
