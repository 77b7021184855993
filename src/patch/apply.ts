import { chmodSync, lstatSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { PatchFailure } from './patch.ts';
import { type NetChange, readText, type VerifiedPatch, verifyPatch } from './verify.ts';

/** Whether a path may be written, judged where it really leads. */
export type MayWrite = (path: string) => boolean;

/**
 * Writes a verified patch, all of it or nothing. Files that changed since they were verified are worked out anew once.
 * Files are written in place: owner, mode, links and line endings stay.
 * @throws PatchFailure; the files are then as they were, or the message names those that are not
 */
export function applyPatch(verified: VerifiedPatch, mayWrite: MayWrite): VerifiedPatch {
  const current = isStale(verified) ? verifiedAgain(verified) : verified;
  const undo = new UndoLog();
  try {
    for (const change of current.changes) writeChange(change, current.cwd, mayWrite, undo);
  } catch (error) {
    const left = undo.run();
    const reason = error instanceof Error ? error.message : String(error);
    const trouble = left.length === 0 ? '' : ` These could not be put back as they were: ${left.join(', ')}.`;
    throw new PatchFailure({ type: 'io', message: `${reason}${trouble}` });
  }
  return current;
}

function verifiedAgain({ patch, cwd }: VerifiedPatch): VerifiedPatch {
  if (patch.sections.length > 0) return verifyPatch(patch, cwd);
  throw new PatchFailure({ type: 'mismatch', message: 'The file has changed meanwhile. Read it again, then edit.' });
}

function isStale({ changes }: VerifiedPatch): boolean {
  return changes.some(({ path, before }) => readText(path) !== before);
}

function writeChange(change: NetChange, cwd: string, mayWrite: MayWrite, undo: UndoLog): void {
  const { path, after, mode } = change;
  const name = relative(cwd, path) || path;
  if (!mayWrite(path)) throw new Error(`Failed to write file ${name}: writing there is not permitted`);
  if (isSharedOutside(path)) {
    throw new Error(`Failed to write file ${name}: it has further hard links, which may lie elsewhere`);
  }
  undo.remember(path);
  if (after === null) {
    guarded(`Failed to delete file ${name}`, () => rmSync(path));
    return;
  }
  guarded(`Failed to create parent directories for ${name}`, () => undo.makeParents(path));
  guarded(`Failed to write file ${name}`, () => writeFileSync(path, after));
  if (mode !== null) guarded(`Failed to set the mode of ${name}`, () => chmodSync(path, mode & 0o777));
}

function guarded(what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** A second name of a file may lie where nothing may be written. */
function isSharedOutside(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.nlink > 1;
}

interface Before {
  readonly path: string;
  /** Null: there was no file. */
  readonly bytes: Buffer | null;
  readonly mode: number | null;
}

/** What was there before, to be put back in reverse order. */
class UndoLog {
  readonly #before: Before[] = [];
  readonly #madeDirs: string[] = [];

  remember(path: string): void {
    const stat = statSync(path, { throwIfNoEntry: false });
    const isFile = stat?.isFile() === true;
    this.#before.push({ path, bytes: isFile ? readFileSync(path) : null, mode: isFile ? stat.mode : null });
  }

  makeParents(path: string): void {
    const first = mkdirSync(dirname(path), { recursive: true });
    for (let dir = dirname(path); first && dir.length >= first.length; dir = dirname(dir)) this.#madeDirs.push(dir);
  }

  /** @returns the paths that could not be put back */
  run(): string[] {
    const left: string[] = [];
    for (const { path, bytes, mode } of this.#before.toReversed()) {
      try {
        if (bytes === null) rmSync(path, { force: true });
        else writeFileSync(path, bytes);
        if (mode !== null) chmodSync(path, mode & 0o7777);
      } catch {
        left.push(path);
      }
    }
    for (const dir of this.#madeDirs) removeIfEmpty(dir);
    return left;
  }
}

function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // Somebody else has put something there.
  }
}
