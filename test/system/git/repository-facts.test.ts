import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { gatherRepositoryFacts } from '../../../src/system/git/index.ts';
import { temporaryDirectory, writeTree } from '../../context/support.ts';
import { programDirectory } from '../../support/programs/program-directory.ts';
import { git, env as gitEnv } from './support.ts';

/** Plenty, so that a busy machine does not decide a test about what git says. */
const PATIENT = { deadlineMs: 15_000 };
const facts = (cwd: string) => gatherRepositoryFacts(cwd, gitEnv, PATIENT);

function repository(
  files: Readonly<Record<string, string>> = { 'a.txt': 'a\n', 'b.txt': 'b\n', 'c.txt': 'c\n' },
): string {
  const root = temporaryDirectory();
  git(root, 'init', '-q', '-b', 'main');
  writeTree(root, files);
  git(root, 'add', '-A');
  git(root, 'commit', '-q', '-m', 'begin');
  return root;
}

/** A directory with a `git` that is this shell script. */
async function fakeGit(script: string): Promise<string> {
  const bin = programDirectory();
  await writeFile(join(bin, 'git'), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, 'git'), 0o755);
  return bin;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
  // A killed process whose parent has not looked yet runs no more.
  return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

async function pidIn(file: string): Promise<number> {
  await vi.waitFor(() => expect(existsSync(file) && readFileSync(file, 'utf8').endsWith('\n')).toBe(true), 10_000);
  return Number(readFileSync(file, 'utf8'));
}

/** Lists this many files in the index; none of them is there. */
function listFiles(root: string, count: number): void {
  const blob = execFileSync('git', ['-C', root, 'rev-parse', 'HEAD:a.txt'], { env: gitEnv, encoding: 'utf8' }).trim();
  const input = Array.from({ length: count }, (_, at) => `100644 ${blob}\tmany/${String(at).padStart(10, '0')}\n`).join(
    '',
  );
  execFileSync('git', ['-C', root, 'update-index', '--index-info'], { env: gitEnv, input });
}

describe('facts about a repository', () => {
  it('are not asked for where the size of the index says that git would need long', async () => {
    const root = repository();
    listFiles(root, 20_000);
    expect(await facts(root)).toMatchObject({ branch: 'main', changed: 20_000 });
    listFiles(root, 60_000);
    expect(await facts(root)).toBeNull();
  });

  it('must-hold 8: counts three modified files and an untracked one', async () => {
    const root = repository();
    writeTree(root, { 'a.txt': '1\n', 'b.txt': '2\n', 'c.txt': '3\n', 'new.txt': 'n\n' });
    expect(await facts(root)).toEqual({ isRepository: true, branch: 'main', changed: 3, untracked: 1 });
  });

  it('counts staged and deleted files, and are those of the whole tree from a folder in it', async () => {
    const root = repository();
    writeTree(root, { 'sub/new.txt': 'n\n' });
    git(root, 'add', 'sub/new.txt');
    await rm(join(root, 'a.txt'));
    expect(await facts(join(root, 'sub'))).toMatchObject({ changed: 2, untracked: 0 });
  });

  it('name a detached head by its short hash', async () => {
    const root = repository();
    git(root, 'checkout', '-q', '--detach');
    expect(await facts(root)).toMatchObject({ branch: git(root, 'rev-parse', 'HEAD').slice(0, 7) });
  });

  it('are found in a repository without a commit, and in a linked work tree', async () => {
    const empty = temporaryDirectory();
    git(empty, 'init', '-q', '-b', 'trunk');
    expect(await facts(empty)).toEqual({ isRepository: true, branch: 'trunk', changed: 0, untracked: 0 });
    const root = repository();
    const linked = join(temporaryDirectory(), 'linked');
    git(root, 'worktree', 'add', '-q', '-b', 'side', linked);
    expect(await facts(linked)).toMatchObject({ isRepository: true, branch: 'side' });
  });

  it('say that a directory is in no repository, without asking git', async () => {
    const bin = await fakeGit('exit 1');
    expect(await gatherRepositoryFacts(temporaryDirectory(), { PATH: bin }, PATIENT)).toEqual({ isRepository: false });
  });

  it('are unknown without git; a broken repository and a missing directory are none', async () => {
    const broken = temporaryDirectory();
    await mkdir(join(broken, '.git'));
    expect(await facts(broken)).toEqual({ isRepository: false });
    expect(await gatherRepositoryFacts(repository(), { PATH: temporaryDirectory() }, PATIENT)).toBeNull();
    expect(await facts(join(repository(), 'gone'))).toEqual({ isRepository: false });
  });

  it('take no lock: the index is left as it was', async () => {
    const root = repository();
    writeTree(root, { 'a.txt': 'a\n' });
    const before = readFileSync(join(root, '.git/index'));
    await facts(root);
    expect(readFileSync(join(root, '.git/index')).equals(before)).toBe(true);
  });
});

