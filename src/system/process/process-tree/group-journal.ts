import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod/mini';
import { isRunning, processPlace, readJson } from '../../../foundation/util/index.ts';
import { type Group, markedBy, processTreeOf, sendSignal } from './process-tree.ts';

const JournalLine = z.lazy(() =>
  z.object({
    pid: z.int(),
    startTicks: z.nullable(z.number()),
    mark: z.string(),
    /** Where the pid counts. */
    place: z.string(),
  }),
);
type JournalLine = z.infer<typeof JournalLine>;

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
      appendFileSync(this.#path, `${JSON.stringify({ ...group, place: processPlace() })}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not stop a command; what keel would leave behind when killed can then not be found again.
      this.#failed = true;
    }
  }

  /**
   * Ends what an earlier owner of this journal left running. Sends nothing to a process that only has a known id: a pid
   * counts in one PID namespace of one boot, and what ran elsewhere is out of reach.
   */
  endLeftovers(): void {
    const here = processPlace();
    const noted = this.#read();
    if (noted.length === 0) return;
    const left = noted.filter(({ startTicks, place }) => startTicks !== null && place === here);
    const living = left.filter((group) => isRunning(group) === true);
    const tree = processTreeOf(living, { marks: left.map(({ mark }) => markedBy(mark)) });
    for (const { pid } of living) sendSignal(-pid, 'SIGKILL');
    for (const { pid } of tree) sendSignal(pid, 'SIGKILL');
    this.clear();
  }

  clear(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // What can't be removed does no harm: a group is only ended if its first process is still the one that was noted.
    }
  }

  #read(): JournalLine[] {
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

function parse(line: string): JournalLine | null {
  try {
    return JournalLine.safeParse(readJson(line)).data ?? null;
  } catch {
    // The end of the file, or a line cut off when keel was killed.
    return null;
  }
}
