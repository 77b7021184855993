import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type RestoreResult, restoreSnapshot, takeSnapshot } from '../../../src/system/git/index.ts';
import type { GhostCommit } from '../../../src/system/git/snapshots/ghost-commit.ts';
import type { SnapshotLimits } from '../../../src/system/git/snapshots/survey.ts';
import { tidySnapshots } from '../../../src/system/git/snapshots/tidy-snapshots.ts';
import { slowGit } from '../../support/slow-git.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { commitAll, contentsOf, edit, env, git, gitFilesOf, type Playground, playground } from './support.ts';

async function snapshotOf(dir: Playground, folder = '.', limits: Partial<SnapshotLimits> = {}): Promise<GhostCommit> {
  const taken = await takeSnapshot({ ...dir.options(folder), limits });
  if (taken.type !== 'taken') throw new Error(taken.reason);
  return taken.snapshot;
}

async function undo(
  dir: Playground,
  snapshot: GhostCommit,
  folder = '.',
): Promise<Extract<RestoreResult, { type: 'restored' }>> {
  const restored = await restoreSnapshot(snapshot, dir.options(folder));
  if (restored.type !== 'restored') throw new Error(restored.reason);
  return restored;
}

test('M82: an undo restores an edit, removes a new file, keeps an ignored one', async () => {
  using dir = playground();
  dir.write({ '.gitignore': '*.log\n', 'kept.txt': 'one\n', 'gone.txt': 'two\n', 'old.log': 'before\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(
    dir.root,
    'echo edit >> kept.txt; rm gone.txt; mkdir new; echo x > new/file; echo after > old.log; echo y > new.log',
  );
  const restored = await undo(dir, snapshot);
  expect(restored.changes).toEqual([
    { path: 'gone.txt', change: 'added' },
    { path: 'kept.txt', change: 'modified' },
    { path: 'new/file', change: 'deleted' },
  ]);
  expect(contentsOf(dir.root)).toEqual({
    '.gitignore': '- *.log\n',
    'gone.txt': '- two\n',
    'kept.txt': '- one\n',
    'new.log': '- y\n',
    'old.log': '- after\n',
  });
  expect(existsSync(join(dir.root, 'new'))).toBe(false);
});

test('M82: an undo from a folder touches nothing outside of it', async () => {
  using dir = playground();
  dir.write({ 'in/a': 'a\n', 'out/b': 'b\n', 'inner/c': 'c\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir, 'in');
  edit(dir.root, 'for f in in/a out/b inner/c in/new out/new new; do echo edit >> $f; done');
  await undo(dir, snapshot, 'in');
  expect(contentsOf(dir.root)).toEqual({
    'in/a': '- a\n',
    'inner/c': '- c\nedit\n',
    new: '- edit\n',
    'out/b': '- b\nedit\n',
    'out/new': '- edit\n',
  });
});

test('a snapshot of the whole is restored only as far as the folder it is asked for in', async () => {
  using dir = playground();
  dir.write({ 'in/a': 'a\n', b: 'b\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo edit > in/a; echo edit > b');
  await undo(dir, snapshot, 'in');
  expect(contentsOf(dir.root)).toEqual({ 'in/a': '- a\n', b: '- edit\n' });
});

test('a folder that is emptied by an undo stays if it is the working directory', async () => {
  using dir = playground();
  commitAll(dir.root);
  mkdirSync(join(dir.root, 'work'));
  const snapshot = await snapshotOf(dir, 'work');
  dir.write({ 'work/sub/file': 'x' });
  await undo(dir, snapshot, 'work');
  expect(readdirSync(join(dir.root, 'work'))).toEqual([]);
});

test('a snapshot of another folder is refused', async () => {
  using dir = playground();
  dir.write({ 'a/x': 'x', 'b/y': 'y' });
  const snapshot = await snapshotOf(dir, 'a');
  expect(await restoreSnapshot(snapshot, dir.options('b'))).toMatchObject({ type: 'refused' });
});

test('M83: two undos after two turns go back step by step, and an undo can be undone', async () => {
  using dir = playground();
  dir.write({ file: 'zero\n' });
  commitAll(dir.root);
  const first = await snapshotOf(dir);
  edit(dir.root, 'echo one > file; echo a > a');
  const second = await snapshotOf(dir);
  edit(dir.root, 'echo two > file; rm a; echo b > b');
  const undone = await undo(dir, second);
  expect(contentsOf(dir.root)).toEqual({ file: '- one\n', a: '- a\n' });
  await undo(dir, first);
  expect(contentsOf(dir.root)).toEqual({ file: '- zero\n' });
  await undo(dir, undone.before);
  expect(contentsOf(dir.root)).toEqual({ file: '- two\n', b: '- b\n' });
});

test('staged changes, branches, stash, settings and objects of the repository are as they were', async () => {
  using dir = playground();
  dir.write({ a: 'a\n', b: 'b\n' });
  commitAll(dir.root);
  edit(dir.root, 'echo stashed > a; git stash -q; echo staged > a; git add a; echo loose > a');
  const repository = gitFilesOf(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo turn > a; rm b');
  await undo(dir, snapshot);
  expect(gitFilesOf(dir.root)).toEqual(repository);
  expect(readFileSync(join(dir.root, 'a'), 'utf8')).toBe('loose\n');
});

test('a commit made since stays, and is reported', async () => {
  using dir = playground();
  dir.write({ a: 'a\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo turn > a; git commit -qam turn');
  const head = git(dir.root, 'rev-parse', 'HEAD');
  expect(await undo(dir, snapshot)).toMatchObject({ hasHeadMoved: true });
  expect(git(dir.root, 'rev-parse', 'HEAD')).toBe(head);
  expect(readFileSync(join(dir.root, 'a'), 'utf8')).toBe('a\n');
});

test('before the first commit an undo works as well', async () => {
  using dir = playground();
  dir.write({ a: 'a\n' });
  const snapshot = await snapshotOf(dir);
  expect(snapshot.parent).toBeNull();
  edit(dir.root, 'echo turn > a; echo b > b');
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual({ a: '- a\n' });
});

test('line ends, filters and encodings of the repository do not touch the bytes', async () => {
  using dir = playground();
  const attributes =
    '*.txt text eol=lf\n*.win text eol=crlf\n*.id ident\n*.up filter=up\n*.u16 working-tree-encoding=UTF-16\n';
  dir.write({
    '.gitattributes': attributes,
    'a.txt': 'a\r\nb\n',
    'b.win': 'a\nb\r\n',
    'c.id': '$Id$ x\n',
    'd.up': 'quiet\n',
  });
  writeFileSync(join(dir.root, 'e.u16'), Buffer.from('\ufeffhello\n', 'utf16le'));
  git(dir.root, 'config', 'core.autocrlf', 'true');
  git(dir.root, 'config', 'filter.up.clean', 'tr a-z A-Z');
  commitAll(dir.root);
  const before = contentsOf(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'for f in a.txt b.win c.id e.u16; do echo turn > $f; done; rm d.up');
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual(before);
});

test('a file under `assume-unchanged` or `skip-worktree` comes back with the content it had', async () => {
  using dir = playground();
  dir.write({ a: 'a\n', b: 'b\n' });
  commitAll(dir.root);
  edit(
    dir.root,
    'git update-index --assume-unchanged a; git update-index --skip-worktree b; echo mine > a; echo mine > b',
  );
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo turn > a; rm b');
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual({ a: '- mine\n', b: '- mine\n' });
});

test('modes, links and names in any encoding come back', async () => {
  using dir = playground();
  edit(
    dir.root,
    `echo run > run; chmod 755 run; ln -s /nowhere link; echo x > "$(printf 'bad\\377name')"; echo y > "$(printf 'a\\nb')"`,
  );
  commitAll(dir.root);
  const before = contentsOf(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(
    dir.root,
    `chmod 644 run; rm link; ln -s run link; rm bad*; echo z > "$(printf 'a\\nb')"; echo n > "$(printf 'new\\376')"`,
  );
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual(before);
});

test('a file that only its owner may read comes back closed', async () => {
  using dir = playground();
  commitAll(dir.root);
  writeFileSync(join(dir.root, 'secret'), 's\n');
  chmodSync(join(dir.root, 'secret'), 0o600);
  const snapshot = await snapshotOf(dir);
  rmSync(join(dir.root, 'secret'));
  await undo(dir, snapshot);
  expect(lstatSync(join(dir.root, 'secret')).mode & 0o777).toBe(0o600);
});

test('a folder that became a link to elsewhere is made a folder again, and nothing is written through the link', async () => {
  using dir = playground();
  using elsewhere = tempDir();
  elsewhere.write({ file: 'theirs\n', other: 'theirs\n' });
  dir.write({ 'folder/file': 'ours\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  rmSync(join(dir.root, 'folder'), { recursive: true });
  symlinkSync(elsewhere.path, join(dir.root, 'folder'));
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual({ 'folder/file': '- ours\n' });
  expect(contentsOf(elsewhere.path)).toEqual({ file: '- theirs\n', other: '- theirs\n' });
});

test('an ignored link in the place of a folder is not followed: the file is reported as not restored', async () => {
  using dir = playground();
  using elsewhere = tempDir();
  elsewhere.write({ file: 'theirs\n' });
  dir.write({ 'folder/file': 'ours\n', '.gitignore': '/folder\n' });
  git(dir.root, 'add', '--force', '.');
  git(dir.root, 'commit', '--quiet', '--message=start');
  const snapshot = await snapshotOf(dir);
  rmSync(join(dir.root, 'folder'), { recursive: true });
  symlinkSync(elsewhere.path, join(dir.root, 'folder'));
  const restored = await undo(dir, snapshot);
  expect(restored.failed).toMatchObject([{ path: 'folder/file' }]);
  expect(contentsOf(elsewhere.path)).toEqual({ file: '- theirs\n' });
});

test('a folder with ignored files in the place of a file is left alone and reported', async () => {
  using dir = playground();
  dir.write({ thing: 'file\n', '.gitignore': '*.log\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  rmSync(join(dir.root, 'thing'));
  dir.write({ 'thing/x.log': 'mine\n', 'thing/new': 'turn\n' });
  const restored = await undo(dir, snapshot);
  expect(restored.failed).toMatchObject([{ path: 'thing' }]);
  expect(contentsOf(dir.root)).toEqual({ '.gitignore': '- *.log\n', 'thing/x.log': '- mine\n' });
});

test('a file that was ignored before stays when the turn took the rule away', async () => {
  using dir = playground();
  dir.write({ '.gitignore': '*.env\n', 'sub/.gitignore': 'local\n' });
  commitAll(dir.root);
  dir.write({ 'my.env': 'secret\n', 'sub/local': 'mine\n' });
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo > .gitignore; rm sub/.gitignore; echo x > created');
  const restored = await undo(dir, snapshot);
  expect([...restored.kept].sort()).toEqual(['my.env', 'sub/local']);
  expect(contentsOf(dir.root)).toEqual({
    '.gitignore': '- *.env\n',
    'my.env': '- secret\n',
    'sub/.gitignore': '- local\n',
    'sub/local': '- mine\n',
  });
});

test('a file that the turn changed and then ignored comes back, and its last content with an undo of the undo', async () => {
  using dir = playground();
  commitAll(dir.root);
  dir.write({ data: 'one\n' });
  const snapshot = await snapshotOf(dir);
  dir.write({ data: 'two\n', '.gitignore': 'data\n' });
  const { before } = await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual({ data: '- one\n' });
  await undo(dir, before);
  expect(contentsOf(dir.root)).toEqual({ data: '- two\n', '.gitignore': '- data\n' });
});

test('large untracked files and folders are left out, reported, and left alone', async () => {
  using dir = playground();
  dir.write({ 'src/a': 'a\n', 'big.dat': 'x'.repeat(2_000), 'data/small/1': '1', 'data/notes': 'n' });
  for (let n = 0; n < 30; n += 1) dir.write({ [`data/many/${n}`]: `${n}` });
  const limits = { maxFileBytes: 1_000, maxDirectoryFiles: 20 };
  const taken = await takeSnapshot({ ...dir.options(), limits });
  if (taken.type !== 'taken') throw new Error(taken.reason);
  expect(taken.leftOut).toEqual([
    { path: 'data/many', why: 'largeDirectory' },
    { path: 'big.dat', why: 'largeFile' },
  ]);
  expect(taken.snapshot).toMatchObject({
    preexisting_untracked_files: ['big.dat'],
    preexisting_untracked_dirs: ['data/many'],
  });
  edit(dir.root, 'rm -r data/small data/many/1*; truncate -s 10 big.dat; echo t > src/a; echo new > data/many/new');
  const restored = await restoreSnapshot(taken.snapshot, { ...dir.options(), limits });
  expect(restored).toMatchObject({ type: 'restored', failed: [] });
  const left = contentsOf(dir.root);
  expect(left).toMatchObject({ 'src/a': '- a\n', 'data/small/1': '- 1', 'data/many/new': '- new\n' });
  expect(left['big.dat']?.length).toBe(12);
  expect('data/many/1' in left).toBe(false);
});

test('too much that is untracked is a reason to take no snapshot', async () => {
  using dir = playground();
  dir.write({ a: 'x'.repeat(600), b: 'x'.repeat(600) });
  const skipped = await takeSnapshot({ ...dir.options(), limits: { maxUntrackedBytes: 1_000 } });
  expect(skipped).toMatchObject({ type: 'skipped', cause: 'failed', reason: expect.stringContaining('.gitignore') });
});

test('a file that has grown too large to be kept is not written over', async () => {
  using dir = playground();
  dir.write({ a: 'small\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  dir.write({ a: 'x'.repeat(2_000) });
  const restored = await restoreSnapshot(snapshot, { ...dir.options(), limits: { maxTrackedFileBytes: 1_000 } });
  expect(restored).toMatchObject({ type: 'restored', changes: [], failed: [{ path: 'a' }] });
  expect(readFileSync(join(dir.root, 'a'), 'utf8')).toHaveLength(2_000);
});

test('submodules and repositories inside the work tree are left alone', async () => {
  using dir = playground();
  using library = playground();
  library.write({ lib: 'lib\n' });
  commitAll(library.root);
  git(dir.root, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library.root, 'module');
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo turn > module/lib; git init -q inner; echo x > inner/file; echo y > module/new; echo z > new');
  await undo(dir, snapshot);
  expect(contentsOf(dir.root, (path) => path.endsWith('/.git'))).toMatchObject({
    'inner/file': '- x\n',
    'module/lib': '- turn\n',
    'module/new': '- y\n',
  });
  expect(existsSync(join(dir.root, 'new'))).toBe(false);
});

test('linked and sparse work trees, and a split index, are undone like others', async () => {
  using dir = playground();
  dir.write({ 'in/a': 'a\n', 'out/b': 'b\n' });
  commitAll(dir.root);
  edit(dir.root, 'git worktree add -q tree; cd tree; git sparse-checkout set in; git update-index --split-index');
  const snapshot = await snapshotOf(dir, 'tree');
  edit(join(dir.root, 'tree'), 'echo turn > in/a; mkdir out; echo turn > out/new');
  await undo(dir, snapshot, 'tree');
  expect(contentsOf(join(dir.root, 'tree'))).toEqual({ 'in/a': '- a\n' });
  expect(git(join(dir.root, 'tree'), 'status', '--porcelain')).toBe('');
});

test('a repository in the middle of a merge keeps its conflicts', async () => {
  using dir = playground();
  dir.write({ a: 'base\n' });
  commitAll(dir.root);
  edit(
    dir.root,
    'git checkout -qb other; echo theirs > a; git commit -qam theirs; git checkout -q main; echo ours > a; git commit -qam ours; git merge -q other || true',
  );
  const before = contentsOf(dir.root);
  const repository = gitFilesOf(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo resolved > a');
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual(before);
  expect(gitFilesOf(dir.root)).toEqual(repository);
});

test('a snapshot outlives `git gc --prune=now` as long as the commit it was taken on', async () => {
  using dir = playground();
  dir.write({ a: 'a\n' });
  commitAll(dir.root);
  dir.write({ loose: 'loose\n', a: 'dirty\n' });
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo turn > a; rm loose; git gc -q --prune=now');
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual({ a: '- dirty\n', loose: '- loose\n' });
});

test('when the repository has lost what a snapshot rests on, nothing is changed', async () => {
  using dir = playground();
  dir.write({ a: 'a\n', b: 'b\n' });
  commitAll(dir.root);
  const snapshot = await snapshotOf(dir);
  edit(
    dir.root,
    'echo turn > a; echo turn > b; git commit -qa --amend -m other; git reflog expire --expire=now --all; git gc -q --prune=now',
  );
  const before = contentsOf(dir.root);
  expect(await restoreSnapshot(snapshot, dir.options())).toMatchObject({
    type: 'refused',
    reason: expect.stringContaining('git gc'),
  });
  expect(contentsOf(dir.root)).toEqual(before);
});

test('a damaged index of keel is made again', async () => {
  using dir = playground();
  dir.write({ a: 'a\n' });
  await snapshotOf(dir);
  const store = join(dir.path, 'home/undo', readdirSync(join(dir.path, 'home/undo'))[0] ?? '');
  const index = readdirSync(store).find((name) => name.startsWith('index-')) ?? '';
  writeFileSync(join(store, index), 'DIRC broken');
  const snapshot = await snapshotOf(dir);
  edit(dir.root, 'echo turn > a');
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual({ a: '- a\n' });
});

test('a change within the second of the snapshot, of the same size, is undone', async () => {
  using dir = playground();
  dir.write({ a: 'one\n' });
  commitAll(dir.root);
  await snapshotOf(dir);
  for (const text of ['two\n', 'six\n', 'ten\n']) {
    dir.write({ a: text });
    const snapshot = await snapshotOf(dir);
    dir.write({ a: 'end\n' });
    await undo(dir, snapshot);
    expect(readFileSync(join(dir.root, 'a'), 'utf8')).toBe(text);
  }
});

test('outside of a repository, with an unknown snapshot, or without git, it says why it can not undo', async () => {
  using dir = playground();
  using bare = tempDir();
  const outside = { ...dir.options(), cwd: bare.path };
  expect(await takeSnapshot(outside)).toMatchObject({ type: 'skipped', cause: 'notARepository' });
  expect(await restoreSnapshot({ id: 'a'.repeat(40) }, outside)).toMatchObject({ type: 'refused' });
  for (const id of ['a'.repeat(40), '--output=x', 'HEAD']) {
    expect(await restoreSnapshot({ id }, dir.options())).toMatchObject({ type: 'refused' });
  }
  const withoutGit = { ...dir.options(), env: { PATH: bare.path } };
  expect(await takeSnapshot(withoutGit)).toMatchObject({ type: 'skipped', reason: expect.stringContaining('install') });
});

test('an aborted snapshot or restore changes nothing and says so', async () => {
  using dir = playground();
  dir.write({ a: 'a\n' });
  const snapshot = await snapshotOf(dir);
  dir.write({ a: 'turn\n' });
  const options = { ...dir.options(), signal: AbortSignal.abort() };
  expect(await takeSnapshot(options)).toMatchObject({ type: 'skipped', cause: 'aborted' });
  expect(await restoreSnapshot(snapshot, options)).toMatchObject({ type: 'refused' });
  expect(readFileSync(join(dir.root, 'a'), 'utf8')).toBe('turn\n');
});

test('keel leaves no temporary file behind, and its own home in a work tree is not part of a snapshot', async () => {
  using dir = playground();
  dir.write({ a: 'a\n', 'home/sessions/x': 'rollout\n' });
  const options = { ...dir.options(), home: join(dir.root, 'home') };
  const taken = await takeSnapshot(options);
  if (taken.type !== 'taken') throw new Error(taken.reason);
  dir.write({ 'home/sessions/x': 'rollout, longer\n', a: 'turn\n' });
  const restored = await restoreSnapshot(taken.snapshot, options);
  expect(restored).toMatchObject({ type: 'restored', changes: [{ path: 'a', change: 'modified' }] });
  const names = readdirSync(join(dir.root, 'home/undo'), { recursive: true, encoding: 'utf8' });
  expect(names.filter((name) => name.includes('tmp-'))).toEqual([]);
});

test('old snapshots are tidied away with what only they held, younger ones are not', async () => {
  using dir = playground();
  dir.write({ a: 'a\n' });
  const old = await snapshotOf(dir);
  const day = 24 * 3_600_000;
  const tidy = { ...dir.options(), maxAgeMs: 30 * day };
  expect(await tidySnapshots(tidy)).toBe(0);
  // Else the snapshot before the restore would be the same, if it is taken in the same second.
  edit(dir.root, 'echo turn > a');
  expect(await restoreSnapshot(old, dir.options())).toMatchObject({ type: 'restored' });
  expect(await tidySnapshots({ ...tidy, now: () => Date.now() + 31 * day })).toBe(2);
  expect(await restoreSnapshot(old, dir.options())).toMatchObject({ type: 'refused' });
  expect((await takeSnapshot(dir.options())).type).toBe('taken');
});

test('a repository of another user can be undone without being trusted', async () => {
  if (process.getuid?.() !== 0) return;
  using dir = playground();
  dir.write({ a: 'a\n' });
  execFileSync('chown', ['-R', '65534:65534', dir.root], { env });
  const snapshot = await snapshotOf(dir);
  dir.write({ a: 'turn\n' });
  await undo(dir, snapshot);
  expect(contentsOf(dir.root)).toEqual({ a: '- a\n' });
  expect(lstatSync(join(dir.root, 'a')).uid).toBe(65534);
});

test('a git that hangs from the first call on holds a snapshot up for seconds, not minutes', async () => {
  using dir = playground();
  dir.write({ 'a.txt': 'one\n' });
  commitAll(dir.root);
  using slow = slowGit(['rev-parse']);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const taken = takeSnapshot({ ...dir.options(), env: { ...env, PATH: `${slow.bin}:${process.env['PATH']}` } });
  await slow.started();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await taken).toEqual({ type: 'skipped', cause: 'failed', reason: 'git rev-parse took longer than 10 s' });
  expect(slow.isAlive()).toBe(false);
});
