import { randomUUID } from 'node:crypto';
import { type FileHandle, lstat, open, rm } from 'node:fs/promises';

/** A file that changes with each write, for all machines that share it. */
export class Mark {
  readonly #file: FileHandle;
  #count = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Null: there is one already. */
  static async make(path: string): Promise<Mark | null> {
    try {
      return new Mark(await open(path, 'wx', 0o600));
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return null;
      throw error;
    }
  }

  async write(): Promise<void> {
    this.#count += 1;
    await this.#file.write(String(this.#count), 0);
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/**
 * Does what a maker does for a sign of life, in a file of its own: as long as the disk takes nothing, a look at the maker takes as
 * long, and one look without a sign of life shows nothing.
 */
export class Watcher implements AsyncDisposable {
  readonly #path: string;
  #mark: Mark | null = null;

  /** @param draft the start of a name that is removed with what nobody has finished */
  constructor(draft: string) {
    this.#path = `${draft}-watched-${randomUUID()}`;
  }

  async write(): Promise<void> {
    this.#mark ??= await Mark.make(this.#path);
    await this.#mark?.write();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mark?.close();
    if (this.#mark !== null) await rm(this.#path, { force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Whether the system has refused a call for this reason. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
