import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  findCommit,
  findWorkTree,
  localBranches,
  mergeBase,
  type ReviewOptions,
  recentCommits,
  uncommittedChanges,
} from '../../../../src/system/git/index.ts';
import { commitAll, env, git, type Playground, playground } from '../support.ts';

let dir: Playground;
beforeEach(() => {
  dir = playground();
});
afterEach(() => dir[Symbol.dispose]());

const options = (folder = '.'): ReviewOptions => dir.options(folder);
const shaOf = (name: string) => git(dir.root, 'rev-parse', name).trim();
const commit = (message: string, files: Readonly<Record<string, string>> = {}) => {
  dir.write(files);
  commitAll(dir.root, message);
  return shaOf('HEAD');
};

describe('a commit to review', () => {
  test('is found by its hash, the start of it, a branch, a tag, and relative to them', async () => {
    const first = commit('one');
    const second = commit('two');
    git(dir.root, 'tag', 'v1', first);
    git(dir.root, 'branch', 'side/line', first);
    for (const [name, sha, title] of [
      [first, first, 'one'],
      [second.slice(0, 8), second, 'two'],
      ['main', second, 'two'],
      ['side/line', first, 'one'],
      ['v1', first, 'one'],
      ['HEAD', second, 'two'],
      ['HEAD~1', first, 'one'],
      ['main^', first, 'one'],
    ] as const) {
      expect(await findCommit(name, options()), name).toMatchObject({ type: 'found', commit: { sha, title } });
    }
  });

  test('that is not there is named in the answer', async () => {
    commit('one');
    expect(await findCommit('nothing', options())).toEqual({
      ...{ type: 'notFound', reason: 'there is no commit nothing in this repository' },
    });
  });

  test('is no option, range, path or command of git', async () => {
    commit('one');
    const names = [
      '',
      '-x',
      '--output=x',
      'a..b',
      'a b',
      'HEAD:README.md',
      ':/one',
      '@{-1}',
      'a.lock',
      'x'.repeat(300),
    ];
    for (const name of names) {
      const found = await findCommit(name, options());
      expect(found, name).toMatchObject({ reason: expect.stringMatching(/is not the name of a commit/) });
      expect(await mergeBase(name, options()), name).toMatchObject({ type: 'notFound' });
    }
  });

  test('has a title on one line, whatever its message is', async () => {
    commit('one\u001b[2J two\u0007\n\nbody');
    const found = await findCommit('HEAD', options());
    const title = found.type === 'found' ? found.commit.title : '';
    expect(title).toContain('two');
    expect(title).not.toMatch(/[\u0000-\u001f]|body/);
  });
});

describe('the base of a branch', () => {
  test('is where it and HEAD parted, from any folder', async () => {
    const base = commit('base', { 'a/b.txt': 'x' });
    git(dir.root, 'checkout', '--quiet', '-b', 'work');
    commit('mine');
    git(dir.root, 'checkout', '--quiet', 'main');
    commit('theirs');
    git(dir.root, 'checkout', '--quiet', 'work');
    expect(await mergeBase('main', options('a'))).toEqual({ type: 'found', mergeBase: base });
  });

  test('may be a branch that only origin has; the branch here comes before it', async () => {
    const first = commit('one');
    const second = commit('two');
    git(dir.root, 'update-ref', 'refs/remotes/origin/release', first);
    expect(await mergeBase('release', options())).toEqual({ type: 'found', mergeBase: first });
    git(dir.root, 'branch', 'release', second);
    expect(await mergeBase('release', options())).toEqual({ type: 'found', mergeBase: second });
  });

  test('of unrelated histories is none, and the answer says so', async () => {
    commit('one');
    git(dir.root, 'checkout', '--quiet', '--orphan', 'other');
    commit('another start');
    expect(await mergeBase('main', options())).toEqual({
      ...{ type: 'notFound', reason: 'HEAD and main have no common ancestor' },
    });
    expect(await mergeBase('nothing', options())).toMatchObject({
      reason: 'there is no branch or commit nothing in this repository',
    });
  });
});

