import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { KeelError } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../foundation/util/index.ts';

const MAX_NAME_CHARS = 200;
const NameLine = z.looseObject({ id: z.string(), thread_name: z.string() });

/**
 * Names of threads are in a file of their own, one line a naming, and the newest counts: a thread may be named by another
 * process than the one that writes it, and other readers of the format look for names here.
 */
function namesPath(home: string): string {
  return join(home, 'session_index.jsonl');
}

/**
 * Gives a thread a name; an empty one takes it away.
 * @throws KeelError `invalidInput`, `storageFailed`
 */
export function nameThread(home: string, { id, name, nowMs }: { id: string; name: string; nowMs: number }): void {
  const threadName = asKept(name);
  if (threadName.length > MAX_NAME_CHARS) {
    throw new KeelError('invalidInput', `a thread's name has at most ${MAX_NAME_CHARS} characters`);
  }
  const line = JSON.stringify({ id, thread_name: threadName, updated_at: new Date(nowMs).toISOString() });
  try {
    // The newline before it fences a line that a crash cut off.
    appendFileSync(namesPath(home), `${endsWithinLine(namesPath(home)) ? '\n' : ''}${line}\n`, { mode: 0o600 });
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new KeelError('storageFailed', `the thread's name can't be written down: ${reason}`, { cause });
  }
}

/** The names in force by thread id, read again when the file has changed. */
export class ThreadNames {
  readonly #path: string;
  #stamp = '';
  #names: ReadonlyMap<string, string> = new Map();

  constructor(home: string) {
    this.#path = namesPath(home);
  }

  /** The threads that have a name, exactly as it was given but for white space. */
  idsNamed(name: string): ReadonlySet<string> {
    const wanted = asKept(name);
    return new Set([...this.current()].flatMap(([id, given]) => (given === wanted ? [id] : [])));
  }

  current(): ReadonlyMap<string, string> {
    const stats = statSync(this.#path, { throwIfNoEntry: false });
    const stamp = stats?.isFile() ? `${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}` : '';
    if (stamp === this.#stamp) return this.#names;
    this.#names = stamp === '' ? new Map() : readNames(this.#path);
    this.#stamp = stamp;
    return this.#names;
  }
}

function asKept(name: string): string {
  return name.replace(/\s+/g, ' ').trim();
}

function readNames(path: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const text of readText(path).split('\n')) {
    const line = parse(text);
    if (line === null) continue;
    const id = line.id.toLowerCase();
    if (line.thread_name === '') names.delete(id);
    else names.set(id, line.thread_name);
  }
  return names;
}

function parse(text: string): z.infer<typeof NameLine> | null {
  if (text === '') return null;
  try {
    return NameLine.safeParse(readJson(text)).data ?? null;
  } catch {
    // Truncated or damaged: the thread keeps the name it had.
    return null;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Gone or unreadable: threads can do without names.
    return '';
  }
}

function endsWithinLine(path: string): boolean {
  const text = statSync(path, { throwIfNoEntry: false })?.isFile() ? readText(path) : '';
  return text !== '' && !text.endsWith('\n');
}
