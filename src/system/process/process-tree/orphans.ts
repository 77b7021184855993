import { readFileSync } from 'node:fs';
import { isOwnChild, outlivesMark } from '../start/own-children.ts';
import { type ProcessEntry, processEntry, startedWith } from './process-table.ts';
import { becomeSubreaper, type Subreaper } from './subreaper.ts';

/**
 * Descendants of commands whose parent has ended. The kernel re-parents them to keel, so that they are found however they got
 * away: with a session of their own, without keel's mark, after any number of forks. One for the process, and only in a process
 * that is keel's own: a host program's other children look the same.
 *
 * An orphan is a child of keel that keel did not start and that is no older than the first command. Exempt is what a program
 * that is meant to outlive keel has left (`outlivingEnvironment`).
 */
export class Orphans {
  readonly #subreaper: Subreaper;

  private constructor(subreaper: Subreaper) {
    this.#subreaper = subreaper;
    // Orphans send this signal too when they end. It does not keep the process running.
    process.on('SIGCHLD', () => this.#reap());
  }

  static #shared: Orphans | null | undefined;

  /** From here on keel gets the orphans. Null where it can't: other systems than Linux, and threads, which get no signals. */
  static collect(): Orphans | null {
    if (Orphans.#shared === undefined) Orphans.#shared = Orphans.#create();
    return Orphans.#shared;
  }

  static #create(): Orphans | null {
    const { isMainThread } = process.getBuiltinModule('node:worker_threads');
    if (process.platform !== 'linux' || !isMainThread) return null;
    try {
      return new Orphans(becomeSubreaper());
    } catch {
      // No native module for this machine: orphans are found by group, session, descent and mark, as on other systems.
      return null;
    }
  }

  /** Null: nothing has asked for them yet, or keel can't get them. */
  static get collected(): Orphans | null {
    return Orphans.#shared ?? null;
  }

  /** Whether any is running, or that can't be found out. Reads little more than one small file. */
  mayExist(): boolean {
    const children = this.#children();
    return children === null || children.some((pid) => this.includes(processEntry(pid)));
  }

  /** Whether this process is one. */
  includes(entry: ProcessEntry | null): boolean {
    if (entry === null || entry.parent !== process.pid || entry.startTicks < this.#subreaper.sinceTicks) return false;
    return !isOwnChild(entry.pid) && !outlivesKeel(entry.pid);
  }

  /** Ended orphans would stay in the process table as long as keel runs. */
  #reap(): void {
    for (const pid of this.#children() ?? []) if (!isOwnChild(pid)) this.#subreaper.reap(pid);
  }

  /**
   * The children of the main thread, which is the one that orphans are given to. Those of the threads that confine commands are
   * not among them. Null: the kernel has no such list.
   */
  #children(): number[] | null {
    try {
      const text = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'latin1');
      return text.split(' ').flatMap((word) => (word === '' ? [] : Number(word)));
    } catch {
      return null;
    }
  }
}

/** A confined command could put the mark into an environment itself, but it can't shed its system call filters. */
function outlivesKeel(pid: number): boolean {
  const mark = outlivesMark();
  // The filters come first: no confined command can make the search wait for an environment.
  return mark !== null && filtersOf(pid) === filtersOf(process.pid) && startedWith(pid, [mark]);
}

/** The number of system call filters that a process is subject to; null where the kernel does not report it. */
function filtersOf(pid: number): string | null {
  try {
    return /^Seccomp_filters:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? null;
  } catch {
    // It has just ended.
    return null;
  }
}
