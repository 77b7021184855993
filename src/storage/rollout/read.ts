import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { KeelError, type RolloutItem, type SessionMeta } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { parseLine } from './parse-line.ts';
import { textLines } from './text-lines.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Warnings about broken lines that are worth a user's time. */
const MAX_BROKEN_SHOWN = 5;

export interface Rollout {
  readonly path: string;
  /** The first one in the file: a fork carries that of the thread it came from behind its own. */
  readonly meta: SessionMeta;
  /** All lines that can be read, in order. */
  readonly lines: readonly RolloutItem[];
  /** About the lines that could not: the first broken ones each, then in numbers. */
  readonly warnings: readonly string[];
  /** Number for the next line that is written. */
  readonly nextOrdinal: number;
}

/**
 * Reads a thread's record, keel's or the reference's. Lines that are truncated, corrupt or of an unknown kind are left out
 * with a warning; the rest is kept.
 * @throws KeelError `rolloutCorrupt` if the file can't be read, is empty, or doesn't say which thread it is
 */
export function readRollout(path: string): Rollout {
  const lines: RolloutItem[] = [];
  const broken: number[] = [];
  const unknown = new Map<string, number>();
  let count = 0;
  for (const text of rolloutTexts(path)) {
    count += 1;
    if (text.trim() === '') continue;
    const line = parseLine(text);
    if (line.type === 'ok') lines.push(line.item);
    else if (line.type === 'broken') broken.push(count);
    else unknown.set(line.kind, (unknown.get(line.kind) ?? 0) + 1);
  }
  const meta = lines.find((line) => line.type === 'session_meta')?.payload;
  if (!meta) {
    const what = count === 0 ? 'is empty' : 'does not say which thread it records';
    throw new KeelError('rolloutCorrupt', `${path} ${what}: it can't be resumed`);
  }
  return { path, meta, lines, warnings: warningsOf(path, broken, unknown), nextOrdinal: count };
}

function warningsOf(path: string, broken: readonly number[], unknown: ReadonlyMap<string, number>): string[] {
  const warnings = broken.slice(0, MAX_BROKEN_SHOWN).map((at) => `line ${at} of ${path} is damaged and left out`);
  const more = broken.length - MAX_BROKEN_SHOWN;
  if (more > 0) warnings.push(`${more} more lines of ${path} are damaged and left out`);
  if (unknown.size > 0) {
    const kinds = [...unknown].map(([kind, lines]) => `${kind} (${lines})`).join(', ');
    warnings.push(`${path} contains lines that this version of keel doesn't know; they are left out: ${kinds}`);
  }
  return warnings;
}

/** The lines of a rollout as texts. @throws KeelError `rolloutCorrupt` if the file can't be read */
export function* rolloutTexts(path: string): Generator<string> {
  let fd: number;
  try {
    fd = openRollout(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    yield* textLines(fd, { chunkBytes: CHUNK_BYTES });
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    closeSync(fd);
  }
}

function unreadable(path: string, cause: unknown): KeelError {
  const reason = reasonOf(cause);
  return new KeelError('rolloutCorrupt', `${path} can't be read: ${reason}`, { cause });
}

/**
 * Opens a rollout for reading. A pipe or a device with a rollout's name would keep its reader waiting for ever.
 * @throws the system's error, or one that says that it is no file
 */
export function openRollout(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error('it is not a file');
}
