import { isUtf8 } from 'node:buffer';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type PlaceJudge, readRegularFile } from '../files/index.ts';
import { reasonOf } from '../util/index.ts';
import { PatchFailure } from './patch.ts';
import { realName, realPath } from './real-path.ts';

/** A larger file is nothing to be patched as text. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** What a patch comes to for one path: what is on the disk now, and what will be. Null: no text there. */
export interface NetChange {
  /** Absolute. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Where the file comes from, if it was moved here. */
  readonly movedFrom: string | null;
  /** Permission bits to give the file; null leaves them as they are, or to the system. */
  readonly mode: number | null;
}

interface Entry {
  /** As the patch first named it, absolute. */
  readonly path: string;
  readonly before: string | null;
  after: string | null;
  movedFrom: string | null;
  mode: number | null;
}

/** The files as the sections of a patch read so far would leave them. Nothing is written. */
export class Overlay {
  readonly #cwd: string;
  readonly #judge: PlaceJudge | undefined;
  /** By real name, so that one file under two spellings is one. */
  readonly #entries = new Map<string, Entry>();

  constructor(cwd: string, judge?: PlaceJudge) {
    this.#cwd = cwd;
    this.#judge = judge;
  }

  /** @throws PatchFailure that begins with `what`, with the system's own cause */
  read(path: string, what: string): string {
    const absolute = resolve(this.#cwd, path);
    const known = this.#entries.get(realName(absolute));
    if (known?.after != null) return known.after;
    const reason = known ? 'no such file or directory (ENOENT)' : readFault(absolute, this.#judge);
    if (reason !== null) throw new PatchFailure({ type: 'io', message: `${what} ${path}: ${reason}` });
    return this.#entry(path).before ?? '';
  }

  write(path: string, text: string): void {
    this.#requireRoom(path);
    this.#entry(path).after = text;
  }

  remove(path: string): void {
    const entry = this.#entry(path);
    entry.after = null;
    entry.movedFrom = null;
    entry.mode = null;
  }

  /** Onto itself it is a plain change. */
  move(from: string, to: string, text: string): void {
    if (realPath(resolve(this.#cwd, from)) === realPath(resolve(this.#cwd, to))) {
      this.write(from, text);
      return;
    }
    const { path, movedFrom, mode } = this.#entry(from);
    this.write(to, text);
    this.remove(from);
    const target = this.#entry(to);
    // A file that is moved on, or back, comes from where it was on the disk.
    const origin = movedFrom ?? path;
    target.movedFrom = origin === target.path ? null : origin;
    target.mode = mode ?? modeOf(path);
  }

  /** One a path, in the patch's order. A path that ends as it began is left out. */
  changes(): NetChange[] {
    const entries = [...this.#entries.values()];
    const gone = new Set(entries.filter(({ after }) => after === null).map(({ path }) => path));
    return entries
      .filter(({ before, after, movedFrom }) => before !== after || movedFrom !== null)
      .map((entry) => ({ ...entry, movedFrom: gone.has(entry.movedFrom ?? '') ? entry.movedFrom : null }));
  }

  touched(): string[] {
    return [...this.#entries.values()].map(({ path }) => path);
  }

  #entry(path: string): Entry {
    const absolute = resolve(this.#cwd, path);
    const key = realName(absolute);
    const known = this.#entries.get(key);
    if (known) return known;
    const before = readText(absolute, this.#judge);
    const entry: Entry = { path: absolute, before, after: before, movedFrom: null, mode: null };
    this.#entries.set(key, entry);
    return entry;
  }

  #requireRoom(path: string): void {
    const fault = inTheWay(resolve(this.#cwd, path));
    if (fault !== null) throw new PatchFailure({ type: 'io', message: `Failed to write file ${path}: ${fault}` });
  }
}

/** The file's text; null if there is none that could be read as text. */
export function readText(path: string, judge?: PlaceJudge): string | null {
  try {
    return textIn(path, judge);
  } catch {
    // Not there, or not a file: whoever needs it asks `readFault` why.
    return null;
  }
}

function textIn(path: string, judge: PlaceJudge | undefined): string {
  const bytes = readRegularFile(path, { maxBytes: MAX_TEXT_BYTES, ...(judge === undefined ? {} : { judge }) });
  if (!isUtf8(bytes)) throw new Error('it is not valid UTF-8');
  // Throws for what is longer than a text can be.
  return bytes.toString('utf8');
}

/** An error of the system in its own words, without the call and the path: `no such file or directory (ENOENT)`. */
export function systemReason(error: unknown): string {
  const reason = reasonOf(error);
  return reason.replace(/^(\w+): (.*?)(, .*)?$/s, '$2 ($1)');
}

/** Why a file can't be read as text; null if it can. */
function readFault(path: string, judge: PlaceJudge | undefined): string | null {
  try {
    textIn(path, judge);
    return null;
  } catch (error) {
    return systemReason(error);
  }
}

/** What stands at a path that a file can't take the place of; null if nothing does. */
function inTheWay(path: string): string | null {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return 'it is a directory';
    return stat.isFile() ? null : 'it is not a regular file';
  } catch {
    // Nothing is there, or it can't be reached: writing will say so.
    return null;
  }
}

function modeOf(path: string): number | null {
  try {
    return statSync(path).mode;
  } catch {
    // A file that only the patch knows has no mode yet.
    return null;
  }
}
