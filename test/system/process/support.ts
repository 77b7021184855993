import { readFileSync } from 'node:fs';
import {
  type CommandOutcome,
  ExecSession,
  Processes,
  runCommand,
  type SpawnSpec,
} from '../../../src/system/process/index.ts';
import type { PtySessionOptions } from '../../../src/system/process/run/exec-session.ts';
import type { CommandOptions } from '../../../src/system/process/run/run-command.ts';
import { processesWith } from '../../support/keel.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let workshops = 0;

/** A folder, an owner of processes, and ways to run something; all gone when the test ends. */
export class Workshop implements Disposable {
  readonly dir: TempDir = tempDir();
  readonly token: string;
  readonly processes: Processes;
  readonly env = { PATH: process.env['PATH'] ?? '', HOME: this.dir.path };

  constructor() {
    workshops += 1;
    this.token = `process-test-${process.pid}-${workshops}`;
    this.processes = new Processes(this.token);
  }

  bash(script: string, options: Partial<CommandOptions> = {}): Promise<CommandOutcome> {
    return this.run(['bash', '-c', script], options);
  }

  run(argv: readonly string[], options: Partial<CommandOptions> = {}, cwd = this.dir.path): Promise<CommandOutcome> {
    return this.runSpec({ argv, cwd, env: this.env }, options);
  }

  runSpec(spec: SpawnSpec, options: Partial<CommandOptions> = {}): Promise<CommandOutcome> {
    return runCommand(spec, {
      processes: this.processes,
      timeoutMs: 15_000,
      signal: new AbortController().signal,
      onText: () => undefined,
      spill: null,
      ...options,
    });
  }

  async session(script: string, options: Partial<PtySessionOptions> = {}): Promise<ExecSession> {
    const start = await ExecSession.start({
      spec: { argv: ['bash', '-c', script], cwd: this.dir.path, env: { ...this.env, TERM: 'dumb', PS1: '$ ' } },
      processes: this.processes,
      tty: false,
      spill: null,
      onText: () => undefined,
      ...options,
    });
    if (start.type !== 'started') throw new Error(start.message);
    return start.session;
  }

  /** Living processes that this workshop's commands have started. */
  running(): string[] {
    return processesWith(`KEEL_CALL_ID=${this.token}/`).filter(isAlive);
  }

  [Symbol.dispose](): void {
    this.processes.close();
    this.dir[Symbol.dispose]();
  }
}

function isAlive(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
