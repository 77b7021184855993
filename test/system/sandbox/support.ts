import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxPolicy } from '../../../src/foundation/protocol/index.ts';
import { type CommandOutcome, Processes, runCommand } from '../../../src/system/process/index.ts';
import { type ExecPlan, SandboxManager } from '../../../src/system/sandbox/index.ts';
import type { SandboxOptions } from '../../../src/system/sandbox/manager.ts';
import { tempDir } from '../../support/temp-dir.ts';

export const workspaceWrite = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
} as const satisfies SandboxPolicy;
export const readOnly = { mode: 'read-only' } as const satisfies SandboxPolicy;

export interface RoomOptions {
  readonly policy?: SandboxPolicy;
  readonly setup?: Partial<SandboxOptions>;
  readonly sharesNetwork?: boolean;
  /** Run as this user instead of the test's own. */
  readonly uid?: number;
}

/** A place with a workspace inside, something outside, and a home of keel's; commands run in it for real. */
export class Room implements AsyncDisposable {
  readonly #dir = tempDir();
  readonly processes = new Processes(`room-${Math.random().toString(36).slice(2)}`);
  readonly workspace = join(this.#dir.path, 'a', 'work');
  readonly outside = join(this.#dir.path, 'outside');
  readonly home = join(this.#dir.path, 'home');
  readonly manager: SandboxManager;
  readonly #options: RoomOptions;

  constructor(options: RoomOptions = {}) {
    this.#options = options;
    for (const dir of [this.workspace, this.outside, this.home]) mkdirSync(dir, { recursive: true });
    writeFileSync(join(this.outside, 'precious'), 'as it was');
    writeFileSync(join(this.home, 'auth.json'), '{"OPENAI_API_KEY":"sk-secret"}');
    this.manager = this.newManager();
  }

  /** As one more keel of the same home has it. */
  newManager(): SandboxManager {
    return new SandboxManager({
      home: this.home,
      env: {},
      hidden: [],
      allowGitCommit: false,
      allowUnixSockets: false,
      maxProcesses: null,
      maxFileBytes: null,
      bwrapPath: null,
      processes: this.processes,
      ...this.#options.setup,
    });
  }

  get root(): string {
    return this.#dir.path;
  }

  /** The plan of a shell script under the room's policy. */
  async plan(script: string, cwd: string = this.workspace): Promise<ExecPlan> {
    await this.manager.ready(new AbortController().signal);
    const { policy = workspaceWrite, sharesNetwork = false } = this.#options;
    const argv = ['bash', '-c', script];
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.home, LC_ALL: 'C' };
    const planned = this.manager.plan({ spec: { argv, cwd, env }, policy, cwd: this.workspace, sharesNetwork });
    if (planned.type === 'unavailable') throw new Error(planned.reason);
    return planned.plan;
  }

  async run(script: string, { cwd = this.workspace, timeoutMs = 15_000 } = {}): Promise<CommandOutcome> {
    const plan = await this.plan(script, cwd);
    const release = this.manager.track(plan);
    const { uid } = this.#options;
    const user = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const spawn = { ...plan.spawn, argv: [...user, ...plan.spawn.argv] };
    return runCommand(spawn, {
      processes: this.processes,
      timeoutMs,
      signal: new AbortController().signal,
      onText: () => undefined,
      spill: null,
    }).finally(release);
  }

  /** What a script prints, and its exit code in the last line. */
  async output(script: string): Promise<string> {
    const { output, end } = await this.run(script);
    return `${output}${end.type === 'exited' ? end.exitCode : end.type}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.manager.close();
    this.processes.close();
    this.#dir[Symbol.dispose]();
  }
}
