import { once } from 'node:events';
import { onAbort } from '../../../foundation/util/index.ts';
import { type Config, programEnvironment } from '../../../storage/config/index.ts';
import { startProgram } from '../../../system/process/index.ts';

const MAX_OUTPUT_CHARS = 16 * 1024;

/** What a command of the user's settings is given. */
export interface UserCommandInput {
  /** On its standard input. */
  readonly input: string;
  /** As `$1` and so on. */
  readonly args?: readonly string[];
}

/**
 * Runs a command that the user's settings name, without keel's keys, in a process group of its own, all of which ends with it or
 * with the signal.
 * @returns the first line that it prints; empty: it failed
 */
export async function runUserCommand(
  command: string,
  { input, args = [] }: UserCommandInput,
  config: Config,
  signal: AbortSignal,
): Promise<string> {
  if (signal.aborted) return '';
  const env = programEnvironment(config);
  const child = startProgram('/bin/sh', ['-c', command, 'keel', ...args], {
    cwd: config.cwd,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { pid } = child;
  const end = () => {
    if (pid !== undefined) killGroup(pid);
  };
  using _listener = onAbort(signal, end);
  let output = '';
  child.stdin?.on('error', () => {
    // A command need not read what it is given.
  });
  child.stdin?.end(input);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(0, MAX_OUTPUT_CHARS);
  });
  try {
    await once(child, 'close');
  } finally {
    end();
  }
  return child.exitCode === 0 ? (output.split('\n')[0] ?? '').trimEnd() : '';
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it has ended.
  }
}
