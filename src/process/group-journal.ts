import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { type Group, kinOf, markedBy, sendSignal } from './kin.ts';
import { processEntry } from './process-table.ts';

const JournalLine = z.object({ pid: z.int(), startTicks: z.nullable(z.number()), mark: z.string() });

/**
 * Which commands a session has started, in a file: if keel is killed they can still be ended when the thread is opened
 * again. Not synced: when the machine goes down the commands go with it.
 */
export class GroupJournal {
  readonly #path: string;
  #hasFolder = false;
  #failed = false;

  constructor(path: string) {
    this.#path = path;
  }

  note(group: Group): void {
    if (this.#failed) return;
    try {
      if (!this.#hasFolder) mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      this.#hasFolder = true;
      appendFileSync(this.#path, `${JSON.stringify(group)}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not stop a command; what keel would leave behind when killed can then not be found again.
      this.#failed = true;
    }
  }

  /** Ends what an earlier owner of this journal left running; sends nothing to a process that only has a known id. */
  endLeftovers(): void {
    const left = this.#read().filter(({ startTicks }) => startTicks !== null);
    if (left.length === 0) return;
    const living = left.filter(({ pid, startTicks }) => processEntry(pid)?.startTicks === startTicks);
    const kin = kinOf(
      living,
      left.map(({ mark }) => markedBy(mark)),
    );
    for (const { pid } of living) sendSignal(-pid, 'SIGKILL');
    for (const { pid } of kin) sendSignal(pid, 'SIGKILL');
    this.clear();
  }

  clear(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // What can't be removed does no harm: a group is only ended if its first process is still the one that was noted.
    }
  }

  #read(): Group[] {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch {
      // No journal: nothing was left.
      return [];
    }
    return text.split('\n').flatMap((line) => parse(line) ?? []);
  }
}

function parse(line: string): Group | null {
  try {
    return JournalLine.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // The end of the file, or a line cut off when keel was killed.
    return null;
  }
}
