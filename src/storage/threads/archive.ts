import { existsSync, lstatSync, mkdirSync, realpathSync, renameSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { acquireLease, archivedDir, placeInSessions, sessionsDir, threadIdOf } from '../rollout/index.ts';
import { readHead } from './read-head.ts';

export interface ThreadFile {
  readonly threadId: string;
  /** Path of its rollout. */
  readonly path: string;
}

/**
 * Moves a thread out of the way: lists leave it out, its id still finds it.
 * @returns where its rollout is now
 * @throws KeelError `invalidInput` if the path isn't a rollout of this thread below `sessions`, `threadBusy` while a process
 * writes it, `storageFailed`; then nothing has moved
 */
export function archiveThread(home: string, file: ThreadFile): string {
  refuseIn(archivedDir(home), file, 'is archived already');
  const path = ownFile(file, sessionsDir(home), 'moved');
  return move(path, join(archivedDir(home), basename(path)));
}

/** The way back, with the same errors. */
export function unarchiveThread(home: string, file: ThreadFile): string {
  refuseIn(sessionsDir(home), file, 'is not archived');
  const path = ownFile(file, archivedDir(home), 'moved');
  const place = placeInSessions(home, basename(path));
  if (place === null) {
    throw new KeelError('invalidInput', `${file.path} is not moved: its name does not say when it started`);
  }
  return move(path, place);
}

function refuseIn(root: string, { threadId, path }: ThreadFile, why: string): void {
  const [real, realRoot] = [existingPath(path), existingPath(root)];
  if (real !== null && realRoot !== null && real.startsWith(realRoot + sep)) {
    throw new KeelError('invalidInput', `the thread ${threadId} ${why}`);
  }
}

/** The rollout's real path. What the path says, what it leads to and what the file says have to agree. */
export function ownFile(file: ThreadFile, root: string, verb: 'moved' | 'deleted'): string {
  const refused = (reason: string) => new KeelError('invalidInput', `${file.path} is not ${verb}: ${reason}`);
  const real = existingPath(file.path);
  const realRoot = existingPath(root);
  if (real === null || realRoot === null || !real.startsWith(realRoot + sep)) {
    throw refused(`it is not below ${root}`);
  }
  const stats = lstatSync(file.path);
  if (!stats.isFile()) throw refused('it is not a file of its own');
  const wanted = file.threadId.toLowerCase();
  if (threadIdOf(real) !== wanted) throw refused(`it is not named after the thread ${file.threadId}`);
  const recorded = readHead(real)?.meta.id.toLowerCase();
  if (recorded !== undefined && recorded !== wanted) throw refused(`it records the thread ${recorded}`);
  return real;
}

/** Both places are locked meanwhile, so that no process resumes the thread at either. */
function move(from: string, to: string): string {
  using _source = acquireLease(from);
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    using _target = acquireLease(to);
    if (existsSync(to)) throw new KeelError('storageFailed', `${to} is there already: nothing was moved`);
    renameSync(from, to);
    return to;
  } catch (cause) {
    if (cause instanceof KeelError) throw cause;
    const reason = reasonOf(cause);
    throw new KeelError('storageFailed', `${from} can't be moved to ${dirname(to)}: ${reason}`, { cause });
  }
}

function existingPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    // Not there, or not to be reached: it lies below nothing.
    return null;
  }
}
