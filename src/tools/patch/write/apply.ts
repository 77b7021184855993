import { lstatSync, rmSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { inDirectory, type RootedDirectory, realName, replaceFile } from '../../../foundation/files/index.ts';
import { realPath, reasonOf, systemReason } from '../../../foundation/util/index.ts';
import { type NetChange, readText } from '../overlay.ts';
import { PatchFailure } from '../patch.ts';
import { type VerifiedPatch, verifyPatch } from '../verify.ts';
import { UndoLog } from './undo-log.ts';

/** Whether a path may be written, judged where it really leads. */
export type MayWrite = (path: string) => boolean;

/**
 * Writes a verified patch, all of it or nothing. If files changed since they were verified, the patch is verified again, once.
 * A file is replaced by a finished one beside it, so that no reader and no crash ever sees half of it; owner, mode, links
 * and line endings stay.
 * @throws PatchFailure; the files are then as they were, or the message names those that are not
 */
export function applyPatch(verified: VerifiedPatch, mayWrite: MayWrite): VerifiedPatch {
  const current = isStale(verified) ? verifiedAgain(verified) : verified;
  const undo = new UndoLog();
  try {
    const isHidden = (path: string) => (current.judge?.({ path, stats: null }) ?? null) !== null;
    const mayChange: MayWrite = (path) => mayWrite(path) && !isHidden(path);
    for (const change of writeOrder(current.changes)) writeChange(change, current.cwd, mayChange, undo);
  } catch (error) {
    const left = undo.run();
    const reason = reasonOf(error);
    const trouble = left.length === 0 ? '' : ` These could not be put back as they were: ${left.join(', ')}.`;
    throw new PatchFailure({ type: 'io', message: `${reason}${trouble}` });
  }
  return current;
}

function verifiedAgain({ patch, cwd, judge }: VerifiedPatch): VerifiedPatch {
  if (patch.sections.length > 0) return verifyPatch(patch, cwd, judge);
  const message = 'The file has changed meanwhile. Read it again, then edit.';
  throw new PatchFailure({ type: 'mismatch', message, closest: null });
}

function isStale({ changes, judge }: VerifiedPatch): boolean {
  return changes.some(({ path, before }) => readText(path, judge) !== before);
}

/**
 * Removals come last: if keel is killed in between, a moved file exists twice and is not lost. Only a file whose name becomes
 * a directory is removed first.
 */
function writeOrder(changes: readonly NetChange[]): NetChange[] {
  const written = changes.filter(({ after }) => after !== null);
  const removed = changes.filter(({ after }) => after === null);
  const isInTheWay = ({ path }: NetChange) => written.some((change) => change.path.startsWith(`${path}/`));
  return [...removed.filter(isInTheWay), ...written, ...removed.filter((change) => !isInTheWay(change))];
}

function writeChange(change: NetChange, cwd: string, mayWrite: MayWrite, undo: UndoLog): void {
  const { path, after, mode } = change;
  const name = relative(cwd, path) || path;
  const where = after === null ? realName : realPath;
  // The path is judged and written where it leads now, whatever becomes of the links on the way.
  const target = where(path);
  if (!mayWrite(target)) throw new Error(`Failed to write file ${name}: writing there is not permitted`);
  if (after === null) {
    const remove = (directory: RootedDirectory) => {
      const place = directory.at(basename(target));
      // A link leads elsewhere, but it is removed from its own directory.
      if (isLink(place) && !mayWrite(dirname(target))) throw new Error('removing a link there is not permitted');
      undo.remember(target, place);
      rmSync(place);
    };
    guarded(`Failed to delete file ${name}`, () => inDirectory(target, remove));
  } else {
    const replace = (directory: RootedDirectory) => {
      undo.remember(target, directory.at(basename(target)));
      replaceFile(directory, basename(target), after, mode);
    };
    guarded(`Failed to create parent directories for ${name}`, () => undo.makeParents(target));
    guarded(`Failed to write file ${name}`, () => inDirectory(target, replace));
  }
  // Another process may have put a link in the way since the path was judged.
  if (where(path) !== target) throw new Error(`Failed to write file ${name}: its directory was moved meanwhile`);
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function guarded(what: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new Error(`${what}: ${systemReason(error)}`, { cause: error });
  }
}
