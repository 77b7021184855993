import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { KeelError, RolloutItem, type SessionMeta } from '../protocol/index.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Warnings about broken lines that are worth a user's time. */
const MAX_WARNINGS = 20;

export interface Rollout {
  readonly path: string;
  readonly meta: SessionMeta;
  /** All lines that can be read, in order. */
  readonly lines: readonly RolloutItem[];
  /** One a line that could not be read, the first few in words. */
  readonly warnings: readonly string[];
  /** Number for the next line that is written. */
  readonly nextOrdinal: number;
}

/** Line types that only later versions of the format know; passed over in silence, as the format wants it. */
const knownTypes = new Set([
  'session_meta',
  'response_item',
  'turn_context',
  'compacted',
  'event_msg',
  'step',
  'lease',
]);

/**
 * Reads a thread's record. Lines that are torn, corrupt or of a type nobody knows are left out with a warning; the rest is
 * kept.
 * @throws KeelError `rolloutCorrupt` if the file can't be read, is empty, or doesn't say which thread it is
 */
export function readRollout(path: string): Rollout {
  const lines: RolloutItem[] = [];
  const warnings: string[] = [];
  let number = 0;
  let broken = 0;
  for (const text of textLines(path)) {
    number += 1;
    if (text.trim() === '') continue;
    const line = parseLine(text);
    if (line.type === 'ok') lines.push(line.item);
    else if (line.type === 'broken') {
      broken += 1;
      if (broken <= MAX_WARNINGS) warnings.push(`line ${number} of ${path} is left out: ${line.reason}`);
    }
  }
  if (broken > MAX_WARNINGS) warnings.push(`${broken - MAX_WARNINGS} more lines of ${path} are left out`);
  const meta = lines.find((line) => line.type === 'session_meta')?.payload;
  if (!meta) {
    const what = number === 0 ? 'is empty' : 'does not say which thread it records';
    throw new KeelError('rolloutCorrupt', `${path} ${what}: it can't be resumed`);
  }
  return { path, meta, lines, warnings, nextOrdinal: number };
}

type ParsedLine =
  | { readonly type: 'ok'; readonly item: RolloutItem }
  | { readonly type: 'broken'; readonly reason: string }
  | { readonly type: 'foreign' };

function parseLine(text: string): ParsedLine {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    // Torn by a crash, or damaged on the disk.
    return { type: 'broken', reason: 'it is not JSON' };
  }
  const parsed = RolloutItem.safeParse(raw);
  if (parsed.success) return { type: 'ok', item: parsed.data };
  const type = isRecord(raw) ? raw['type'] : undefined;
  if (typeof type === 'string' && !knownTypes.has(type)) return { type: 'broken', reason: `unknown type "${type}"` };
  // Items that this version doesn't know are no damage: the model that made them is the only one to miss them.
  if (type === 'response_item') return { type: 'foreign' };
  return { type: 'broken', reason: parsed.error.issues[0]?.message ?? 'it has another shape' };
}

/** The lines of a file, read in chunks: a long thread is never in memory as one text. */
function* textLines(path: string): Generator<string> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KeelError('rolloutCorrupt', `${path} can't be read: ${reason}`, { cause });
  }
  try {
    const decoder = new StringDecoder('utf8');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest = '';
    for (let size = readSync(fd, chunk); size > 0; size = readSync(fd, chunk)) {
      const parts = (rest + decoder.write(chunk.subarray(0, size))).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
    rest += decoder.end();
    if (rest !== '') yield rest;
  } finally {
    closeSync(fd);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
