import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { acquireLease, archivedDir, sessionsDir } from '../rollout/index.ts';
import { ownFile, type ThreadFile } from './archive.ts';
import { nameThread, ThreadNames } from './thread-names.ts';

/**
 * Removes a thread for good: its record, the outputs of its commands and its name. Snapshots for undo expire by themselves.
 * @throws KeelError `invalidInput` if the path isn't a rollout of this thread in keel's home, `threadBusy` while a process
 * writes it, `storageFailed`; the record is the last thing to go
 */
export function deleteThread(home: string, file: ThreadFile): void {
  const root = file.path.startsWith(archivedDir(home)) ? archivedDir(home) : sessionsDir(home);
  const path = ownFile(file, root, 'deleted');
  using _lease = acquireLease(path);
  const id = file.threadId.toLowerCase();
  try {
    rmSync(join(home, 'threads', id), { recursive: true, force: true });
    if (new ThreadNames(home).current().has(id)) nameThread(home, { id, name: '', nowMs: Date.now() });
    rmSync(path);
  } catch (cause) {
    if (cause instanceof KeelError) throw cause;
    throw new KeelError('storageFailed', `${path} can't be deleted: ${reasonOf(cause)}`, { cause });
  }
}
