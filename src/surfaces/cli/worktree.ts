import { existsSync, readdirSync, realpathSync, rmdirSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { findProgram, reasonOf } from '../../foundation/util/index.ts';
import { findRepository } from '../../system/git/index.ts';
import { programOutput } from '../../system/process/index.ts';
import type { CommandIo } from './io.ts';
import { note } from './output.ts';
import { UsageError } from './usage.ts';

/** A check-out of a large repository takes a while, ms. */
const GIT_MS = 10 * 60_000;
/** Also a name for a branch and a folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** No program that the repository names runs, but filters that the user has configured. */
const QUIET = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false'];

/** A work tree of its own for a run. Disposing removes it if nothing came of the run, and else says where the work is. */
export interface Worktree extends AsyncDisposable {
  /** Absolute: the place in it that the working directory has in its repository. */
  readonly cwd: string;
}

/**
 * Makes a linked work tree beside the repository, on a new branch `keel/NAME`, or takes the one that was made so before.
 * @param name null: one is made of the time
 * @throws UsageError, KeelError `invalidInput`
 */
export async function openWorktree(io: CommandIo, cwd: string, name: string | null): Promise<Worktree> {
  if (name !== null && !NAME.test(name)) {
    throw new UsageError(
      `--worktree: a name has letters, digits, ".", "_" and "-", and 64 characters at most, not "${name}"`,
    );
  }
  const repository = findRepository(cwd);
  if (repository === null) throw new KeelError('invalidInput', `--worktree: ${cwd} is not inside a Git repository`);
  const { root } = repository;
  const called =
    name ??
    new Date()
      .toISOString()
      .replaceAll(/[-:]|\..*/g, '')
      .replace('T', '-');
  const path = join(`${root}.worktrees`, called);
  const git = gitIn(io, root);
  const isNew = !existsSync(path);
  if (isNew) await git('worktree', 'add', '--quiet', '-b', `keel/${called}`, path);
  else if (findRepository(path)?.commonDir !== repository.commonDir) {
    throw new KeelError('invalidInput', `--worktree: ${path} is there already, and no work tree of this repository`);
  }
  note(io, `work tree: ${path} (branch keel/${called}${isNew ? '' : ', as it was'})\n`);
  const inTree = gitIn(io, path);
  const start = isNew ? await inTree('rev-parse', 'HEAD') : null;
  return {
    cwd: join(path, relative(root, realpathSync(cwd))),
    async [Symbol.asyncDispose]() {
      // One that was there before stays.
      if (start === null) return;
      const isUnchanged =
        (await inTree('rev-parse', 'HEAD')) === start && (await inTree('status', '--porcelain')) === '';
      if (isUnchanged) {
        await git('worktree', 'remove', path);
        await git('branch', '--quiet', '-D', `keel/${called}`);
        if (readdirSync(dirname(path)).length === 0) rmdirSync(dirname(path));
        note(io, 'work tree: removed, since nothing was changed\n');
        return;
      }
      const remove = `git worktree remove ${join('..', basename(dirname(path)), called)}`;
      note(io, `work tree: kept with its changes: ${path}; when you are done: ${remove}\n`);
    },
  };
}

function gitIn(io: CommandIo, cwd: string): (...args: string[]) => Promise<string> {
  const program = findProgram('git', { env: io.env, roots: [cwd] });
  if (program.type === 'missing') throw new KeelError('invalidInput', `--worktree: ${program.reason}: install git`);
  return async (...args) => {
    try {
      const env = { ...io.env, GIT_TERMINAL_PROMPT: '0' };
      return (await programOutput(program.path, [...QUIET, ...args], { cwd, env, timeoutMs: GIT_MS })).trim();
    } catch (cause) {
      const reason = reasonOf(cause).split('\n').slice(1).join(' ').trim() || reasonOf(cause);
      throw new KeelError('invalidInput', `--worktree: git ${args[0]} failed: ${reason}`, { cause });
    }
  };
}
