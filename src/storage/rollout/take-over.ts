import { closeSync, constants, copyFileSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import type { RolloutItem } from '../../foundation/protocol/index.ts';
import { randomUUID } from '../../foundation/util/index.ts';
import { hasCode } from './exclusive-file.ts';
import type { Lease } from './lease.ts';
import type { RolloutRecorder } from './recorder.ts';

/** Records only as long as the thread is this process's. */
export class FencedRecorder implements RolloutRecorder {
  readonly path: string | null;
  readonly #recorder: RolloutRecorder;
  readonly #lease: Lease;

  constructor(recorder: RolloutRecorder, lease: Lease) {
    this.path = recorder.path;
    this.#recorder = recorder;
    this.#lease = lease;
  }

  /** @throws KeelError also `threadTaken` */
  append(...items: readonly RolloutItem[]): void {
    this.#lease.fence();
    this.#recorder.append(...items);
  }

  async sync(): Promise<void> {
    this.#lease.fence();
    try {
      await this.#recorder.sync();
    } catch (error) {
      // A file that was taken over has no name any more: that is the reason to give.
      this.#lease.fence();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#recorder.close();
  }
}

/**
 * Puts a copy in the place of a file that an earlier owner may have open: should it be stopped between its look at the fence and
 * its write, that write goes to the file without a name. A file that is not there needs none.
 */
export function replaceByCopy(path: string): void {
  const copy = `${path}.${randomUUID()}`;
  try {
    copyFileSync(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const fd = openSync(copy, 'r+');
    fsyncSync(fd);
    closeSync(fd);
    renameSync(copy, path);
  } catch (error) {
    rmSync(copy, { force: true });
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
