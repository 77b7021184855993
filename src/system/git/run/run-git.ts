import type { ChildProcess } from 'node:child_process';
import { findProgram, onAbort, reasonOf } from '../../../foundation/util/index.ts';
import { startProgram } from '../../process/index.ts';
import { type Environment, HARDENED_OPTIONS, hardenedEnvironment } from './hardening.ts';

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_CHARS = 4_096;
const COMMAND = /^[a-z]+(?:-[a-z]+)*$/;

export interface GitOptions {
  /** Absolute: git's working directory. */
  readonly cwd: string;
  /** Commands may write in it: no program in there is started, not even a `git`. */
  readonly workTree: string;
  /** Further directories in which commands may write. */
  readonly roots?: readonly string[] | undefined;
  /** The user's environment, for PATH and HOME; variables for git in it are not passed on. */
  readonly env: Environment;
  /** Which repository, index and objects: `GIT_DIR` and its like. */
  readonly place: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly input?: Uint8Array;
  readonly maxOutputBytes?: number;
  /** More output than that is left away, and git ended, instead of being a failure. */
  readonly isCutAllowed?: boolean;
}

export type GitResult =
  | { readonly type: 'ok'; readonly stdout: Buffer; readonly isCut: boolean }
  /** git said no. */
  | { readonly type: 'failed'; readonly exitCode: number; readonly stdout: Buffer; readonly message: string }
  | { readonly type: 'tooLong'; readonly message: string }
  | { readonly type: 'tooMuch'; readonly message: string }
  | { readonly type: 'noGit'; readonly message: string }
  | { readonly type: 'aborted'; readonly message: string };

type Cut = Extract<GitResult['type'], 'tooLong' | 'tooMuch' | 'aborted'>;

/**
 * Runs git so that nothing the repository or the user configured is started by it, nothing is asked of anyone and nothing is
 * fetched. Output and time are bounded; an abort ends git and all it started. Never throws for what git does.
 */
export async function runGit(args: readonly string[], options: GitOptions): Promise<GitResult> {
  if (options.signal.aborted) return { type: 'aborted', message: 'stopped' };
  const program = findProgram('git', { env: options.env, roots: [options.workTree, ...(options.roots ?? [])] });
  if (program.type === 'missing') return { type: 'noGit', message: `${program.reason}: install git` };
  const isUnix = process.platform !== 'win32';
  let child: ChildProcess;
  try {
    child = startProgram(program.path, [...HARDENED_OPTIONS, ...args], {
      cwd: options.cwd,
      env: { ...hardenedEnvironment(options.env, program.searchPath), ...options.place },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // A group of its own, so that what git started ends with it.
      detached: isUnix,
      windowsHide: true,
    });
  } catch (error) {
    return { type: 'noGit', message: `git can't be started: ${reasonOf(error)}` };
  }
  const kill = () => killGroup(child, isUnix);
  const forget = killAtExit(kill);
  try {
    return await follow(child, { ...options, what: args.find((arg) => COMMAND.test(arg)) ?? '', kill });
  } finally {
    forget();
  }
}

/** keel may be over before git is, which must not outlive it. One listener serves all: a program may have many threads open. */
const killedAtExit = new Set<() => void>();

/** @returns what takes it back */
function killAtExit(kill: () => void): () => void {
  if (killedAtExit.size === 0) process.once('exit', killRunning);
  killedAtExit.add(kill);
  return () => {
    killedAtExit.delete(kill);
    if (killedAtExit.size === 0) process.removeListener('exit', killRunning);
  };
}

function killRunning(): void {
  for (const kill of killedAtExit) kill();
}

interface FollowOptions extends GitOptions {
  readonly what: string;
  readonly kill: () => void;
}

async function follow(child: ChildProcess, options: FollowOptions): Promise<GitResult> {
  const { signal, timeoutMs = TIMEOUT_MS, maxOutputBytes = MAX_OUTPUT_BYTES, what } = options;
  const { promise: ended, resolve } = Promise.withResolvers<number | Error>();
  let cut: Cut | null = null;
  const stop = (why: Cut) => {
    cut ??= why;
    options.kill();
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  const timer = setTimeout(() => stop('tooLong'), timeoutMs);
  using _abort = onAbort(signal, () => stop('aborted'));
  const chunks: Buffer[] = [];
  let bytes = 0;
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (cut === null) chunks.push(chunk);
    if (bytes > maxOutputBytes) stop('tooMuch');
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (errors.length < MAX_ERROR_CHARS) errors += text;
  });
  // A git that ends early does not read all of its input; its exit status shows why.
  child.stdin?.on('error', () => undefined).end(options.input);
  child.once('error', resolve);
  child.once('close', (code) => resolve(code ?? -1));
  try {
    const end = await ended;
    const stdout = Buffer.concat(chunks).subarray(0, maxOutputBytes);
    if (cut === 'tooMuch' && options.isCutAllowed) return { type: 'ok', stdout, isCut: true };
    if (cut !== null) return { type: cut, message: cutMessage(cut, what, timeoutMs) };
    if (end instanceof Error) return { type: 'noGit', message: `git can't be started: ${end.message}` };
    if (end === 0) return { type: 'ok', stdout, isCut: false };
    return { type: 'failed', exitCode: end, stdout, message: failureMessage(what, end, errors) };
  } finally {
    clearTimeout(timer);
  }
}

function cutMessage(cut: Cut, what: string, timeoutMs: number): string {
  switch (cut) {
    case 'aborted':
      return 'stopped';
    case 'tooLong':
      return `git ${what} took longer than ${Math.round(timeoutMs / 1000)} s`;
    case 'tooMuch':
      return `git ${what} printed more than keel can take in`;
  }
}

function failureMessage(what: string, exitCode: number, errors: string): string {
  const said = errors.slice(0, MAX_ERROR_CHARS).trim();
  return `git ${what} failed (${said === '' ? `exit code ${exitCode}` : said.replaceAll(/\s*\n\s*/g, '; ')})`;
}

function killGroup(child: ChildProcess, isUnix: boolean): void {
  if (child.pid === undefined) return;
  try {
    process.kill(isUnix ? -child.pid : child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** A step of a longer operation did not work: caught where that operation turns into a value. */
export class GitFailure extends Error {
  readonly isAbort: boolean;

  constructor(message: string, isAbort = false) {
    super(message);
    this.name = 'GitFailure';
    this.isAbort = isAbort;
  }
}

export interface GitOutputOptions extends GitOptions {
  /** The exit code by which the command says that it found nothing. */
  readonly noneExitCode?: number;
}

/**
 * What git prints, for the steps of a longer operation.
 * @throws GitFailure if it does not succeed
 */
export async function gitOutput(args: readonly string[], options: GitOutputOptions): Promise<Buffer> {
  const result = await runGit(args, options);
  if (result.type === 'ok') return result.stdout;
  if (result.type === 'failed' && result.exitCode === options.noneExitCode) return result.stdout;
  throw new GitFailure(result.message, result.type === 'aborted');
}
