import { lstatSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import type { ExecPlan } from './exec-plan.ts';
import { standInText } from './protected-paths.ts';
import { StubJournal } from './stub-journal.ts';

/**
 * A path that is blocked while it is missing has an empty stand-in on the host as long as a command runs. This removes them:
 * when the last command that needs one has ended, whichever keel runs it (a mount ends where its place is removed), and, by
 * a journal, after a keel that was killed.
 */
export class Stubs {
  readonly #journal: StubJournal;
  readonly #holders = new Map<string, number>();

  /** `dir`: where every keel of this home keeps its journal. */
  constructor(dir: string) {
    this.#journal = new StubJournal(dir);
  }

  /** Removes what a keel that was killed left behind; those of a living one are its own. */
  sweepLeftovers(): void {
    this.#remove(this.#journal.takeLeftovers().filter((path) => !this.#holders.has(path)));
  }

  /** Whether what stands at a path is a stand-in of ours or of another keel's, and so nothing of the user's. */
  isHeld(path: string): boolean {
    return this.#holders.has(path) || (isStub(path) && this.#journal.heldElsewhere().has(path));
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
    this.#journal.hold(paths.filter((path) => !this.#holders.has(path)));
    for (const path of paths) makeStub(path);
    for (const path of paths) this.#holders.set(path, (this.#holders.get(path) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (isHeld) this.#release(paths);
      isHeld = false;
    };
  }

  /** Removes every stub, whichever command of this keel's holds it. */
  close(): void {
    const paths = [...this.#holders.keys()];
    this.#holders.clear();
    this.#journal.close();
    this.#remove(paths);
  }

  #release(paths: readonly string[]): void {
    const free = paths.filter((path) => {
      const left = (this.#holders.get(path) ?? 1) - 1;
      if (left > 0) this.#holders.set(path, left);
      return left <= 0 && this.#holders.delete(path);
    });
    if (free.length === 0) return;
    // First let go, then looked: of two keels that do so at once, one at least removes them.
    this.#journal.letGo(free, !this.areHeld);
    this.#remove(free);
  }

  /** Those that no other keel needs. */
  #remove(paths: readonly string[]): void {
    if (paths.length === 0) return;
    const held = this.#journal.heldElsewhere();
    for (const path of paths) if (!held.has(path)) removeStub(path);
  }
}

/** Only what needs a text: the others are made as the command starts. */
function makeStub(path: string): void {
  const text = standInText(path);
  if (text === '') return;
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch {
    // It is there already. If it can't be made the command does not start.
  }
}

/** Whether it could be one: empty, or with the text of a stand-in, as long as nobody has put anything there. */
function isStub(path: string): boolean {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory()) return readdirSync(path).length === 0;
    const text = standInText(path);
    return stat.isFile() && stat.size === text.length && readFileSync(path, 'utf8') === text;
  } catch {
    // There is nothing, or nothing that may be looked at.
    return false;
  }
}

/** Only what is as it was made: what anybody has put there since is theirs. */
function removeStub(path: string): void {
  if (!isStub(path)) return;
  try {
    if (lstatSync(path).isDirectory()) rmdirSync(path);
    else unlinkSync(path);
  } catch {
    // It is gone already, or no longer empty.
  }
}
