import { closeSync } from 'node:fs';
import * as z from 'zod/mini';
import { RequestRecord, type SessionMeta, TokenUsage } from '../../foundation/protocol/index.ts';
import { readJson } from '../../foundation/util/index.ts';
import { openRollout, parseLine, threadIdOf } from '../rollout/index.ts';
import { byteLines } from './byte-lines.ts';
import { parentOf } from './scan-thread.ts';

/** One request to a model that was answered. */
export interface RecordedRequest {
  /** Unix milliseconds. */
  readonly at: number;
  /** Null: the record does not say. */
  readonly provider: string | null;
  readonly model: string | null;
  /** Null: the provider measured none. */
  readonly usage: TokenUsage | null;
  /** Null in records of older versions. */
  readonly request: RequestRecord | null;
}

export interface RequestingThread {
  readonly id: string;
  readonly parentId: string | null;
  readonly cwd: string;
  readonly startedAt: number;
}

/** Steps of requests are short: a summary is the longest value. A longer line contains no tokens. */
const MAX_LINE_BYTES = 1024 * 1024;
const HEAD_BYTES = 400;
const LINE_TYPE = /^\{"timestamp":"([^"]{1,40})",(?:"ordinal":\d{1,15},)?"type":"([a-z_]{1,30})"/;
/** The end of a request, as the recorder writes one. */
const REQUEST_END = /"kind":"(?:sampling|compact)","state":"end"/;

const RequestEnd = z.lazy(() =>
  z.object({
    payload: z.object({
      value: z.object({ usage: z.nullable(TokenUsage), request: z.optional(RequestRecord) }),
    }),
  }),
);
const TokenCount = z.lazy(() =>
  z.object({
    payload: z.object({
      info: z.object({ last_token_usage: TokenUsage, total_token_usage: TokenUsage }),
      /** From a subagent, whose own record has the request. */
      foreign: z.optional(z.unknown()),
    }),
  }),
);

/** The thread that a rollout records, from its first lines; null if they do not say. */
export function requestingThread(path: string): RequestingThread | null {
  const id = threadIdOf(path);
  const meta = metaOf(path);
  if (id === null || meta === null) return null;
  const startedAt = Date.parse(meta.timestamp);
  return { id, parentId: parentOf(meta), cwd: meta.cwd, startedAt: Number.isNaN(startedAt) ? 0 : startedAt };
}

function metaOf(path: string): SessionMeta | null {
  for (const line of linesOf(path)) {
    const parsed = parseLine(line.toString('utf8'));
    return parsed.type === 'ok' && parsed.item.type === 'session_meta' ? parsed.item.payload : null;
  }
  return null;
}

/**
 * The answered requests of a rollout, those of rolled back turns too, in order. Of most lines only the beginning is looked
 * at, and memory has one line. What a fork copied belongs to the thread that it came from and is left out. A file that can't
 * be read has none.
 */
export function* requestsIn(path: string): Generator<RecordedRequest> {
  const reader = new RequestReader();
  for (const line of linesOf(path)) {
    const request = reader.read(line);
    if (request !== null) yield request;
  }
}

function* linesOf(path: string): Generator<Buffer> {
  let fd: number;
  try {
    fd = openRollout(path);
  } catch {
    // It went away, or is no file: there is nothing to count.
    return;
  }
  try {
    yield* byteLines(fd, { maxBytes: MAX_LINE_BYTES });
  } finally {
    closeSync(fd);
  }
}

class RequestReader {
  #provider: string | null = null;
  #model: string | null = null;
  /** The newest turn context, not parsed: only older records need it. */
  #context: Buffer | null = null;
  /** When a fork was made; 0 for any other thread. */
  #forkedAt = 0;
  #hasSteps = false;
  #total = 0;

  read(line: Buffer): RecordedRequest | null {
    const head = line.toString('latin1', 0, HEAD_BYTES);
    const [, timestamp = '', type] = LINE_TYPE.exec(head) ?? [];
    switch (type) {
      case 'session_meta':
        this.#noteMeta(line);
        return null;
      case 'turn_context':
        this.#context = Buffer.from(line);
        return null;
      case 'step':
        return REQUEST_END.test(head) ? this.#step(line, timestamp) : null;
      case 'event_msg':
        return head.includes('"type":"token_count"') ? this.#count(line, timestamp) : null;
      default:
        return null;
    }
  }

  #noteMeta(line: Buffer): void {
    const parsed = parseLine(line.toString('utf8'));
    if (parsed.type !== 'ok' || parsed.item.type !== 'session_meta') return;
    const { model_provider: provider = null, forked_from_id: forkedFrom = null, timestamp } = parsed.item.payload;
    this.#provider ??= provider;
    if (forkedFrom !== null && this.#forkedAt === 0) this.#forkedAt = Date.parse(timestamp) || 0;
  }

  #step(line: Buffer, timestamp: string): RecordedRequest | null {
    this.#hasSteps = true;
    const end = RequestEnd.safeParse(jsonOf(line)).data?.payload.value;
    if (end === undefined) return null;
    const { usage, request = null } = end;
    if (request === null) return this.#forkedAt === 0 ? this.#unrecorded(usage, timestamp) : null;
    const { sentAt: at, provider, model } = request;
    return at < this.#forkedAt ? null : { at, provider, model, usage, request };
  }

  /** Threads of other programs have totals in place of steps, some more than once. */
  #count(line: Buffer, timestamp: string): RecordedRequest | null {
    if (this.#hasSteps) return null;
    const count = TokenCount.safeParse(jsonOf(line)).data?.payload;
    if (count === undefined || count.info.total_token_usage.total_tokens <= this.#total) return null;
    const { info, foreign } = count;
    this.#total = info.total_token_usage.total_tokens;
    // What a child used is in the total alone, and a request in the child's own record.
    const isOwn = foreign === undefined && info.last_token_usage.total_tokens > 0;
    return this.#forkedAt === 0 && isOwn ? this.#unrecorded(info.last_token_usage, timestamp) : null;
  }

  #unrecorded(usage: TokenUsage | null, timestamp: string): RecordedRequest {
    this.#readContext();
    return { at: Date.parse(timestamp) || 0, provider: this.#provider, model: this.#model, usage, request: null };
  }

  #readContext(): void {
    if (this.#context === null) return;
    const parsed = parseLine(this.#context.toString('utf8'));
    this.#context = null;
    if (parsed.type === 'ok' && parsed.item.type === 'turn_context') this.#model = parsed.item.payload.model;
  }
}

function jsonOf(line: Buffer): unknown {
  try {
    return readJson(line.toString('utf8'));
  } catch {
    // Truncated by a crash, or damaged: it counts nothing.
    return null;
  }
}
