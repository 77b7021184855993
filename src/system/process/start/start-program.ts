import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { sealDescriptors } from './descriptors.ts';
import { outlivingEnvironment, trackChild } from './own-children.ts';

const run = promisify(execFile);

/**
 * Starts a program by Node's own way: every `spawn` of keel's main thread is this one. It gets the descriptors that
 * `options.stdio` names and no other. A failure of the start may also come as the child's `error`.
 * @throws OpenDescriptorsError; what the system says if it can't be started
 */
export function startProgram(program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  sealDescriptors();
  const child = spawn(program, args, options);
  trackChild(child);
  return child;
}

/**
 * Starts a program that is not ended with keel, nor what it leaves running.
 * @throws what `startProgram` throws
 */
export function startOutliving(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { readonly env: Readonly<Record<string, string | undefined>> },
): ChildProcess {
  return startProgram(program, args, { ...options, detached: true, env: outlivingEnvironment(options.env) });
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** After that it is killed; never by default. */
  readonly timeoutMs?: number;
}

/**
 * What a short-lived program of keel's own choice prints.
 * @throws OpenDescriptorsError; Node's error if it can't be started, was killed, or its exit code is not 0
 */
export async function programOutput(
  program: string,
  args: readonly string[],
  { timeoutMs = 0, ...options }: ProgramOptions = {},
): Promise<string> {
  sealDescriptors();
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL' } as const;
  const running = run(program, args, { ...options, ...limits, encoding: 'utf8' });
  trackChild(running.child);
  running.child.stdin?.end(); // one that asks gets no answer, and need not wait for it
  return (await running).stdout;
}
