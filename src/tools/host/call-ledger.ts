import { closeSync, fdatasync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { CallFacts, KeelError, OutputContentItem } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf, storageAdvice } from '../../foundation/util/index.ts';
import type { ToolOutput } from '../contract/index.ts';

const syncToDisk = promisify(fdatasync);

const LedgerLine = z.lazy(() =>
  z.discriminatedUnion('state', [
    z.object({ state: z.literal('started'), key: z.string(), digest: z.string(), at: z.number() }),
    /** The sandbox stopped the run, which has ended. A `started` after it is the run without the sandbox. */
    z.object({ state: z.literal('stopped'), key: z.string() }),
    /** Written by earlier versions, which recorded a start before they asked: the call counts as not started. */
    z.object({ state: z.literal('waits'), key: z.string() }),
    z.object({
      state: z.literal('done'),
      key: z.string(),
      output: z.object({
        body: z.union([z.string(), z.array(OutputContentItem)]),
        success: z.boolean(),
        facts: z.optional(CallFacts),
      }),
    }),
  ]),
);
type LedgerLine = z.infer<typeof LedgerLine>;

/** What the ledger knows about a call. */
export interface LedgerEntry {
  readonly digest: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly end: CallEnd;
}

type CallEnd =
  /** It was started and its end was never written. */
  | { readonly type: 'unknown' }
  /** The sandbox stopped it, and a run without the sandbox is not decided. */
  | { readonly type: 'stopped' }
  | { readonly type: 'done'; readonly output: ToolOutput };

/**
 * Remembers which calls were started and how they ended, in a file of its own: `started` is on the disk before a call has
 * any effect. The file is read once; a line that a crash cut off is skipped.
 */
export class CallLedger {
  readonly #path: string | null;
  readonly #entries = new Map<string, LedgerEntry>();
  #fd: number | null = null;

  /** `path` null: kept in memory only, for a thread that leaves no trace. */
  constructor(path: string | null) {
    this.#path = path;
    if (path !== null) for (const line of readLines(path)) this.#learn(line);
  }

  get(key: string): LedgerEntry | null {
    return this.#entries.get(key) ?? null;
  }

  /** Resolves when the start is on the disk. @throws KeelError `storageFailed`: the call must not run then */
  async started(key: string, digest: string, at: number): Promise<void> {
    this.#append({ state: 'started', key, digest, at });
    if (this.#fd !== null) await syncToDisk(this.#fd);
  }

  stopped(key: string): void {
    this.#append({ state: 'stopped', key });
  }

  done(key: string, output: ToolOutput): void {
    const body = typeof output.body === 'string' ? output.body : [...output.body];
    this.#append({ state: 'done', key, output: { ...output, body } });
  }

  /** Forgets all calls, once they are recorded in the rollout. */
  clear(): void {
    if (this.#entries.size === 0) return;
    this.#entries.clear();
    this.close();
    if (this.#path !== null) rmSync(this.#path, { force: true });
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #append(line: LedgerLine): void {
    this.#learn(line);
    if (this.#path === null) return;
    try {
      this.#fd ??= openForAppending(this.#path);
      writeSync(this.#fd, `${JSON.stringify(line)}\n`);
    } catch (cause) {
      const reason = reasonOf(cause);
      const what = `the call ledger ${this.#path} can't be written`;
      throw new KeelError('storageFailed', `${what}: ${reason}.${storageAdvice(reason)}`, { cause });
    }
  }

  #learn(line: LedgerLine): void {
    if (line.state === 'started') {
      this.#entries.set(line.key, { digest: line.digest, startedAt: line.at, end: { type: 'unknown' } });
      return;
    }
    if (line.state === 'waits') {
      this.#entries.delete(line.key);
      return;
    }
    const entry = this.#entries.get(line.key);
    const end: CallEnd = line.state === 'stopped' ? { type: 'stopped' } : { type: 'done', output: line.output };
    if (entry) this.#entries.set(line.key, { ...entry, end });
  }
}

function openForAppending(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(path, 'a', 0o600);
  // The newline ends a line that an earlier process left half written.
  writeSync(fd, '\n');
  return fd;
}

function readLines(path: string): LedgerLine[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // A thread without calls has no ledger.
    return [];
  }
  return text.split('\n').flatMap((line) => parse(line) ?? []);
}

function parse(line: string): LedgerLine | null {
  if (line === '') return null;
  try {
    return LedgerLine.safeParse(readJson(line)).data ?? null;
  } catch {
    // Truncated by a crash: the call counts as not ended, or not started.
    return null;
  }
}
