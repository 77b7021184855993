import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

const NO_BLOB = '0'.repeat(40);
/** A larger file is shown as changed, without its lines. */
const MAX_DIFFED_BYTES = 4 * 1024 * 1024;

interface Snapshot {
  /** Null: no file. */
  readonly bytes: Buffer | null;
  /** As git writes it: 100644, 100755 or 120000. */
  readonly mode: string;
  readonly blob: string;
}

const NOTHING: Snapshot = { bytes: null, mode: '', blob: NO_BLOB };

/**
 * The whole change of a turn as one diff in git's form: every file that a patch touched, as it was when it was first
 * touched against as it is now. Blob ids are computed here; git is not run.
 */
export class TurnDiffTracker {
  readonly #root: string;
  /** By the path where the file is now. */
  readonly #files = new Map<string, { readonly origin: string; readonly before: Snapshot }>();
  #isDirty = false;

  /** `cwd` absolute: paths are shown relative to its repository, or to itself outside of one. */
  constructor(cwd: string) {
    this.#root = repositoryRoot(cwd) ?? cwd;
  }

  /** To be called before files are written. */
  beforeChange(paths: readonly string[]): void {
    for (const path of paths) {
      if (!this.#files.has(path)) this.#files.set(path, { origin: path, before: snapshot(path) });
    }
    this.#isDirty = true;
  }

  /** A file was moved: its history goes along. */
  moved(from: string, to: string): void {
    const file = this.#files.get(from);
    if (!file) return;
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  /** The diff so far; empty if nothing was touched since the last time, or all is as it was. */
  async takeUnifiedDiff(): Promise<string> {
    if (!this.#isDirty) return '';
    this.#isDirty = false;
    const { structuredPatch } = await import('diff');
    const hunksOf = (before: string, after: string) =>
      structuredPatch('', '', before, after, undefined, undefined, { context: 3 }).hunks;
    const names = [...this.#files.keys()].sort((a, b) => (this.#name(a) < this.#name(b) ? -1 : 1));
    return names.map((path) => this.#fileDiff(path, hunksOf)).join('');
  }

  #fileDiff(path: string, hunksOf: HunksOf): string {
    const file = this.#files.get(path);
    const before = file?.before ?? NOTHING;
    const after = snapshot(path);
    const [left, right] = [this.#name(file?.origin ?? path), this.#name(path)];
    if (before.blob === after.blob && before.mode === after.mode) {
      const isMoved = left !== right && before.bytes !== null;
      return isMoved
        ? `diff --git a/${left} b/${right}\nsimilarity index 100%\nrename from ${left}\nrename to ${right}\n`
        : '';
    }
    const lines = [`diff --git a/${left} b/${right}`, ...modeLines(before, after)];
    if (before.blob === after.blob) return `${lines.join('\n')}\n`;
    lines.push(`index ${before.blob}..${after.blob}`);
    lines.push(before.bytes === null ? '--- /dev/null' : `--- a/${left}`);
    lines.push(after.bytes === null ? '+++ /dev/null' : `+++ b/${right}`);
    const texts = [textOf(before), textOf(after)];
    if (texts[0] === null || texts[1] === null) return `${[...lines, 'Binary files differ'].join('\n')}\n`;
    for (const hunk of hunksOf(texts[0] ?? '', texts[1] ?? '')) {
      lines.push(`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`, ...hunk.lines);
    }
    return `${lines.join('\n')}\n`;
  }

  #name(path: string): string {
    return relative(this.#root, path).split(sep).join('/');
  }
}

type HunksOf = (
  before: string,
  after: string,
) => readonly {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}[];

function modeLines(before: Snapshot, after: Snapshot): string[] {
  if (before.bytes === null) return [`new file mode ${after.mode}`];
  if (after.bytes === null) return [`deleted file mode ${before.mode}`];
  return before.mode === after.mode ? [] : [`old mode ${before.mode}`, `new mode ${after.mode}`];
}

function textOf({ bytes }: Snapshot): string | null {
  if (bytes === null) return '';
  return bytes.length <= MAX_DIFFED_BYTES && isUtf8(bytes) ? bytes.toString('utf8') : null;
}

function snapshot(path: string): Snapshot {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat || !(stat.isFile() || stat.isSymbolicLink())) return NOTHING;
  try {
    const bytes = stat.isSymbolicLink() ? Buffer.from(readlinkSync(path)) : readFileSync(path);
    const mode = stat.isSymbolicLink() ? '120000' : (stat.mode & 0o100) === 0 ? '100644' : '100755';
    const blob = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
    return { bytes, mode, blob };
  } catch {
    // It can't be read, so nothing can be shown of it.
    return NOTHING;
  }
}

function repositoryRoot(cwd: string): string | null {
  for (let dir = cwd; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) return dir;
    if (dir === dirname(dir)) return null;
  }
}
