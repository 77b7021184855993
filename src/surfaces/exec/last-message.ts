import { closeSync, writeFileSync } from 'node:fs';
import { OutputFile } from '../../foundation/files/index.ts';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';

/** The file that receives the last message. It is anchored before the first command runs, which could put a link in its place. */
export class LastMessageFile implements Disposable {
  readonly #path: string;
  readonly #output: OutputFile;

  /**
   * @param roots where commands may write
   * @throws KeelError `invalidInput` if the path can't be written
   */
  constructor(path: string, roots: readonly string[]) {
    this.#path = path;
    try {
      this.#output = OutputFile.anchor(path, roots);
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new KeelError('invalidInput', `the last message can't be written to ${path}: ${reason}`, { cause });
    }
  }

  /**
   * Without a message the file becomes empty, with a warning.
   * @returns why it could not be written; null if it was
   */
  write(message: string | null, warn: (text: string) => void): KeelError | null {
    if (message === null) warn(`Warning: there is no last message; ${this.#path} is left empty\n`);
    try {
      const fd = this.#output.open();
      try {
        writeFileSync(fd, message ?? '');
      } finally {
        closeSync(fd);
      }
      return null;
    } catch (cause) {
      return new KeelError('storageFailed', `the last message could not be written: ${reasonOf(cause)}`, { cause });
    }
  }

  [Symbol.dispose](): void {
    this.#output[Symbol.dispose]();
  }
}
