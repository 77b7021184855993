import { closeSync, openSync } from 'node:fs';
import { sealedMemoryFile } from './memory-file.ts';
import { openHandle, type ProgramInput } from './program-input.ts';

/**
 * What programs find at their descriptors. Bytes are in sealed memory files, since nobody may change them on the way and a
 * name could be reached by others. Each array is written once, and opened again for each program, since the position in an
 * opened file is shared by all that have it.
 */
export class InputFiles {
  readonly #fds = new Map<Uint8Array, number>();

  /** One descriptor for each input, in order; the caller closes them. @throws {PathReplacedError} and what the system says */
  openAll(inputs: readonly ProgramInput[]): number[] {
    const opened: number[] = [];
    try {
      for (const input of inputs) {
        opened.push(
          input instanceof Uint8Array ? openSync(`/proc/self/fd/${this.#kept(input)}`, 'r') : openHandle(input),
        );
      }
      return opened;
    } catch (error) {
      for (const fd of opened) closeSync(fd);
      throw error;
    }
  }

  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
  }

  #kept(bytes: Uint8Array): number {
    const known = this.#fds.get(bytes) ?? sealedMemoryFile(bytes);
    this.#fds.set(bytes, known);
    return known;
  }
}
