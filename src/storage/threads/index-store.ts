import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { readJson } from '../../foundation/util/index.ts';
import { type ScannedThread, ThreadFacts } from './scan-thread.ts';

/** Layout of the tables; tables with another number are made again. */
const SCHEMA_VERSION = 1;
const BUSY_TIMEOUT_MS = 1_000;
/** SQLite's codes for a file that is damaged, or none of its own. */
const DAMAGED = new Set([11, 26]);

const SCHEMA = `
DROP TABLE IF EXISTS threads;
DROP TABLE IF EXISTS said;
CREATE TABLE threads (file TEXT PRIMARY KEY, stamp TEXT NOT NULL, facts TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE said (file TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** What is known of one file. */
export interface IndexedFile {
  /** Differs when the file may have changed. */
  readonly stamp: string;
  /** Null for a file that is no thread to list. */
  readonly facts: ThreadFacts | null;
}

/** Remembers what files said, by their path below the home. All of it can be had from the files again. */
export interface IndexStore {
  load(): Map<string, IndexedFile>;
  /** All of them or, if it throws, none. */
  put(files: readonly { readonly file: string; readonly stamp: string; readonly thread: ScannedThread | null }[]): void;
  remove(files: readonly string[]): void;
  /** The files in which a user said a text, given in lower case. */
  search(text: string): Set<string>;
  close(): void;
}

/** For a process that has no database: remembers while it lives. */
export class MemoryStore implements IndexStore {
  readonly #said = new Map<string, string>();

  load(): Map<string, IndexedFile> {
    return new Map();
  }

  put(files: Parameters<IndexStore['put']>[0]): void {
    for (const { file, thread } of files) this.#said.set(file, thread?.said ?? '');
  }

  remove(files: readonly string[]): void {
    for (const file of files) this.#said.delete(file);
  }

  search(text: string): Set<string> {
    return new Set([...this.#said].flatMap(([file, said]) => (said.includes(text) ? [file] : [])));
  }

  close(): void {
    // Nothing is open.
  }
}

/** Keeps it in a SQLite file, which only its owner can read. */
class SqliteStore implements IndexStore {
  readonly #db: DatabaseSync;
  readonly #insertThread: StatementSync;
  readonly #insertSaid: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    const version = db.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version !== SCHEMA_VERSION) this.#atOnce(() => db.exec(SCHEMA));
    this.#insertThread = db.prepare('INSERT OR REPLACE INTO threads (file, stamp, facts) VALUES (?, ?, ?)');
    this.#insertSaid = db.prepare('INSERT OR REPLACE INTO said (file, text) VALUES (?, ?)');
  }

  load(): Map<string, IndexedFile> {
    const files = new Map<string, IndexedFile>();
    for (const row of this.#db.prepare('SELECT file, stamp, facts FROM threads').iterate()) {
      const { file, stamp, facts } = row;
      if (typeof file !== 'string' || typeof stamp !== 'string') continue;
      const known = facts === null ? null : factsOf(facts);
      // A row that nobody can read is as good as none: its file is read again.
      if (known !== undefined) files.set(file, { stamp, facts: known });
    }
    return files;
  }

  put(files: Parameters<IndexStore['put']>[0]): void {
    this.#atOnce(() => {
      for (const { file, stamp, thread } of files) {
        this.#insertThread.run(file, stamp, thread ? JSON.stringify(thread.facts) : null);
        this.#insertSaid.run(file, thread?.said ?? '');
      }
    });
  }

  remove(files: readonly string[]): void {
    const statements = ['threads', 'said'].map((table) => this.#db.prepare(`DELETE FROM ${table} WHERE file = ?`));
    this.#atOnce(() => {
      for (const file of files) for (const statement of statements) statement.run(file);
    });
  }

  search(text: string): Set<string> {
    const found = this.#db.prepare('SELECT file FROM said WHERE instr(text, ?) > 0').all(text);
    return new Set(found.flatMap(({ file }) => (typeof file === 'string' ? [file] : [])));
  }

  close(): void {
    this.#db.close();
  }

  #atOnce(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Opens the index, a new one in the place of one that is damaged; in memory where there can be none on the disk. */
export async function openIndexStore(path: string): Promise<IndexStore> {
  try {
    const { DatabaseSync } = await loadSqlite();
    const open = () => openSqlite(path, DatabaseSync);
    try {
      return open();
    } catch (error) {
      if (!isDamaged(error)) throw error;
      removeIndex(path);
      return open();
    }
  } catch {
    // This build of Node has no SQLite, or the home can't be written: the files say the same, if not as fast.
    return new MemoryStore();
  }
}

/** Whether an error of the store means that its file has to be made again. */
export function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  return DAMAGED.has(error.errcode & 0xff);
}

export function removeIndex(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { recursive: true, force: true });
}

function openSqlite(path: string, Database: typeof DatabaseSync): SqliteStore {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // SQLite would make the file readable for all; its companions take its mode over.
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  const db = new Database(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`);
    return new SqliteStore(db);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Node 22 warns of SQLite as an experiment on standard error, where nobody can do anything about it. */
async function loadSqlite(): Promise<typeof import('node:sqlite')> {
  const { emitWarning } = process;
  const passOn = emitWarning.bind(process) as (...words: unknown[]) => void;
  process.emitWarning = (...words: unknown[]) => {
    if (!String(words[0]).startsWith('SQLite is an experimental feature')) passOn(...words);
  };
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

function factsOf(text: unknown): ThreadFacts | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return ThreadFacts.safeParse(readJson(text)).data;
  } catch {
    // Damaged in a way that SQLite doesn't see.
    return undefined;
  }
}
