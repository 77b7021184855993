import { readlinkSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  FileFault,
  notationFault,
  type PlaceJudge,
  readRegularFile,
  realName,
  textFault,
} from '../../foundation/files/index.ts';
import { realPath, systemReason } from '../../foundation/util/index.ts';
import { lookalikeNameHint } from './lookalike-name.ts';
import { PatchFailure } from './patch.ts';

/** A larger file is not patched as text. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** The net effect of a patch on one path: its text before and after. Null: no text. */
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
  /** The path as the patch first named it, absolute. */
  readonly path: string;
  readonly before: string | null;
  after: string | null;
  movedFrom: string | null;
  mode: number | null;
}

/** A file that is about to be written over. Null: it is not UTF-8 text. */
export interface Occupant {
  readonly text: string | null;
}

/** The files as they would be after the sections of a patch so far. Nothing is written. */
export class Overlay {
  readonly #cwd: string;
  readonly #judge: PlaceJudge | undefined;
  /** Texts that count in place of those on the disk, by real path. */
  readonly #texts: ReadonlyMap<string, string>;
  /** By real name, so that one file under two spellings has one entry. */
  readonly #entries = new Map<string, Entry>();

  constructor(cwd: string, judge?: PlaceJudge, texts: ReadonlyMap<string, string> = new Map()) {
    this.#cwd = cwd;
    this.#judge = judge;
    this.#texts = texts;
  }

  /** @throws PatchFailure that starts with `what`, with the system's own cause */
  read(path: string, what: string): string {
    const absolute = this.#absolute(path);
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

  /** The current content at a path that will be overwritten; null if there is no file. */
  occupant(path: string): Occupant | null {
    const absolute = this.#absolute(path);
    const known = this.#entries.get(realName(absolute));
    const text = known ? known.after : this.#text(absolute);
    if (text !== null) return { text };
    return known === undefined && isFile(absolute) ? { text: null } : null;
  }

  remove(path: string): void {
    const entry = this.#entry(path);
    entry.after = null;
    entry.movedFrom = null;
    entry.mode = null;
  }

  /** Moves a file; a move onto itself is a plain change. */
  move(from: string, to: string, text: string): void {
    if (this.isSame(from, to)) {
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

  /** Whether two paths lead to one file. */
  isSame(path: string, other: string): boolean {
    return realPath(this.#absolute(path)) === realPath(this.#absolute(other));
  }

  /** One change per path, in the patch's order. A path that ends as it was is left out. */
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

  /** @throws PatchFailure for a malformed path */
  #absolute(path: string): string {
    const fault = notationFault(path, this.#cwd);
    if (fault !== null) throw new PatchFailure({ type: 'io', message: fault });
    return resolve(this.#cwd, path);
  }

  #entry(path: string): Entry {
    const absolute = this.#absolute(path);
    const key = realName(absolute);
    const known = this.#entries.get(key);
    if (known) return known;
    const before = this.#text(absolute);
    const entry: Entry = { path: absolute, before, after: before, movedFrom: null, mode: null };
    this.#entries.set(key, entry);
    return entry;
  }

  #text(absolute: string): string | null {
    const saved = readText(absolute, this.#judge);
    return saved === null ? null : (this.#texts.get(realPath(absolute)) ?? saved);
  }

  #requireRoom(path: string): void {
    const fault = placeFault(this.#absolute(path));
    if (fault !== null) throw new PatchFailure({ type: 'io', message: `Failed to write file ${path}: ${fault}` });
  }
}

/** The file's text; null if there is none that could be read as text. */
export function readText(path: string, judge?: PlaceJudge): string | null {
  try {
    return textIn(path, judge);
  } catch {
    // Missing, or not a file: `readFault` says why.
    return null;
  }
}

function textIn(path: string, judge: PlaceJudge | undefined): string {
  const bytes = readRegularFile(path, { maxBytes: MAX_TEXT_BYTES, ...(judge === undefined ? {} : { judge }) });
  const fault = textFault(bytes);
  if (fault !== null) throw new FileFault(fault);
  // Throws for bytes that are longer than a string can be.
  return bytes.toString('utf8');
}

/** Why a file can't be read as text; null if it can. */
export function readFault(path: string, judge?: PlaceJudge): string | null {
  try {
    textIn(path, judge);
    return null;
  } catch (error) {
    return danglingFault(path) ?? systemReason(error) + (isMissing(error) ? lookalikeNameHint(path, judge) : '');
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Why a file can't be put at a path, because of what is there; null if it can. */
export function placeFault(path: string): string | null {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return 'it is a directory';
    return stat.isFile() ? null : 'it is not a regular file';
  } catch {
    // Missing, or out of reach: writing will report it.
    return danglingFault(path);
  }
}

/** A link must not be replaced by a file, nor be followed to where there is none. */
function danglingFault(path: string): string | null {
  try {
    statSync(path);
    return null;
  } catch {
    // Missing; a link may be there.
    const target = linkTarget(path);
    return target === null ? null : `it is a link to ${target}, which does not exist`;
  }
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // Not a link.
    return null;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Missing, or out of reach.
    return false;
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
