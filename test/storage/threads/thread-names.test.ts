import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nameThread, ThreadNames } from '../../../src/storage/threads/thread-names.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const home = freshDirectory();
const file = () => join(home.path, 'session_index.jsonl');
const give = (id: string, name: string) => nameThread(home.path, { id, name, nowMs: 0 });
const names = () => Object.fromEntries(new ThreadNames(home.path).current());

describe('the names of threads', () => {
  test('are none where nobody gave one', () => {
    expect(names()).toEqual({});
    expect(existsSync(file())).toBe(false);
  });

  test('are those that were given last; an empty one takes a name away', () => {
    give('a', 'one');
    give('b', 'two');
    give('a', 'three');
    expect(names()).toEqual({ a: 'three', b: 'two' });
    give('a', ' ');
    expect(names()).toEqual({ b: 'two' });
  });

  test('are in a file that the owner alone can read, a line each with its time', () => {
    give('a', 'one');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toEqual({
      ...{ id: 'a', thread_name: 'one', updated_at: '1970-01-01T00:00:00.000Z' },
    });
  });

  test('have one blank where several were given, and none at their ends', () => {
    give('a', '  low \t\n water ');
    expect(names()).toEqual({ a: 'low water' });
    const known = new ThreadNames(home.path);
    expect([...known.idsNamed('low   water')]).toEqual(['a']);
    expect([...known.idsNamed('Low water')]).toEqual([]);
  });

  test('may be given to several threads', () => {
    give('a', 'same');
    give('b', 'same');
    expect([...new ThreadNames(home.path).idsNamed('same')].sort()).toEqual(['a', 'b']);
  });

  test('have an end', () => {
    give('a', 'x'.repeat(200));
    expect(() => give('a', 'x'.repeat(201))).toThrow(/at most 200 characters/);
    expect(names()['a']).toHaveLength(200);
  });

  test('are known by ids in any case of letters', () => {
    give('AB', 'one');
    expect(names()).toEqual({ ab: 'one' });
  });

  test('that another process gives meanwhile are seen', () => {
    const known = new ThreadNames(home.path);
    expect(known.current().size).toBe(0);
    give('a', 'one');
    expect(known.current().get('a')).toBe('one');
    const same = known.current();
    expect(known.current()).toBe(same);
    give('a', 'two');
    expect(known.current().get('a')).toBe('two');
  });
});

describe('a damaged file of names', () => {
  test.each([
    ['a line that is no JSON', '{"id":"x"\n'],
    ['a line of another form', '{"id":3,"thread_name":"x"}\n[1]\nnull\n'],
    ['a blank line', '\n\n'],
    ['bytes that are no text', '\u0000\u0001\n'],
  ])('with %s gives the names of its other lines', (_, text) => {
    give('a', 'one');
    appendFileSync(file(), text);
    give('b', 'two');
    expect(names()).toEqual({ a: 'one', b: 'two' });
  });

  test('whose last line a crash cut off takes the next name on a line of its own', () => {
    give('a', 'one');
    appendFileSync(file(), '{"id":"a","thread_na');
    give('b', 'two');
    expect(names()).toEqual({ a: 'one', b: 'two' });
    expect(readFileSync(file(), 'utf8').endsWith('\n')).toBe(true);
  });

  test('may have fields of later versions', () => {
    writeFileSync(file(), '{"id":"a","thread_name":"one","colour":"blue"}\n');
    expect(names()).toEqual({ a: 'one' });
  });

  test('that is a folder has no names, and takes none: the error says why', () => {
    mkdirSync(file());
    expect(names()).toEqual({});
    expect(() => give('a', 'one')).toThrow(/the thread's name can't be written down: EISDIR/);
  });
});
