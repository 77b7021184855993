import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KeelOptions, KeelRun } from '../keel.ts';

/*
 * Most tests of commands are about what the built program does, not about its process, which takes a third of a second to start
 * on a busy machine. They share one process that runs command lines one after the other, each with an environment, a working
 * directory and streams of its own. It is not the tests' process: keel takes the orphans of its own.
 */

export interface CommandLine {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** A command that takes longer hangs, ms: less than a test may take. */
const LONGEST_MS = 50_000;

let resident: ChildProcess | null = null;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command line to completion, after those that were asked for before. The environment is what `runKeel` gives. One that hangs
 * is ended with the process, and the next one gets a new process.
 */
export function runCommandLine(
  args: readonly string[],
  options: KeelOptions,
  longestMs: number = LONGEST_MS,
): Promise<KeelRun> {
  const run = last.then(() => runNext(args, options, longestMs));
  last = run.catch(() => undefined);
  return run;
}

async function runNext(
  args: readonly string[],
  { home, cwd, url, env, stdin }: KeelOptions,
  longestMs: number,
): Promise<KeelRun> {
  const child = resident ?? start();
  const line: CommandLine = {
    args,
    cwd,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      KEEL_HOME: home,
      OPENAI_BASE_URL: url,
      OPENAI_API_KEY: 'sk-test-secret-1234567890',
      ...env,
    },
    stdin: stdin ?? '',
  };
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`the process of keel's has ended with code ${String(code)} while it ran keel ${args.join(' ')}`);
  });
  const answer = once(child, 'message', { signal: ended.signal });
  const hangs = delay(longestMs, undefined, { signal: ended.signal }).then(() => {
    resident = null;
    child.kill('SIGKILL');
    throw new Error(`keel ${args.join(' ')} has not ended after ${longestMs} ms`);
  });
  child.send(line);
  try {
    const [run] = await Promise.race([answer, exit, hangs]);
    return run;
  } finally {
    ended.abort();
    for (const left of [answer, exit, hangs]) left.catch(() => undefined);
  }
}

function start(): ChildProcess {
  const child = fork(join(import.meta.dirname, 'resident-program.ts'), {
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.once('exit', () => {
    if (resident === child) resident = null;
  });
  // It ends when the tests' process does: the channel between them is closed then.
  child.unref();
  child.channel?.unref();
  resident = child;
  return child;
}
