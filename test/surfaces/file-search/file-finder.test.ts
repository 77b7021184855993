import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileFinder } from '../../../src/surfaces/file-search/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let dir: TempDir;
beforeEach(() => {
  dir = tempDir();
});
afterEach(() => dir[Symbol.dispose]());

const signal = new AbortController().signal;
const found = async (query: string, finder = new FileFinder()) =>
  (await finder.find(query, dir.path, signal)).map(({ path }) => path);

describe('files', () => {
  test('are found by parts of their names, best first', async () => {
    dir.write({ 'src/view.ts': '', 'src/tui/view/old.ts': '', 'docs/overview.md': '', 'a.txt': '' });
    expect(await found('view')).toEqual(['src/view.ts', 'src/tui/view/old.ts', 'docs/overview.md']);
  });

  test('that ignore files name are left out, with or without a repository; hidden ones are found, and .git is not', async () => {
    dir.write({
      '.gitignore': 'build/\n*.log\n',
      'build/x.ts': '',
      'x.log': '',
      '.hidden/x.ts': '',
      '.git/x.ts': '',
      'sub/.git/x.ts': '',
      'x.ts': '',
    });
    expect(await found('x.ts')).toEqual(['x.ts', '.hidden/x.ts']);
  });

  test('have names of any kind', async () => {
    const names = ['with blank.ts', 'new\nline.ts', 'ünï.ts', '漢字.ts', '-dash.ts', 'İ.ts'];
    dir.write(Object.fromEntries(names.map((name) => [name, ''])));
    expect((await found('.ts')).sort()).toEqual([...names].sort());
  });

  test('are not found behind links that lead out', async () => {
    using other = tempDir();
    other.write({ 'secret.ts': '' });
    symlinkSync(other.path, join(dir.path, 'link'));
    dir.write({ 'open.ts': '' });
    expect(await found('.ts')).toEqual(['open.ts']);
  });

  test('of an empty query are the first fifty, and all paths are relative', async () => {
    dir.write(Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`f${at}.ts`, ''])));
    const all = await found('');
    expect(all).toHaveLength(50);
    expect(all.every((path) => /^f\d+\.ts$/.test(path))).toBe(true);
  });

  test('that are equally good are in the order of their length and their letters', async () => {
    dir.write({ 'b/x.ts': '', 'a/x.ts': '', 'cc/x.ts': '' });
    expect(await found('x')).toEqual(['a/x.ts', 'b/x.ts', 'cc/x.ts']);
  });

  test('say where the letters of the query are', async () => {
    dir.write({ 'src/frame-writer.ts': '' });
    const [match] = await new FileFinder().find('fw', dir.path, signal);
    expect(match?.positions.map((at) => match.path[at])).toEqual(['f', 'w']);
  });

  test('in a directory without any, and for a query that none has, are none', async () => {
    expect(await found('x')).toEqual([]);
    dir.write({ 'a.ts': '' });
    expect(await found('zzz')).toEqual([]);
  });
});

describe('a search', () => {
  test('in many files keeps the best ones, in their order, and lets other work have its turn', async () => {
    const names = Array.from(
      { length: 6_000 },
      (_, at) => `d${at % 60}/${at % 7 === 0 ? 'view' : 'overview'}-${at}.ts`,
    );
    dir.write(Object.fromEntries(names.map((name) => [name, ''])));
    const finder = new FileFinder();
    await finder.find('', dir.path, signal);
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 1);
    const all = await finder.find('view', dir.path, signal);
    clearInterval(count);
    expect(turns).toBeGreaterThan(0);
    expect(all).toHaveLength(50);
    const better = (a: (typeof all)[number], b: (typeof all)[number]) =>
      b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1);
    expect(all).toEqual(all.toSorted(better));
    const own = names
      .filter((name) => name.includes('/view'))
      .toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
    expect(all.map(({ path }) => path)).toEqual(own.slice(0, 50));
  });

  test('that nobody waits for any more ends', async () => {
    dir.write({ 'a.ts': '' });
    await expect(new FileFinder().find('a', dir.path, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  test('soon after another reads the files once, and another directory by itself', async () => {
    dir.write({ 'a.ts': '' });
    const finder = new FileFinder();
    expect(await found('ts', finder)).toEqual(['a.ts']);
    dir.write({ 'b.ts': '' });
    expect(await found('ts', finder)).toEqual(['a.ts']);
    using other = tempDir();
    other.write({ 'c.ts': '' });
    expect((await finder.find('ts', other.path, signal)).map(({ path }) => path)).toEqual(['c.ts']);
    expect(await found('ts', finder)).toEqual(['a.ts', 'b.ts']);
  });
});
