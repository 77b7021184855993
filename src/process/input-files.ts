import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Bytes that programs read from a descriptor. Each array is written once, to a file whose name is removed at once, and
 * opened anew for each program, since an opened file's place is shared by all that have it.
 */
export class InputFiles {
  readonly #fds = new Map<Uint8Array, number>();

  /** A descriptor at the start of the bytes; the caller closes it. */
  open(bytes: Uint8Array): number {
    return openSync(this.path(bytes), 'r');
  }

  /** A path at which the bytes can be opened as long as keel lives, by its user only. */
  path(bytes: Uint8Array): string {
    const known = this.#fds.get(bytes) ?? unnamedFile(bytes);
    this.#fds.set(bytes, known);
    return `/proc/${process.pid}/fd/${known}`;
  }

  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
  }
}

function unnamedFile(bytes: Uint8Array): number {
  const dir = mkdtempSync(join(tmpdir(), 'keel-input-'));
  try {
    const path = join(dir, 'bytes');
    writeFileSync(path, bytes, { mode: 0o400 });
    return openSync(path, 'r');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
