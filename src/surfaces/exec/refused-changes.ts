import type { SandboxPolicy, ThreadItemOf } from '../../foundation/protocol/index.ts';

/** Files that are named at the end of a turn; more of them are counted. */
const MAX_NAMED = 3;

/** The changes of a turn that were refused and not made later in another way. */
export class RefusedChanges {
  readonly #open = new Set<string>();
  #isAnyMade = false;

  note({ status, changes }: ThreadItemOf<'fileChange'>): void {
    if (status === 'completed') this.#isAnyMade = true;
    for (const { path } of changes) {
      if (status === 'completed') this.#open.delete(path);
      else if (status === 'declined') this.#open.add(path);
    }
  }

  /** What was refused and what to do about it; null: nothing is left refused. */
  summary({ mode }: SandboxPolicy): string | null {
    if (this.#open.size === 0) return null;
    const what = this.#isAnyMade ? `These changes were refused: ${this.#names()}` : 'Nothing was changed';
    const remedy =
      mode === 'read-only'
        ? 'the sandbox is read-only; run again with --full-auto, or trust this folder'
        : `the sandbox (${mode}) or the approval policy does not allow ${this.#isAnyMade ? 'them' : this.#names()}; --add-dir DIR makes another directory writable`;
    return `${what}: ${remedy}.`;
  }

  #names(): string {
    const paths = [...this.#open];
    const named = paths.slice(0, MAX_NAMED).join(', ');
    return paths.length > MAX_NAMED ? `${named} and ${paths.length - MAX_NAMED} more` : named;
  }
}
