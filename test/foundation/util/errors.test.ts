import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assertNever, reasonOf, storageAdvice, systemReason } from '../../../src/foundation/util/index.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('what an error says', () => {
  it.each<[string, unknown, string]>([
    ['an error', new Error('no space'), 'no space'],
    ['an error without words', new Error(''), ''],
    ['a text', 'stopped', 'stopped'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 7, '7'],
    ['an object', { a: 1 }, '[object Object]'],
    ['failures of several addresses', new AggregateError([new Error('a'), new Error('b')], ''), 'a; b'],
    ['those within others', new AggregateError([new AggregateError([new Error('a')]), 'b']), 'a; b'],
    ['a collection of none', new AggregateError([], 'nothing worked'), 'nothing worked'],
  ])('%s', (_, error, words) => {
    expect(reasonOf(error)).toBe(words);
  });

  it('is without the call and the path where the system says it', () => {
    const missing = thrownBy(() => readFileSync('/nowhere/at/all'));
    expect(reasonOf(missing)).toContain('/nowhere/at/all');
    expect(systemReason(missing)).toBe('no such file or directory (ENOENT)');
    const notDirectory = thrownBy(() => readFileSync('/dev/null/x'));
    expect(systemReason(notDirectory)).toBe('not a directory (ENOTDIR)');
  });

  it('stays as it is where it has another form', () => {
    expect(systemReason(new Error('it is a directory'))).toBe('it is a directory');
    expect(systemReason('')).toBe('');
  });
});

describe('what to do about a home that takes no file', () => {
  it.each([
    ['ENOSPC: no space left on device, write', /Free some space/],
    ['EDQUOT: quota exceeded', /Free some space/],
    ['ENOTDIR: not a directory, mkdir', /Move the file .* away, or set KEEL_HOME/],
    ['EEXIST: file already exists, mkdir', /Move the file/],
    ['EACCES: permission denied, open', /Set KEEL_HOME .*--ephemeral/],
    ['EROFS: read-only file system, open', /Set KEEL_HOME/],
    ['EPERM: operation not permitted', /Set KEEL_HOME/],
  ])('%s', (reason, advice) => {
    expect(storageAdvice(reason)).toMatch(advice);
    expect(storageAdvice(reason)).toMatch(/^ [A-Z].*\.$/);
  });

  it('is nothing where nothing is known', () => {
    expect(storageAdvice('EIO: input/output error')).toBe('');
    expect(storageAdvice('')).toBe('');
  });
});

it('a member that a switch does not know is shown in the error', () => {
  const unknown: never = JSON.parse('{"type":"new"}') as never;
  expect(() => assertNever(unknown, 'event')).toThrow('unexpected event: {"type":"new"}');
});
