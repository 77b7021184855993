import { spawn } from 'node:child_process';

export type RepositoryFacts =
  | { readonly isRepository: false }
  | {
      readonly isRepository: true;
      /** Branch name, or a short hash when none is checked out. */
      readonly branch: string;
      readonly changed: number;
      readonly untracked: number;
    };

/** git is given up after this. */
const DEADLINE_MS = 150;
const MAX_OUTPUT = 4 * 1024 * 1024;

/**
 * Asks git how the work tree stands. A repository may be hostile: nothing it configures is run, and a git that hangs or
 * floods is killed. Null if the answer did not come in time.
 */
export function gatherRepositoryFacts(cwd: string, env: Readonly<Record<string, string | undefined>>) {
  const { promise, resolve } = Promise.withResolvers<RepositoryFacts | null>();
  const hardening = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'core.pager=cat', 'core.untrackedCache=false'];
  const git = spawn(
    'git',
    [
      ...hardening.flatMap((setting) => ['-c', setting]),
      'status',
      '--porcelain=v2',
      '--branch',
      '--untracked-files=normal',
    ],
    { cwd, env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' }, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let output = '';
  const timer = setTimeout(() => git.kill('SIGKILL'), DEADLINE_MS);
  git.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.length > MAX_OUTPUT) git.kill('SIGKILL');
  });
  git.on('error', () => resolve(null));
  git.on('close', (code) => {
    clearTimeout(timer);
    if (code === 0) resolve(parseStatus(output));
    else resolve(code === 128 ? { isRepository: false } : null);
  });
  // Neither the program nor its timer may hold up the end of a run.
  git.unref();
  timer.unref();
  return promise;
}

function parseStatus(output: string): RepositoryFacts {
  const lines = output.split('\n');
  const headOf = (name: string) => lines.find((line) => line.startsWith(`# ${name} `))?.slice(name.length + 3) ?? '';
  const branch = headOf('branch.head');
  return {
    isRepository: true,
    branch: branch === '(detached)' ? headOf('branch.oid').slice(0, 7) : branch,
    changed: lines.filter((line) => /^[12u] /.test(line)).length,
    untracked: lines.filter((line) => line.startsWith('? ')).length,
  };
}
