import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { resolveCredentials } from '../../models/client/index.ts';
import type { ExecOptions } from './exec-options.ts';

/**
 * Checks every file that a run has to read or write, and that there is a key, before a thread is made and a request is paid for.
 * @throws KeelError `invalidInput` or `missingCredentials` that names what is wrong and what to do
 */
export function checkBeforeRun(options: ExecOptions): void {
  checkWorkingDirectory(options);
  for (const path of options.images) checkImage(path);
  if (options.lastMessageFile !== null) checkOutputFile(options.lastMessageFile);
  if (options.review?.type === 'custom' && options.review.instructions.trim() === '') {
    throw invalid('the instructions of the review are empty');
  }
  const { provider, env, storedKey } = options.config;
  resolveCredentials(provider, env, storedKey);
}

function checkWorkingDirectory({ config: { cwd }, skipGitRepoCheck }: ExecOptions): void {
  const fault = directoryFault(cwd, constants.R_OK | constants.X_OK);
  if (fault !== null) throw invalid(`the working directory ${cwd} ${fault}`);
  if (skipGitRepoCheck || isInsideGit(cwd)) return;
  throw invalid(
    `${cwd} is not inside a Git repository, where every change could be undone. Use --skip-git-repo-check to run here anyway.`,
  );
}

function isInsideGit(cwd: string): boolean {
  for (let dir = cwd; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) return true;
    if (dir === dirname(dir)) return false;
  }
}

function checkImage(path: string): void {
  const stat = statOf(path);
  if (stat === null) throw invalid(`--image ${path}: there is no such file`);
  if (!stat.isFile()) throw invalid(`--image ${path}: it is not a file`);
  const fault = accessFault(path, constants.R_OK);
  if (fault !== null) throw invalid(`--image ${path} ${fault}`);
}

function checkOutputFile(path: string): void {
  const name = `--output-last-message ${path}`;
  const stat = statOf(path);
  if (stat?.isDirectory()) throw invalid(`${name}: it is a directory`);
  const fault = stat
    ? accessFault(path, constants.W_OK)
    : directoryFault(dirname(path), constants.W_OK | constants.X_OK);
  if (fault !== null) throw invalid(stat ? `${name} ${fault}` : `${name}: the directory ${dirname(path)} ${fault}`);
}

/** Why a directory can't be used; null if it can. */
function directoryFault(path: string, mode: number): string | null {
  const stat = statOf(path);
  if (stat === null) return 'does not exist';
  return stat.isDirectory() ? accessFault(path, mode) : 'is not a directory';
}

function accessFault(path: string, mode: number): string | null {
  try {
    accessSync(path, mode);
    return null;
  } catch (error) {
    return `can't be used: ${reasonOf(error)}`;
  }
}

/** Null if the path leads to nothing that can be inspected. */
function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    // A part of the path isn't a directory, can't be entered, or is too long: for this run the file doesn't exist.
    return null;
  }
}

function invalid(message: string): KeelError {
  return new KeelError('invalidInput', message);
}
