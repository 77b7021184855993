import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ExecPlan } from './exec-plan.ts';

/**
 * A path that is blocked while it is missing has an empty stand-in on the host as long as a command runs. This removes them:
 * when the last command that needs one has ended, and, by a journal, after a keel that was killed.
 */
export class Stubs {
  readonly #dir: string;
  readonly #journalPath: string;
  readonly #holders = new Map<string, number>();

  /** `dir`: where every keel of this home keeps its journal. */
  constructor(dir: string) {
    this.#dir = dir;
    opened += 1;
    this.#journalPath = join(dir, `stubs-${process.pid}-${opened}.jsonl`);
  }

  /** Removes what a keel that was killed left behind; those of a living one are its own. */
  sweepLeftovers(): void {
    for (const name of namesIn(this.#dir)) {
      const pid = Number(/^stubs-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(pid) || isAlive(pid)) continue;
      for (const path of journaled(join(this.#dir, name))) if (!this.#holders.has(path)) removeStub(path);
      rmSync(join(this.#dir, name), { force: true });
    }
  }

  /** Whether what stands at a path is a stand-in of ours, and so nothing of the user's. */
  isHeld(path: string): boolean {
    return this.#holders.has(path);
  }

  get areHeld(): boolean {
    return this.#holders.size > 0;
  }

  /** Call before a plan is run; the function it gives, once, when the command has ended. */
  hold(plan: ExecPlan): () => void {
    // The other backends put nothing in the place of what is missing.
    if (plan.backend !== 'bwrap') return () => undefined;
    const paths = plan.mounts
      .filter(({ type }) => type === 'blocked' || type === 'blockedFile')
      .map(({ path }) => path);
    if (paths.length === 0) return () => undefined;
    this.#note(paths.filter((path) => !this.#holders.has(path)));
    for (const path of paths) this.#holders.set(path, (this.#holders.get(path) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (isHeld) for (const path of paths) this.#release(path);
      isHeld = false;
    };
  }

  /** Removes every stub, whoever holds it. */
  close(): void {
    for (const path of this.#holders.keys()) removeStub(path);
    this.#holders.clear();
    rmSync(this.#journalPath, { force: true });
  }

  #release(path: string): void {
    const left = (this.#holders.get(path) ?? 1) - 1;
    if (left > 0) {
      this.#holders.set(path, left);
      return;
    }
    this.#holders.delete(path);
    removeStub(path);
  }

  #note(paths: readonly string[]): void {
    if (paths.length === 0) return;
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      appendFileSync(this.#journalPath, paths.map((path) => `${JSON.stringify(path)}\n`).join(''));
    } catch {
      // Without a journal a stub stays after a kill -9 only; a full disk must not stop a command.
    }
  }
}

let opened = 0;

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // No command of any keel has needed one yet.
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function journaled(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => parseLine(line) ?? []);
  } catch {
    // Another keel has swept it.
    return [];
  }
}

function parseLine(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'string' ? value : null;
  } catch {
    // The end of the file, or a line cut off when keel was killed.
    return null;
  }
}

/** Only what is empty: what anybody has put there since is theirs. */
function removeStub(path: string): void {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory()) rmdirSync(path);
    else if (stat.isFile() && stat.size === 0) unlinkSync(path);
  } catch {
    // It is gone already, or not empty.
  }
}
