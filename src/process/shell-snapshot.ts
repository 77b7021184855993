import { randomBytes } from 'node:crypto';
import { BoundedOutput } from './bounded-output.ts';
import { PipedChild } from './piped-child.ts';
import type { Processes } from './processes.ts';

/** Variables that belong to the shell that was asked, not to the user. */
const OWN_TO_A_SHELL = new Set(['PWD', 'OLDPWD', 'SHLVL', '_', 'KEEL_CALL_ID']);
const MAX_ENVIRONMENT_BYTES = 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

export interface ShellSnapshotOptions {
  readonly processes: Processes;
  /** Absolute path of the user's shell: bash, zsh or sh. */
  readonly shell: string;
  /** Of keel itself. */
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  readonly timeoutMs: number;
}

/** What the user's login shell adds to an environment. */
export interface EnvironmentChange {
  readonly set: Readonly<Record<string, string>>;
  readonly unset: readonly string[];
}

/**
 * What the user's login files do to the environment, found out once so that commands need no login shell each, which costs
 * many times what the command does. Only the environment is taken over: functions and aliases of a login shell are not
 * there for scripts either. Taken in the background; without an answer the environment stays as it was.
 */
export class ShellSnapshot {
  readonly #taken: Promise<EnvironmentChange | null>;
  #change: EnvironmentChange | null = null;
  #isTaken = false;

  /** Starts the shell at once. */
  constructor(options: ShellSnapshotOptions) {
    this.#taken = takeSnapshot(options).then((change) => {
      this.#change = change;
      this.#isTaken = true;
      return change;
    });
  }

  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Resolves when the shell has answered or its time is over; null without a usable answer. */
  get taken(): Promise<EnvironmentChange | null> {
    return this.#taken;
  }

  /** `base` with what is known by now. Secrets of the login files are in it: it still has to pass the policy. */
  applyTo(base: Environment): Environment {
    if (this.#change === null) return base;
    const gone = new Set(this.#change.unset);
    const kept = Object.entries(base).filter(([name]) => !gone.has(name));
    return { ...Object.fromEntries(kept), ...this.#change.set };
  }
}

async function takeSnapshot(options: ShellSnapshotOptions): Promise<EnvironmentChange | null> {
  const { processes, shell, cwd, timeoutMs } = options;
  const env = withoutGaps(options.env);
  // Login files print what they like: the environment stands behind a word that they can't know.
  const word = randomBytes(12).toString('hex');
  const output = new BoundedOutput(MAX_ENVIRONMENT_BYTES * 2);
  const argv = [shell, '-lc', `printf %s ${word}; command env -0; printf %s ${word}`];
  try {
    const child = await PipedChild.start(
      { argv, cwd, env },
      { processes, quietMs: 0, onChunk: (chunk, stream) => stream === 'stdout' && output.append(chunk) },
    );
    const timer = setTimeout(() => child.kill(), timeoutMs);
    await child.ended;
    clearTimeout(timer);
  } catch {
    // No such shell, or the session has ended: the environment stays as it is.
    return null;
  }
  const [, listing] = output.partial().head.split(word);
  if (output.omittedBytes > 0 || listing === undefined || !listing.endsWith('\0')) return null;
  return changeOf(env, parseEnvironment(listing));
}

function parseEnvironment(listing: string): Record<string, string> {
  const lines = listing.split('\0').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

function changeOf(before: Record<string, string>, after: Record<string, string>): EnvironmentChange {
  const changed = Object.entries(after).filter(([name, value]) => before[name] !== value);
  return {
    set: Object.fromEntries(changed.filter(([name]) => !OWN_TO_A_SHELL.has(name))),
    unset: Object.keys(before).filter((name) => !(name in after) && !OWN_TO_A_SHELL.has(name)),
  };
}

function withoutGaps(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
