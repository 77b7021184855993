import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { computeText } from './compute.ts';
import type { ParsedPatch } from './parse.ts';
import { PatchFailure, type Section } from './patch.ts';

/** What a patch comes to for one path: what is on the disk now, and what will be. Null: no file. */
export interface NetChange {
  /** Absolute. */
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Where the file comes from, if it was moved here. */
  readonly movedFrom: string | null;
  /** Permission bits to give a new file; null leaves them to the system. */
  readonly mode: number | null;
}

export interface VerifiedPatch {
  readonly patch: ParsedPatch;
  /** Absolute. */
  readonly cwd: string;
  /** One a path, in the order of the patch. A path that ends as it began is left out. */
  readonly changes: readonly NetChange[];
  /** One line a section, as it is told after success: `A path`, `M path`, `D path`. */
  readonly summary: readonly string[];
  /** Every path the patch names, absolute. */
  readonly paths: readonly string[];
}

/**
 * Works out what a patch would do, without doing it. Sections see what earlier ones of the same patch did.
 * @throws PatchFailure; nothing is written in any case
 */
export function verifyPatch(patch: ParsedPatch, cwd: string): VerifiedPatch {
  const overlay = new Overlay(cwd);
  for (const section of patch.sections) applySection(overlay, section);
  return { patch, cwd, changes: overlay.changes(), summary: summaryOf(patch.sections), paths: overlay.touched() };
}

function applySection(overlay: Overlay, section: Section): void {
  switch (section.type) {
    case 'add':
      overlay.requireNoDirectory(section.path, 'write');
      return overlay.write(section.path, section.content, null);
    case 'delete':
      overlay.read(section.path, 'Failed to delete file');
      return overlay.remove(section.path);
    case 'update': {
      const old = overlay.read(section.path, 'Failed to read file to update');
      const text = computeText(old, section.chunks, section.path);
      const target = section.moveTo ?? section.path;
      if (overlay.isSame(target, section.path)) return overlay.write(section.path, text, null);
      overlay.requireNoDirectory(target, 'write');
      overlay.write(target, text, section.path);
      return overlay.remove(section.path);
    }
  }
}

interface Entry {
  readonly before: string | null;
  after: string | null;
  movedFrom: string | null;
  mode: number | null;
}

/** The files as the sections so far would leave them. */
class Overlay {
  readonly #cwd: string;
  readonly #entries = new Map<string, Entry>();

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /** @throws PatchFailure that begins with `what`, with the system's own cause */
  read(path: string, what: string): string {
    const absolute = this.#resolve(path);
    const known = this.#entries.get(absolute);
    if (known?.after != null) return known.after;
    const reason = known ? 'No such file or directory' : readFault(absolute);
    if (reason !== null) throw new PatchFailure({ type: 'io', message: `${what} ${path}: ${reason}` });
    return this.#entry(absolute).before ?? '';
  }

  write(path: string, text: string, movedFrom: string | null): void {
    const entry = this.#entry(this.#resolve(path));
    entry.after = text;
    if (movedFrom === null) return;
    entry.movedFrom = this.#resolve(movedFrom);
    entry.mode = statSync(entry.movedFrom, { throwIfNoEntry: false })?.mode ?? null;
  }

  remove(path: string): void {
    this.#entry(this.#resolve(path)).after = null;
  }

  isSame(a: string, b: string): boolean {
    return this.#resolve(a) === this.#resolve(b);
  }

  requireNoDirectory(path: string, what: string): void {
    const stat = statSync(this.#resolve(path), { throwIfNoEntry: false });
    if (!stat?.isDirectory()) return;
    throw new PatchFailure({ type: 'io', message: `Failed to ${what} file ${path}: it is a directory` });
  }

  changes(): NetChange[] {
    return [...this.#entries]
      .filter(([, entry]) => entry.before !== entry.after || entry.movedFrom !== null)
      .map(([path, { before, after, movedFrom, mode }]) => ({ path, before, after, movedFrom, mode }));
  }

  touched(): string[] {
    return [...this.#entries.keys()];
  }

  #entry(absolute: string): Entry {
    const known = this.#entries.get(absolute);
    if (known) return known;
    const before = readText(absolute);
    const entry: Entry = { before, after: before, movedFrom: null, mode: null };
    this.#entries.set(absolute, entry);
    return entry;
  }

  #resolve(path: string): string {
    return resolve(this.#cwd, path);
  }
}

/** The file's text; null if there is none that could be read as text. */
export function readText(path: string): string | null {
  try {
    const bytes = readFileSync(path);
    return isUtf8(bytes) ? bytes.toString('utf8') : null;
  } catch {
    // Not there, or not a file: whoever needs it asks `readFault` why.
    return null;
  }
}

/** Why a file can't be read as text; null if it can. */
function readFault(path: string): string | null {
  try {
    return isUtf8(readFileSync(path)) ? null : 'it is not valid UTF-8';
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return reason.replace(/^(\w+): (.*?)(, .*)?$/, '$2 ($1)');
  }
}

function summaryOf(sections: readonly Section[]): string[] {
  const letters = { add: 'A', update: 'M', delete: 'D' } as const;
  const pathOf = (section: Section) => (section.type === 'update' ? (section.moveTo ?? section.path) : section.path);
  return (['add', 'update', 'delete'] as const).flatMap((type) =>
    sections.filter((section) => section.type === type).map((section) => `${letters[type]} ${pathOf(section)}`),
  );
}
