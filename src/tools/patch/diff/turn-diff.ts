import { existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { PlaceJudge } from '../../../foundation/files/index.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';
import { type HunkWriter, loadHunkWriter } from './unified-hunks.ts';

const CONTEXT_LINES = 3;

/**
 * The whole change of a turn as one diff in git's form: every file that a patch touched, as it was when it was first
 * touched against as it is now. Blob ids are computed here; git is not run.
 */
export class TurnDiffTracker {
  readonly #root: string;
  readonly #judge: PlaceJudge | undefined;
  /** By the file's current path. */
  readonly #files = new Map<string, { readonly origin: string; readonly before: Snapshot }>();
  #isDirty = false;

  /**
   * @param cwd absolute: paths are shown relative to its repository, or to itself outside of one
   * @param judge decides what files may be read; absent: all may
   */
  constructor(cwd: string, judge?: PlaceJudge) {
    this.#judge = judge;
    this.#root = repositoryRoot(cwd) ?? cwd;
  }

  /** Call it before files are written. */
  beforeChange(paths: readonly string[]): void {
    for (const path of paths) {
      if (!this.#files.has(path)) this.#files.set(path, { origin: path, before: takeSnapshot(path, this.#judge) });
    }
    this.#isDirty = true;
  }

  /** A file was moved: its origin stays known. */
  moved(from: string, to: string): void {
    const file = this.#files.get(from);
    if (!file) return;
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  /** The diff so far; empty if nothing was touched since the last call, or if no file differs. */
  async takeUnifiedDiff(): Promise<string> {
    if (!this.#isDirty) return '';
    this.#isDirty = false;
    const hunks = await loadHunkWriter();
    return [...this.#files]
      .map(([path, { origin, before }]) => ({ path, left: this.#name(origin), right: this.#name(path), before }))
      .sort((a, b) => (a.right < b.right ? -1 : 1))
      .map(({ path, left, right, before }) =>
        fileDiff({ left, right, before, after: takeSnapshot(path, this.#judge) }, hunks),
      )
      .join('');
  }

  #name(path: string): string {
    return relative(this.#root, path).split(sep).join('/');
  }
}

interface FilePair {
  /** Names as they are shown. */
  readonly left: string;
  readonly right: string;
  readonly before: Snapshot;
  readonly after: Snapshot;
}

function fileDiff({ left, right, before, after }: FilePair, hunks: HunkWriter): string {
  const isSame = before.blob === after.blob;
  const isMoved = left !== right && before.exists && after.exists;
  if (isSame && before.mode === after.mode && !isMoved) return '';
  const head = [`diff --git a/${left} b/${right}`, ...modeLines(before, after)];
  if (isSame && isMoved) head.push('similarity index 100%', `rename from ${left}`, `rename to ${right}`);
  if (isSame) return `${head.join('\n')}\n`;
  if (isId(before.blob) && isId(after.blob)) head.push(`index ${before.blob}..${after.blob}`);
  head.push(before.exists ? `--- a/${left}` : '--- /dev/null');
  head.push(after.exists ? `+++ b/${right}` : '+++ /dev/null');
  const body =
    before.text === null || after.text === null
      ? 'Binary files differ\n'
      : hunks(before.text, after.text, CONTEXT_LINES);
  return `${head.join('\n')}\n${body}`;
}

/** Whether a blob id is one of git's; a file that is too large to be read has another. */
function isId(blob: string): boolean {
  return /^[0-9a-f]{40}$/.test(blob);
}

function modeLines(before: Snapshot, after: Snapshot): string[] {
  if (!before.exists) return [`new file mode ${after.mode}`];
  if (!after.exists) return [`deleted file mode ${before.mode}`];
  return before.mode === after.mode ? [] : [`old mode ${before.mode}`, `new mode ${after.mode}`];
}

function repositoryRoot(cwd: string): string | null {
  for (let dir = cwd; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) return dir;
    if (dir === dirname(dir)) return null;
  }
}
