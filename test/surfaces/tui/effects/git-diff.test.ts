import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { uncommittedDiff } from '../../../../src/surfaces/tui/effects/git-diff.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';
import { gitRepository, tempDir } from '../../../support/temp-dir.ts';

const home = freshDirectory();
const { signal } = new AbortController();

const diffIn = (cwd: string) => uncommittedDiff({ home: home.path, cwd, env: process.env, signal });
const git = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd });
/** The lines that were added and removed, without the heads of files. */
const changes = (diff: string) => diff.split('\n').filter((line) => /^[-+](?![-+]{2})/.test(line));

describe('/diff in a repository', () => {
  test('shows what is staged and what is not, deleted files and new ones, with their lines', async () => {
    using repo = gitRepository({ 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' });
    repo.write({ 'a.txt': 'A\n', 'b.txt': 'B\n', 'new file.txt': 'new\n' });
    git(repo.path, 'add', 'a.txt');
    rmSync(join(repo.path, 'c.txt'));
    const diff = await diffIn(repo.path);
    expect(changes(diff)).toEqual(['-a', '+A', '-b', '+B', '-c', '+new']);
    expect(diff).toContain('+++ b/new file.txt');
  });

  test('is empty where nothing was changed', async () => {
    using repo = gitRepository();
    expect(await diffIn(repo.path)).toBe('');
  });

  test('of a folder in it is that of the whole of it', async () => {
    using repo = gitRepository({ 'a.txt': 'a\n', 'deep/b.txt': 'b\n' });
    repo.write({ 'a.txt': 'A\n' });
    expect(changes(await diffIn(join(repo.path, 'deep')))).toEqual(['-a', '+A']);
  });

  test.each(['sha1', 'sha256'])('without a commit (%s) shows all that there is', async (format) => {
    using repo = tempDir();
    git(repo.path, 'init', '-q', `--object-format=${format}`);
    repo.write({ 'staged.txt': 'one\n', 'untracked.txt': 'two\n' });
    git(repo.path, 'add', 'staged.txt');
    expect(changes(await diffIn(repo.path))).toEqual(['+one', '+two']);
  });

  test('names new files that are binary or too large, and shows nothing of them', async () => {
    using repo = gitRepository();
    writeFileSync(join(repo.path, 'picture.png'), Buffer.from([137, 80, 0, 1]));
    writeFileSync(join(repo.path, 'large.txt'), 'x'.repeat(300_000));
    const diff = await diffIn(repo.path);
    expect(diff).toContain('new file: picture.png (binary)');
    expect(diff).toContain('new file: large.txt (300000 bytes)');
    expect(diff).not.toContain('xxx');
  });

  test('leaves out ignored files, and counts new ones beyond 200', async () => {
    using repo = gitRepository({ '.gitignore': 'ignored\n' });
    repo.write({ ignored: 'secret\n' });
    repo.write(Object.fromEntries(Array.from({ length: 203 }, (_, at) => [`new/${at}.txt`, `${at}\n`])));
    const diff = await diffIn(repo.path);
    expect(diff).not.toContain('secret');
    expect(changes(diff)).toHaveLength(200);
    expect(diff).toContain('3 more new files');
  });

  test('runs no program that the repository names', async () => {
    using repo = gitRepository({ 'a.txt': 'a\n', '.gitattributes': '*.txt diff=evil\n' });
    const trace = join(repo.path, '.git', 'was-run');
    for (const key of ['diff.external', 'diff.evil.textconv', 'diff.evil.command', 'core.fsmonitor', 'core.pager']) {
      git(repo.path, 'config', key, `touch ${trace}; cat`);
    }
    repo.write({ 'a.txt': 'A\n' });
    expect(changes(await diffIn(repo.path))).toEqual(['-a', '+A']);
    expect(() => rmSync(trace)).toThrow('ENOENT');
  });
});

test('/diff outside of a repository says so', async () => {
  using dir = tempDir();
  await expect(diffIn(dir.path)).rejects.toThrow(`${dir.path} is in no git repository`);
});

test('/diff that is stopped ends with an error', async () => {
  using repo = gitRepository();
  const stopped = AbortSignal.abort();
  const place = { home: home.path, cwd: repo.path, env: process.env, signal: stopped };
  await expect(uncommittedDiff(place)).rejects.toThrow('stopped');
});
