import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { SandboxPolicy } from '../../../src/foundation/protocol/index.ts';
import type { CommandEnd } from '../../../src/system/process/index.ts';
import type { SandboxOptions } from '../../../src/system/sandbox/manager.ts';

export interface HeldPlace {
  readonly workspace: string;
  readonly home: string;
}

export interface HeldRequest {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly policy: SandboxPolicy;
  readonly timeoutMs: number;
}

export interface HeldOutcome {
  readonly output: string;
  readonly end: CommandEnd;
  readonly backend: string;
  readonly notes: readonly string[];
}

/** A sandbox by Landlock alone, for what is to be tried in it. */
export function planHeld({ home }: HeldPlace): Omit<SandboxOptions, 'processes'> {
  return {
    home,
    env: {},
    hidden: [],
    allowGitCommit: false,
    allowUnixSockets: false,
    maxProcesses: null,
    maxFileBytes: null,
    bwrapPath: null,
    backends: ['landlock'],
  };
}

/** A process of keel's, as another user if need be, that runs scripts below Landlock. */
export class HeldRunner implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, pid: number, lines: AsyncIterator<string>) {
    this.#child = child;
    this.pid = pid;
    this.#lines = lines;
  }

  static async start(place: HeldPlace, uid: number | null): Promise<HeldRunner> {
    const user = uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const script = join(import.meta.dirname, 'held-runner.ts');
    const [program = '', ...args] = [...user, process.execPath, '--no-warnings', script, JSON.stringify(place)];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = linesOf(child);
    return new HeldRunner(child, Number(await nextLine(lines)), lines);
  }

  async run(request: HeldRequest): Promise<HeldOutcome> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    return JSON.parse(await nextLine(this.#lines));
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    if (this.isAlive) await once(this.#child, 'exit');
  }
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error('its output is a pipe');
  const reader: Interface = createInterface({ input: child.stdout });
  return reader[Symbol.asyncIterator]();
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const line = await lines.next();
  if (line.done) throw new Error('the runner has ended');
  return line.value;
}
