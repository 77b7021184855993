import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import * as z from 'zod/mini';
import type { RolloutItem, SessionMeta } from '../../foundation/protocol/index.ts';
import { readJson } from '../../foundation/util/index.ts';
import { openRollout, parseLine, parseRolloutName, rolledBackTurns, TurnMarks } from '../rollout/index.ts';
import { byteLines } from './byte-lines.ts';
import { saidIn } from './said.ts';

/** A longer line contains nothing that a list needs. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
const MAX_PREVIEW_CHARS = 1_000;
/** What a search looks through, of one thread. */
const MAX_SAID_CHARS = 256 * 1024;
/** A front end of the reference puts what the user typed behind this. */
const REQUEST_MARK = '## My request for Codex:';
/** The beginning of a line as keel and the reference write it: when, and of what type. */
const LINE_HEAD = /^\{"timestamp":"([\dTZ:.+-]{10,40})",(?:"ordinal":\d{1,15},)?"type":"([a-z_]{1,30})"/;
const PAYLOAD_TYPE = /"payload":\{"type":"([a-z_]{1,40})"/;
const READ_EVENTS = new Set([
  'item_completed',
  'user_message',
  'task_started',
  'task_complete',
  'turn_aborted',
  'thread_rolled_back',
]);

/** Source of a thread that another thread started. */
export const SUBAGENT = 'subagent';

/** What a list shows of a thread, as its file says. Times are Unix milliseconds. */
export const ThreadFacts = z.object({
  /** The one in the file's name, by which the thread is found. */
  id: z.string(),
  createdAt: z.number(),
  /** When the newest item was written. */
  updatedAt: z.number(),
  cwd: z.string(),
  gitBranch: z.nullable(z.string()),
  /** The surface that started it; `subagent` for one that another thread started. */
  source: z.string(),
  modelProvider: z.nullable(z.string()),
  model: z.nullable(z.string()),
  /** What the user said first, at most 1000 characters. */
  preview: z.string(),
  turnCount: z.number(),
  forkedFromId: z.nullable(z.string()),
  parentId: z.nullable(z.string()),
});
export type ThreadFacts = z.infer<typeof ThreadFacts>;

export interface ScannedThread {
  readonly facts: ThreadFacts;
  /** The user's messages, in lower case, for searches. */
  readonly said: string;
}

/**
 * Reads of a rollout what a list needs. Of most lines only the beginning is looked at.
 * @returns null for a file that can't be read, doesn't say what it is, or in which no user has said anything
 */
export function scanThread(path: string): ScannedThread | null {
  const name = parseRolloutName(basename(path));
  if (name === null) return null;
  const scan = new Scan();
  try {
    const fd = openRollout(path);
    try {
      for (const line of byteLines(fd, { maxBytes: MAX_LINE_BYTES })) scan.read(line);
    } finally {
      closeSync(fd);
    }
  } catch {
    // A file that can't be read is no thread that could be listed.
    return null;
  }
  return scan.finish(name);
}

class Scan {
  readonly #marks = new TurnMarks();
  #meta: SessionMeta | null = null;
  #updatedAt: number | null = null;
  /** The newest turn context, not parsed yet: there is one for every request. */
  #context: Buffer | null = null;
  #said: { readonly turn: number; readonly text: string }[] = [];
  #saidChars = 0;

  read(bytes: Buffer): void {
    const head = bytes.subarray(0, 200).toString('latin1');
    const [, timestamp = '', type] = LINE_HEAD.exec(head) ?? [];
    if (type === undefined) return this.#otherForm(bytes);
    switch (type) {
      case 'response_item':
        this.#updatedAt = timeOf(timestamp) ?? this.#updatedAt;
        return;
      case 'turn_context':
        this.#context = Buffer.from(bytes);
        return;
      case 'session_meta':
        if (this.#meta === null) this.#parse(bytes);
        return;
      case 'event_msg': {
        const [, event] = PAYLOAD_TYPE.exec(head) ?? [];
        if (event === undefined || READ_EVENTS.has(event)) this.#parse(bytes);
        return;
      }
    }
  }

  finish(name: { readonly startedAt: string; readonly threadId: string }): ScannedThread | null {
    const meta = this.#meta;
    const [first] = this.#said;
    if (meta === null || first === undefined) return null;
    const createdAt = timeOf(meta.timestamp) ?? timeOf(name.startedAt.replace(/T(..)-(..)-(..)$/, 'T$1:$2:$3')) ?? 0;
    const branch = meta.git?.['branch'];
    return {
      facts: {
        id: name.threadId,
        createdAt,
        updatedAt: this.#updatedAt ?? createdAt,
        cwd: meta.cwd,
        gitBranch: typeof branch === 'string' ? branch : null,
        source: sourceOf(meta),
        modelProvider: meta.model_provider ?? null,
        model: this.#model(),
        preview: previewOf(first.text),
        turnCount: this.#marks.turns.length,
        forkedFromId: meta.forked_from_id ?? null,
        parentId: parentOf(meta),
      },
      said: this.#said.map(({ text }) => text.toLowerCase()).join('\n'),
    };
  }

  /** A line in a form of its own, or none at all. */
  #otherForm(bytes: Buffer): void {
    const item = this.#parse(bytes);
    if (item?.type === 'turn_context') this.#context = Buffer.from(bytes);
    if (item?.type !== 'response_item') return;
    const raw: unknown = readJson(bytes.toString('utf8'));
    const timestamp = typeof raw === 'object' && raw !== null && 'timestamp' in raw ? raw.timestamp : null;
    if (typeof timestamp === 'string') this.#updatedAt = timeOf(timestamp) ?? this.#updatedAt;
  }

  #parse(bytes: Buffer): RolloutItem | null {
    const line = parseLine(bytes.toString('utf8'));
    if (line.type !== 'ok') return null;
    const { item } = line;
    if (item.type === 'session_meta') this.#meta ??= item.payload;
    if (item.type === 'event_msg') this.#event(item);
    return item;
  }

  #event(line: Extract<RolloutItem, { type: 'event_msg' }>): void {
    const turns = rolledBackTurns(line);
    if (turns !== null) {
      this.#marks.dropTurns(turns);
      this.#said = this.#said.filter(({ turn }) => turn < this.#marks.turns.length);
      return;
    }
    this.#marks.read(line, 0);
    const said = saidIn(line);
    if (said === null) return;
    const text = said.slice(0, Math.max(0, MAX_SAID_CHARS - this.#saidChars));
    this.#saidChars += text.length;
    this.#said.push({ turn: this.#marks.turns.length - 1, text });
  }

  #model(): string | null {
    if (this.#context === null) return null;
    const line = parseLine(this.#context.toString('utf8'));
    return line.type === 'ok' && line.item.type === 'turn_context' ? line.item.payload.model : null;
  }
}

/** A list made of texts that any program may have written has to hold what is no time at all. */
function timeOf(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}

function previewOf(text: string): string {
  const mark = text.indexOf(REQUEST_MARK);
  const said = mark === -1 ? text : text.slice(mark + REQUEST_MARK.length);
  return said.trim().slice(0, MAX_PREVIEW_CHARS).toWellFormed();
}

function sourceOf({ source }: SessionMeta): string {
  if (typeof source === 'string') return source;
  if (source === undefined) return 'vscode';
  return source === null ? 'unknown' : SUBAGENT;
}

/** The thread that started this one for itself; null: the user did. */
export function parentOf(meta: SessionMeta): string | null {
  const { source } = meta;
  const spawned = typeof source === 'object' && source !== null ? source.subagent : null;
  const details = typeof spawned === 'object' && spawned !== null ? [spawned, ...Object.values(spawned)] : [];
  for (const place of [meta, ...details]) {
    if (typeof place !== 'object' || place === null || !('parent_thread_id' in place)) continue;
    if (typeof place.parent_thread_id === 'string') return place.parent_thread_id;
  }
  return null;
}
