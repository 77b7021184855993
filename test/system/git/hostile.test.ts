import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  findCommit,
  findRepository,
  localBranches,
  mergeBase,
  recentCommits,
  repositoryPlace,
  restoreSnapshot,
  runGit,
  takeSnapshot,
  uncommittedChanges,
} from '../../../src/system/git/index.ts';
import { tidySnapshots } from '../../../src/system/git/snapshots/tidy-snapshots.ts';
import { commitAll, edit, env, git, type Playground, playground } from './support.ts';

/** A program that leaves a file behind when it is run, and then acts as a filter that changes nothing, or as `body` says. */
function trap(dir: Playground, name: string, body = 'cat'): string {
  const file = join(dir.path, 'traps', name);
  mkdirSync(join(dir.path, 'traps'), { recursive: true });
  mkdirSync(join(dir.path, 'sprung'), { recursive: true });
  writeFileSync(file, `#!/bin/sh\ntouch '${join(dir.path, 'sprung', name)}'\n${body}\nexit 0\n`);
  chmodSync(file, 0o755);
  return file;
}

function sprung(dir: Playground): string[] {
  return readdirSync(join(dir.path, 'sprung')).sort();
}

const SETTINGS = [
  'core.fsmonitor',
  'core.pager',
  'pager.log',
  'pager.diff',
  'core.editor',
  'core.sshCommand',
  'core.askPass',
  'core.gitProxy',
  'core.alternateRefsCommand',
  'credential.helper',
  'diff.external',
  'diff.evil.command',
  'diff.evil.textconv',
  'filter.evil.clean',
  'filter.evil.smudge',
  'filter.process.process',
  'gpg.program',
  'merge.evil.driver',
  'interactive.diffFilter',
  'alias.log',
  'trailer.x.command',
];

const VARIABLES = [
  'GIT_EXTERNAL_DIFF',
  'GIT_PAGER',
  'PAGER',
  'GIT_EDITOR',
  'GIT_SSH_COMMAND',
  'GIT_ASKPASS',
  'GIT_SSH',
];

/** A repository in which about everything that git can start is a trap. */
function hostileRepository(dir: Playground): Record<string, string | undefined> {
  const { root } = dir;
  dir.write({ 'a.txt': 'one\n', 'b.bin': 'two\n', 'deep/c.txt': 'three\n' });
  commitAll(root);
  const tree = git(root, 'rev-parse', 'HEAD^{tree}').trim();
  const parent = git(root, 'rev-parse', 'HEAD').trim();
  const who = 'x <x@keel.invalid> 1700000000 +0000';
  const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----';
  const body = `tree ${tree}\nparent ${parent}\nauthor ${who}\ncommitter ${who}\n${signature}\n\nsigned\n`;
  const args = ['hash-object', '-t', 'commit', '-w', '--stdin'];
  const signed = execFileSync('git', args, { cwd: root, env, input: body, encoding: 'utf8' }).trim();
  git(root, 'reset', '--soft', signed);
  for (const name of SETTINGS) git(root, 'config', name, trap(dir, name));
  git(root, 'config', 'log.showSignature', 'true');
  git(root, 'config', 'diff.submodule', 'log');
  const hooks = [
    'post-index-change',
    'reference-transaction',
    'pre-auto-gc',
    'pre-commit',
    'post-checkout',
    'fsmonitor-watchman',
  ];
  for (const name of hooks) {
    writeFileSync(join(root, '.git/hooks', name), `#!/bin/sh\nexec '${trap(dir, `hook-${name}`)}'\n`);
    chmodSync(join(root, '.git/hooks', name), 0o755);
  }
  dir.write({ '.gitattributes': '* filter=evil diff=evil merge=evil ident text=auto\n*.bin filter=process\n' });
  // So that git can't know by its time that a file is as it was, and has to look into it.
  edit(root, 'touch -d "2001-01-01" a.txt b.bin deep/c.txt');
  const bin = join(root, 'node_modules/.bin');
  // Some package managers put a directory for temporary files first.
  const temporary = join(dirname(trap(dir, 'temporary-git')), 'xfs');
  for (const [place, name] of [
    [bin, 'own-git'],
    [temporary, 'temporary-git'],
  ] as const) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'git'), `#!/bin/sh\nexec '${trap(dir, name)}'\n`);
    chmodSync(join(place, 'git'), 0o755);
  }
  const variables = Object.fromEntries(VARIABLES.map((name) => [name, trap(dir, `variable-${name}`)]));
  const configured = {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'core.fsmonitor',
    GIT_CONFIG_VALUE_0: trap(dir, 'by-count'),
  };
  const path = [temporary, bin, '', 'node_modules/.bin', env.PATH].join(delimiter);
  return {
    ...dir.options().env,
    ...variables,
    ...configured,
    GIT_DIR: '/nonexistent',
    GIT_INDEX_FILE: '/nonexistent',
    PATH: path,
  };
}

