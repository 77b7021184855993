import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { SpawnSpec } from './spawn-spec.ts';

/** In the environment of every command: finds what a command left behind, also outside its process group. */
const CALL_ID_VARIABLE = 'KEEL_CALL_ID';

/**
 * Owns the processes of a session. Each command leads a group of its own and carries a mark in its environment; ending a
 * command ends the group and whatever else carries its mark.
 */
export class Processes {
  readonly #groups = new Map<number, string>();
  readonly #token: string;
  #started = 0;
  #closed = false;

  /** `token` is unique to the session, also among other processes of keel. */
  constructor(token: string) {
    this.#token = token;
  }

  /** A mark for a command that is about to start. */
  newMark(): string {
    this.#started += 1;
    return `${this.#token}/${this.#started}`;
  }

  /** Starts a program as the leader of a new session and process group. */
  spawn(spec: SpawnSpec, mark: string, stdio: SpawnOptions['stdio']): ChildProcess {
    if (this.#closed) throw new Error('the session has ended');
    const [program = '', ...args] = spec.argv;
    const env = this.marked(spec.env, mark);
    const child = spawn(program, args, { cwd: spec.cwd, env, detached: true, stdio });
    if (child.pid !== undefined) this.adopt(child.pid, mark);
    return child;
  }

  /** An environment that carries the mark, for what is started elsewhere. */
  marked(env: SpawnSpec['env'], mark: string): Record<string, string> {
    return { ...env, [CALL_ID_VARIABLE]: mark };
  }

  /** Takes over a group that was started elsewhere (a terminal's). */
  adopt(pid: number, mark: string): void {
    this.#groups.set(pid, mark);
  }

  /** The leader has ended by itself. What it left running is ended with the session. */
  release(pid: number): void {
    this.#groups.delete(pid);
  }

  /** Ends a command with all it started, at once. Safe to call for one that has ended. */
  kill(pid: number): void {
    const mark = this.#groups.get(pid);
    killGroup(pid);
    if (mark !== undefined) killMarked(`${CALL_ID_VARIABLE}=${mark}\0`);
    this.#groups.delete(pid);
  }

  /** Ends everything the session started, at once; usable from an exit handler. */
  killAll(): void {
    for (const pid of this.#groups.keys()) killGroup(pid);
    this.#groups.clear();
    if (this.#started > 0) killMarked(`${CALL_ID_VARIABLE}=${this.#token}/`);
  }

  close(): void {
    this.#closed = true;
    this.killAll();
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
}

/** Ends processes that left their group (`setsid`) but still carry the mark in their environment. Linux only. */
function killMarked(needle: string): void {
  for (const name of processIds()) {
    if (!environmentOf(name).includes(needle)) continue;
    try {
      process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}

function processIds(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  } catch {
    // No /proc on this system: the group was all that could be found.
    return [];
  }
}

function environmentOf(pid: string): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
  } catch {
    // Another user's, or gone.
    return '';
  }
}
