import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';

export interface ChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Receives what it prints. */
  readonly logFile: string;
}

/** A program that the fleet has started and ends. */
export class Child {
  readonly pid: number;
  /** Resolves with how it ended, in words. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, pid: number) {
    this.#process = process;
    this.pid = pid;
    this.ended = once(process, 'exit').then(([code, signal]) => (signal === null ? `exit code ${code}` : `${signal}`));
  }

  /** @throws Error if it can't be started */
  static async start({ program, args, env, cwd, logFile }: ChildOptions): Promise<Child> {
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ['ignore', log, log, 'ipc'] });
    await once(child, 'spawn');
    return new Child(child, child.pid ?? 0);
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#process.kill(signal);
  }

  /** The next message of a Node program. @throws Error if it ends before */
  async message(): Promise<unknown> {
    const ended = this.ended.then((how) => {
      throw new Error(`it ended early: ${how}`);
    });
    const [message] = await Promise.race([once(this.#process, 'message'), ended]);
    return message;
  }

  /** Ends it: asks, then kills after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(timer);
  }
}
