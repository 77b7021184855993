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
 * long, and one look without a sign of life shows nothing. That is all that it is for: it never fails whoever waits.
 */
export class Watcher implements AsyncDisposable {
  readonly #draft: string;
  #own: { readonly mark: Mark; readonly path: string } | null = null;

  /** @param draft the start of a name that is removed with what nobody has finished */
  constructor(draft: string) {
    this.#draft = draft;
  }

  async write(): Promise<void> {
    try {
      this.#own ??= await newMark(`${this.#draft}-watched-${randomUUID()}`);
      await this.#own?.mark.write();
    } catch {
      // The disk is full, or takes nothing, or the file is gone: the next time it is another file.
      await this.#forget();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forget();
  }

  async #forget(): Promise<void> {
    const own = this.#own;
    this.#own = null;
    if (own === null) return;
    await own.mark.close().catch(() => undefined);
    await rm(own.path, { force: true }).catch(() => undefined);
  }
}

async function newMark(path: string): Promise<{ readonly mark: Mark; readonly path: string } | null> {
  const mark = await Mark.make(path);
  return mark && { mark, path };
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
