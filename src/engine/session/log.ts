import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { maskSecrets } from '../../foundation/secrets/index.ts';
import { sourceStack } from '../../foundation/util/index.ts';

const MAX_LOG_BYTES = 10 * 1024 * 1024;
const KEPT_LOGS = 3;

/** Where keel writes what no user needs to read: warnings about itself, and the stack of a crash. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  /** Something that should not happen and that keel has repaired or worked around. */
  error(message: string): void;
  /** A bug in keel. The user gets a sentence, the log the stack. */
  crash(error: unknown): void;
}

/** A log file that is opened when there is something to write. Failures to write it are ignored. */
export class FileLog implements Log {
  readonly #path: string;
  readonly #now: () => number;
  readonly #secrets: () => readonly string[];

  /** Masks what looks like a secret, and each of `secrets`, which is called when there is something to write. */
  constructor(path: string, now: () => number, secrets: () => readonly string[]) {
    this.#path = path;
    this.#now = now;
    this.#secrets = secrets;
  }

  info(message: string): void {
    this.#write('info', message);
  }

  warn(message: string): void {
    this.#write('warn', message);
  }

  error(message: string): void {
    this.#write('error', message);
  }

  crash(error: unknown): void {
    this.#write('crash', describe(error));
  }

  #write(level: string, message: string): void {
    const line = `${new Date(this.#now()).toISOString()} ${process.pid} ${level} ${maskSecrets(message, this.#secrets())}\n`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      this.#rotate();
      appendFileSync(this.#path, line, { mode: 0o600 });
    } catch {
      // There is no better place to report that the log can't be written, and no work should fail for it.
    }
  }

  #rotate(): void {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
    if (size < MAX_LOG_BYTES) return;
    for (let n = KEPT_LOGS - 1; n > 0; n -= 1) {
      const from = n === 1 ? this.#path : `${this.#path}.${n - 1}`;
      if (statSync(from, { throwIfNoEntry: false })) renameSync(from, `${this.#path}.${n}`);
    }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  return `${sourceStack(error.stack ?? error.message)}${cause}`;
}