test('T36: nothing that a repository or the environment names is run by any git call of keel', async () => {
  using dir = playground();
  const hostile = hostileRepository(dir);
  const options = { ...dir.options(), env: hostile };
  const taken = await takeSnapshot(options);
  if (taken.type !== 'taken') throw new Error(taken.reason);
  edit(dir.root, 'echo more >> a.txt; rm b.bin; echo new > deep/new.txt; echo "*.log" > .gitignore');
  expect(await uncommittedChanges(options)).toMatchObject({ type: 'found' });
  expect(await recentCommits(5, options)).toHaveLength(2);
  expect(await localBranches(options)).toHaveLength(1);
  expect(await mergeBase('main', options)).toMatchObject({ type: 'found' });
  expect(await findCommit('HEAD', options)).toMatchObject({ type: 'found', commit: { title: 'signed' } });
  const restored = await restoreSnapshot(taken.snapshot, options);
  expect(restored).toMatchObject({ type: 'restored', failed: [] });
  await tidySnapshots({ ...options, maxAgeMs: -1 });
  expect(sprung(dir)).toEqual([]);
  // The traps are real: an ordinary git springs them.
  edit(dir.root, 'echo changed >> a.txt');
  for (const args of [['status'], ['diff'], ['log'], ['add', '.']]) {
    spawnSync('git', args, { cwd: dir.root, env: { ...env, GIT_PAGER: undefined }, timeout: 10_000 });
  }
  expect(sprung(dir)).toEqual(
    expect.arrayContaining([
      'core.fsmonitor',
      'diff.evil.command',
      'filter.evil.clean',
      'gpg.program',
      'hook-post-index-change',
    ]),
  );
});

test('T36: objects that a partial clone lacks are not fetched', async () => {
  using dir = playground();
  dir.write({ 'a.txt': 'one\n' });
  commitAll(dir.root);
  const lost = git(dir.root, 'rev-parse', 'HEAD').trim();
  commitAll(dir.root, 'second');
  const { root } = dir;
  git(root, 'config', 'core.repositoryFormatVersion', '1');
  git(root, 'config', 'extensions.partialClone', 'origin');
  git(root, 'config', 'remote.origin.url', root);
  git(root, 'config', 'remote.origin.promisor', 'true');
  git(root, 'config', 'remote.origin.uploadpack', trap(dir, 'uploadpack', ':'));
  rmSync(join(root, '.git/objects', lost.slice(0, 2), lost.slice(2)));
  await recentCommits(5, dir.options());
  await mergeBase('main', dir.options());
  expect((await takeSnapshot(dir.options())).type).toBe('taken');
  expect(sprung(dir)).toEqual([]);
  // Not a program that waits for git, as git would wait for it.
  spawnSync('git', ['log'], { cwd: root, env, timeout: 10_000 });
  expect(sprung(dir)).toEqual(['uploadpack']);
});

test('a path of the index that leads out of the work tree is not followed', async () => {
  using dir = playground();
  dir.write({ 'aa/secret': 'inside\n' });
  commitAll(dir.root);
  writeFileSync(join(dir.path, 'secret'), 'outside\n');
  // Same length, and the checksum at the end set to zero, which git takes for none.
  const index = join(dir.root, '.git/index');
  edit(dir.root, `sed -i 's|aa/secret|../secret|' .git/index && truncate -s -20 .git/index`);
  appendFileSync(index, Buffer.alloc(20));
  expect(git(dir.root, '-c', 'index.skipHash=true', 'ls-files')).toContain('../secret');
  const taken = await takeSnapshot(dir.options());
  expect(taken).toMatchObject({ type: 'taken', files: 1 });
});

test('git that hangs is ended with all it started when the caller stops waiting', async () => {
  using dir = playground();
  commitAll(dir.root);
  edit(dir.root, 'mkfifo pipe && git config include.path ../pipe');
  const repository = findRepository(dir.root);
  if (repository === null) throw new Error('no repository');
  const abort = new AbortController();
  const common = { cwd: dir.root, workTree: dir.root, env, place: repositoryPlace(repository) };
  const running = runGit(['status'], { ...common, signal: abort.signal });
  abort.abort();
  expect((await running).type).toBe('aborted');
  const { signal } = new AbortController();
  expect(await runGit(['status'], { ...common, signal, timeoutMs: 100 })).toMatchObject({ type: 'tooLong' });
});
