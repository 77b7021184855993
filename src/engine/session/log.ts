import { closeSync, constants, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { maskSecrets } from '../../foundation/secrets/index.ts';
import { sourceStack } from '../../foundation/util/index.ts';
import type { LogLevel } from '../../storage/config/index.ts';

const MAX_LOG_BYTES = 10 * 1024 * 1024;
const KEPT_LOGS = 3;
/** A line has no more of one text: what is logged may come from a server. */
const MAX_TEXT_CHARS = 64 * 1024;
/** A symlink in the place of the log is not followed: it could lead to any file of the user's. Nor is a pipe waited for. */
const APPEND =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const RANK: Readonly<Record<LogLevel, number>> = { off: 0, error: 1, warn: 2, info: 3, debug: 4 };

/** What a line says beside its message. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Where keel writes what no user needs to read: warnings about itself, and the stack of a crash. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  /** Something that should not happen and that keel has repaired or worked around. */
  error(message: string): void;
  /** A bug in keel. The user gets a sentence, the log the stack. */
  crash(error: unknown): void;
}

export interface FileLogOptions {
  /** Absolute. */
  readonly path: string;
  readonly level: LogLevel;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Masked in every line; called when there is something to write. */
  readonly secrets: () => readonly string[];
  /** Part of every line. */
  readonly fields?: LogFields;
}

/**
 * A log file of JSON lines, opened when there is something to write, and replaced when it has 10 MiB. Each line has `time`, `level`,
 * `pid` and `message`. What looks like a secret is masked. Failures to write it are ignored.
 */
export class FileLog implements Log {
  readonly #options: FileLogOptions;

  constructor(options: FileLogOptions) {
    this.#options = options;
  }

  /** An event of a session. */
  debug(message: string, fields: LogFields): void {
    this.#write('debug', message, fields);
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
    const message = error instanceof Error ? error.message : String(error);
    this.#write('error', message, error instanceof Error ? { stack: describe(error) } : {});
  }

  #write(level: Exclude<LogLevel, 'off'>, message: string, fields: LogFields = {}): void {
    const { path, now, fields: everywhere = {} } = this.#options;
    if (RANK[level] > RANK[this.#options.level]) return;
    const head = { time: new Date(now()).toISOString(), level, pid: process.pid };
    const line = JSON.stringify(this.#masked({ ...head, ...everywhere, message, ...fields }));
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      rotate(path);
      append(path, `${line}\n`);
    } catch {
      // There is no better place to report that the log can't be written, and no work should fail for it.
    }
  }

  #masked(fields: LogFields): LogFields {
    const secrets = this.#options.secrets();
    const mask = (value: LogFields[string]) =>
      typeof value === 'string' ? maskSecrets(value, secrets).slice(0, MAX_TEXT_CHARS) : value;
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, mask(value)]));
  }
}

function append(path: string, text: string): void {
  const fd = openSync(path, APPEND, 0o600);
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

function rotate(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size < MAX_LOG_BYTES) return;
  for (let n = KEPT_LOGS - 1; n > 0; n -= 1) {
    const from = n === 1 ? path : `${path}.${n - 1}`;
    if (statSync(from, { throwIfNoEntry: false })) renameSync(from, `${path}.${n}`);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  return `${sourceStack(error.stack ?? error.message)}${cause}`;
}