describe('a git that does not answer', () => {
  it('must-hold 8: is killed at the deadline with what it started, and the facts are unknown', async () => {
    const root = repository();
    const dir = temporaryDirectory();
    const bin = await fakeGit(`sleep 600 & echo $! > ${dir}/child; echo $$ > ${dir}/self; wait`);
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    const asked = gatherRepositoryFacts(root, env, { deadlineMs: 3_000 });
    const pids = [await pidIn(join(dir, 'self')), await pidIn(join(dir, 'child'))];
    expect(await asked).toBeNull();
    await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), 10_000);
  });

  it('is given up at once when the turn needs no answer any more', async () => {
    const dir = temporaryDirectory();
    const bin = await fakeGit(`echo $$ > ${dir}/self; exec sleep 600`);
    const stopped = new AbortController();
    const asked = gatherRepositoryFacts(
      repository(),
      { PATH: `${bin}:${process.env['PATH']}` },
      {
        ...PATIENT,
        signal: stopped.signal,
      },
    );
    const pid = await pidIn(join(dir, 'self'));
    stopped.abort();
    expect(await asked).toBeNull();
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 10_000);
  });

  it('is not started when nobody waits', async () => {
    const dir = temporaryDirectory();
    const bin = await fakeGit(`echo $$ > ${dir}/self`);
    expect(
      await gatherRepositoryFacts(repository(), { PATH: bin }, { ...PATIENT, signal: AbortSignal.abort() }),
    ).toBeNull();
    expect(existsSync(join(dir, 'self'))).toBe(false);
  });

  it('does not outlive keel', async () => {
    const root = repository();
    const dir = temporaryDirectory();
    const bin = await fakeGit(`echo $$ > ${dir}/self; exec sleep 600`);
    const face = new URL('../../../src/system/git/repository-facts.ts', import.meta.url).href;
    const script = `
      import { existsSync } from 'node:fs';
      import { gatherRepositoryFacts } from ${JSON.stringify(face)};
      gatherRepositoryFacts(${JSON.stringify(root)}, process.env, { deadlineMs: 60_000 });
      setInterval(() => existsSync(${JSON.stringify(join(dir, 'self'))}) && process.exit(0), 10);`;
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    const keel = spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => keel.on('close', resolve));
    const pid = await pidIn(join(dir, 'self'));
    expect(await ended).toBe(0);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 10_000);
  });

  it('that floods is stopped', async () => {
    const bin = await fakeGit('exec yes');
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    expect(await gatherRepositoryFacts(repository(), env, PATIENT)).toBeNull();
  });
});

describe('a hostile repository', () => {
  const trap = (dir: string) => `touch ${join(dir, 'sprung')}; cat`;

  it('runs no monitor and no hook of its own', async () => {
    const root = repository();
    const dir = temporaryDirectory();
    writeTree(dir, { 'trap.sh': `#!/bin/sh\n${trap(dir)}\n` });
    await chmod(join(dir, 'trap.sh'), 0o755);
    git(root, 'config', 'core.fsmonitor', join(dir, 'trap.sh'));
    git(root, 'config', 'core.hooksPath', dir);
    await writeFile(join(dir, 'post-index-change'), `#!/bin/sh\n${trap(dir)}\n`, { mode: 0o755 });
    expect(await facts(root)).toMatchObject({ isRepository: true });
    expect(existsSync(join(dir, 'sprung'))).toBe(false);
  });

  it('does not have a git of its own run, however PATH leads to it', async () => {
    const root = repository();
    const dir = temporaryDirectory();
    writeTree(root, { 'node_modules/.bin/git': `#!/bin/sh\n${trap(dir)}\n` });
    await chmod(join(root, 'node_modules/.bin/git'), 0o755);
    for (const first of [join(root, 'node_modules/.bin'), 'node_modules/.bin', '.']) {
      const PATH = `${first}:${process.env['PATH']}`;
      expect(await gatherRepositoryFacts(root, { ...gitEnv, PATH }, PATIENT)).toMatchObject({ untracked: 1 });
    }
    expect(existsSync(join(dir, 'sprung'))).toBe(false);
  });

  it.each([
    ['in its configuration', (command: string) => `[filter "x"]\n\tclean = ${command}\n`],
    ['behind another header', (command: string) => `[core][filter "x"] clean = ${command}\n`],
  ])('runs no filter that is %s: git is not asked', async (_, section) => {
    const root = repository({ '.gitattributes': '* filter=x\n', 'a.txt': 'a\n' });
    const dir = temporaryDirectory();
    writeTree(dir, { 'trap.sh': `#!/bin/sh\n${trap(dir)}\n` });
    await chmod(join(dir, 'trap.sh'), 0o755);
    const config = join(root, '.git/config');
    await writeFile(config, `${readFileSync(config, 'utf8')}${section(join(dir, 'trap.sh'))}`);
    writeTree(root, { 'a.txt': 'b\n' });
    expect(await facts(root)).toBeNull();
    expect(existsSync(join(dir, 'sprung'))).toBe(false);
    git(root, 'status', '--porcelain');
    expect(existsSync(join(dir, 'sprung')), 'the trap works').toBe(true);
  });
});
