import { resolve } from 'node:path';
import type { PlaceJudge } from '../../../foundation/files/index.ts';
import { realPath, reasonOf } from '../../../foundation/util/index.ts';
import type { ClientDocuments, ToolContext } from '../../contract/index.ts';
import {
  applyPatch,
  type MayWrite,
  type ParsedPatch,
  PatchFailure,
  readText,
  type VerifiedPatch,
} from '../../patch/index.ts';
import { hiddenFault } from './read-judge.ts';

/** A file's text as the client has it, else as it is on the disk; null if there is no text file that may be read. */
export async function currentText(
  path: string,
  { documents }: Pick<ToolContext, 'documents'>,
  judge: PlaceJudge | undefined,
  signal: AbortSignal,
): Promise<string | null> {
  const saved = readText(path, judge);
  if (saved === null || documents === null) return saved;
  return (await documents.read(realPath(path), signal)) ?? saved;
}

/** The texts that the client has of the files that a patch names, by real path. */
export async function unsavedTexts(
  { sections }: ParsedPatch,
  { cwd, judge }: { readonly cwd: string; readonly judge: PlaceJudge },
  context: Pick<ToolContext, 'documents'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  if (context.documents === null) return texts;
  for (const { path: named } of sections) {
    const path = resolve(cwd, named);
    const text = await currentText(path, context, judge, signal);
    if (text !== null) texts.set(realPath(path), text);
  }
  return texts;
}

interface Writing {
  readonly documents: ClientDocuments;
  readonly mayWrite: MayWrite;
  readonly signal: AbortSignal;
}

/**
 * Writes a verified patch by the client, then makes sure that the disk has it: what the client did not write, or wrote differently, and
 * what is removed or moved, is written as without a client. All of it or nothing.
 * @throws PatchFailure
 */
export async function applyByClient(verified: VerifiedPatch, writing: Writing): Promise<VerifiedPatch> {
  const { changes, judge } = verified;
  const { documents, mayWrite, signal } = writing;
  for (const { path, before } of changes) {
    if (before !== null && (await currentText(path, writing, judge, signal)) !== before) {
      const message = 'The file has changed meanwhile. Read it again, then edit.';
      throw new PatchFailure({ type: 'mismatch', message, closest: null });
    }
  }
  const texts = changes.flatMap((change) => (change.after === null ? [] : [{ ...change, after: change.after }]));
  const targets = texts.map((change) => ({ ...change, target: realPath(change.path) }));
  for (const { path, target } of targets) {
    if (mayWrite(target) && (judge === undefined || hiddenFault(target, judge) === null)) continue;
    throw new PatchFailure({ type: 'io', message: `Failed to write file ${path}: writing there is not permitted` });
  }
  const written: WrittenFile[] = [];
  try {
    for (const { target, before, after, movedFrom } of targets) {
      if (movedFrom !== null) continue;
      written.push({ target, before, saved: readText(target, judge) });
      await documents.write(target, after, signal);
    }
    const onDisk = changes.map((change) => ({ ...change, before: readText(change.path, judge) }));
    applyPatch({ ...verified, changes: onDisk.filter(({ before, after }) => before !== after) }, mayWrite);
  } catch (error) {
    const left: string[] = [];
    for (const one of written.reverse()) if (!(await takeBack(one, verified, writing))) left.push(one.target);
    if (left.length === 0) throw error;
    const advice = `These files could not be put back as they were, so read them before you edit again: ${left.join(', ')}`;
    throw new PatchFailure({ type: 'io', message: `${reasonOf(error)}\n${advice}` });
  }
  return verified;
}

/** A file that the client was asked to write. */
interface WrittenFile {
  readonly target: string;
  /** What the client had; null: there was no file. */
  readonly before: string | null;
  /** What the disk had. */
  readonly saved: string | null;
}

/** Gives a file the text that it had: by the client, and by keel where the disk then has another one. @returns whether it has it */
async function takeBack({ target: path, before, saved }: WrittenFile, verified: VerifiedPatch, writing: Writing) {
  // An interrupt may be what ends the patch: what was begun is put back all the same.
  if (before !== null) await writing.documents.write(path, before, new AbortController().signal);
  const now = readText(path, verified.judge);
  if (now === before || now === saved) return true;
  try {
    const change = { path, before: now, after: saved, movedFrom: null, mode: null };
    applyPatch({ ...verified, changes: [change] }, writing.mayWrite);
    return true;
  } catch {
    // The caller names the file.
    return false;
  }
}
