import { spawn } from 'node:child_process';
import { namesPrograms, repositoryDirectory } from './repository-directory.ts';

export type RepositoryFacts =
  | { readonly isRepository: false }
  | {
      readonly isRepository: true;
      /** Branch name, or a short hash when none is checked out. */
      readonly branch: string;
      readonly changed: number;
      readonly untracked: number;
    };

export interface GatherOptions {
  /** Gives up at once. */
  readonly signal?: AbortSignal;
  /** git is given up after this, milliseconds. */
  readonly deadlineMs?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEADLINE_MS = 150;
const MAX_OUTPUT_CHARS = 4 * 1024 * 1024;
const SHORT_HASH_CHARS = 7;
const settings = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'core.pager=cat', 'core.untrackedCache=false'];
const GIT_ARGUMENTS = [
  ...settings.flatMap((setting) => ['-c', setting]),
  'status',
  '--porcelain=v2',
  '--branch',
  '--untracked-files=normal',
  // Neither are other repositories asked, nor contents compared, which might have to be fetched.
  '--ignore-submodules=dirty',
  '--no-renames',
];
/** No lock is taken, nobody is asked for a password, and nothing is fetched, also by a git too old for its own switch. */
const hardenedEnv = {
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
} as const;

/**
 * Asks git how the work tree stands. A repository may be hostile: nothing it configures is run, and a git that hangs or
 * floods is killed with all it started. Null if there is no answer in time, or none that is safe to ask for.
 */
export async function gatherRepositoryFacts(
  cwd: string,
  env: Environment,
  { signal, deadlineMs = DEADLINE_MS }: GatherOptions = {},
): Promise<RepositoryFacts | null> {
  const directory = repositoryDirectory(cwd);
  if (directory === null && !env['GIT_DIR']) return { isRepository: false };
  if (signal?.aborted || (directory !== null && namesPrograms(directory))) return null;
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  const timer = setTimeout(stop, deadlineMs);
  signal?.addEventListener('abort', stop);
  // A run may be over before git is: it must not outlive keel.
  process.once('exit', stop);
  try {
    const output = await statusOutput(cwd, env, stopped.signal);
    return output === null ? null : parseStatus(output);
  } catch {
    // No process can be started here; the commands of the turn will say why.
    return null;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    process.removeListener('exit', stop);
  }
}

/** What git prints; null if it fails or is stopped. */
function statusOutput(cwd: string, env: Environment, signal: AbortSignal): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const isUnix = process.platform !== 'win32';
  const git = spawn('git', GIT_ARGUMENTS, {
    cwd,
    env: { ...env, ...hardenedEnv },
    stdio: ['ignore', 'pipe', 'ignore'],
    // A group of its own, so that what git started ends with it.
    detached: isUnix,
    windowsHide: true,
  });
  const stop = () => {
    git.stdout.destroy();
    if (git.pid !== undefined) killGroup(git.pid, isUnix);
    resolve(null);
  };
  let output = '';
  git.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.length > MAX_OUTPUT_CHARS) stop();
  });
  git.on('error', () => resolve(null));
  git.on('close', (code) => resolve(code === 0 ? output : null));
  signal.addEventListener('abort', stop, { once: true });
  return promise;
}

function killGroup(pid: number, isUnix: boolean): void {
  try {
    process.kill(isUnix ? -pid : pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function parseStatus(output: string): RepositoryFacts {
  const lines = output.split('\n');
  const headOf = (name: string) => lines.find((line) => line.startsWith(`# ${name} `))?.slice(name.length + 3) ?? '';
  const branch = headOf('branch.head');
  return {
    isRepository: true,
    branch: branch === '(detached)' ? headOf('branch.oid').slice(0, SHORT_HASH_CHARS) : branch,
    changed: lines.filter((line) => /^[12u] /.test(line)).length,
    untracked: lines.filter((line) => line.startsWith('? ')).length,
  };
}