describe('what there is to choose from', () => {
  test('are the newest commits first, as many as were asked for', async () => {
    expect(await recentCommits(5, options())).toEqual([]);
    const shas = ['one', 'two', 'three'].map((message) => commit(message));
    const found = await recentCommits(2, options());
    expect(found.map(({ sha, title }) => [sha, title])).toEqual([
      [shas[2], 'three'],
      [shas[1], 'two'],
    ]);
    expect(found[0]?.sha.startsWith(found[0].shortSha)).toBe(true);
    // Less than one is no list.
    expect(await recentCommits(0, options())).toHaveLength(1);
  });

  test('are the branches with the current one marked', async () => {
    const sha = commit('one');
    git(dir.root, 'branch', 'side');
    const branches = await localBranches(options());
    expect(branches.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'main', sha, isCurrent: true },
      { name: 'side', sha, isCurrent: false },
    ]);
  });

  test('is nothing outside of a repository, with a reason', async () => {
    const outside = { ...options(), cwd: dir.path };
    expect(await findWorkTree(outside)).toMatchObject({
      reason: expect.stringContaining('not inside a Git repository'),
    });
    expect([await recentCommits(3, outside), await localBranches(outside)]).toEqual([[], []]);
    expect(await findWorkTree(options())).toEqual({ type: 'found', root: dir.root });
  });
});

describe('what is not committed', () => {
  const changes = async () => {
    const found = await uncommittedChanges(dir.options());
    if (found.type !== 'found') throw new Error(found.reason);
    return found;
  };

  test('is shown as what it is: staged, changed behind that, and new', async () => {
    commit('one', { 'changed.txt': 'a', 'deleted.txt': 'a', 'both.txt': 'a', '.gitignore': 'ignored.txt\n' });
    dir.write({ 'changed.txt': 'b', 'both.txt': 'b', 'added.txt': 'x', 'ignored.txt': 'x' });
    git(dir.root, 'add', 'both.txt', 'added.txt');
    dir.write({ 'both.txt': 'c', 'new/file.txt': 'x' });
    rmSync(join(dir.root, 'deleted.txt'));
    expect(await changes()).toEqual({
      type: 'found',
      staged: [
        { path: 'added.txt', change: 'added' },
        { path: 'both.txt', change: 'modified' },
      ],
      unstaged: [
        { path: 'both.txt', change: 'modified' },
        { path: 'changed.txt', change: 'modified' },
        { path: 'deleted.txt', change: 'deleted' },
      ],
      untracked: ['new/file.txt'],
      isCut: false,
    });
  });

  test('is everything before the first commit, and nothing right behind one', async () => {
    dir.write({ 'a.txt': 'a', 'b.txt': 'b' });
    git(dir.root, 'add', 'a.txt');
    expect(await changes()).toMatchObject({
      ...{ staged: [{ path: 'a.txt', change: 'added' }], unstaged: [], untracked: ['b.txt'] },
    });
    commit('one');
    expect(await changes()).toMatchObject({ staged: [], unstaged: [], untracked: [] });
  });

  test('has a file in conflict once, as such', async () => {
    commit('base', { 'a.txt': 'base\n' });
    git(dir.root, 'checkout', '--quiet', '-b', 'side');
    commit('side', { 'a.txt': 'side\n' });
    git(dir.root, 'checkout', '--quiet', 'main');
    commit('main', { 'a.txt': 'main\n' });
    expect(() => git(dir.root, 'merge', 'side')).toThrow();
    expect((await changes()).unstaged).toEqual([{ path: 'a.txt', change: 'unmerged' }]);
  });

  test('is not changed by being looked at, and works beside a lock that a crash has left', async () => {
    commit('one', { 'a.txt': 'a' });
    dir.write({ 'a.txt': 'b' });
    writeFileSync(join(dir.root, '.git/index.lock'), '');
    const before = git(dir.root, 'ls-files', '--stage');
    expect((await changes()).unstaged).toEqual([{ path: 'a.txt', change: 'modified' }]);
    expect(git(dir.root, 'ls-files', '--stage')).toBe(before);
  });

  test('is not known outside of a repository', async () => {
    expect(await uncommittedChanges({ ...dir.options(), cwd: dir.path, env })).toEqual({
      ...{ type: 'notFound', reason: 'the working directory is in no git repository' },
    });
  });
});
