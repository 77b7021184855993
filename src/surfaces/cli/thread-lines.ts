import { printable } from '../../foundation/util/index.ts';
import type { ThreadPage, ThreadSummary } from '../../storage/threads/index.ts';

/** A page of threads, one a line, with the cursor of the next page; a sentence where there are none. */
export function threadLines({ threads, nextCursor }: ThreadPage, nowMs: number): string {
  if (threads.length === 0) return 'No threads.\n';
  const lines = threads.map((thread) => `${thread.id}  ${whenChanged(thread, nowMs)}  ${titleOf(thread)}\n`);
  if (nextCursor !== null) lines.push(`More: --cursor '${nextCursor}'\n`);
  return lines.join('');
}

/** One thread, a fact a line. */
export function threadFacts(thread: ThreadSummary, nowMs: number): string {
  const rows = [
    ['id', thread.id],
    ['name', oneLine(thread.name ?? '-')],
    ['changed', whenChanged(thread, nowMs).replace(/ {2,}/, ', ')],
    ['directory', oneLine(thread.cwd)],
    ['model', oneLine(thread.model ?? '-')],
    ['turns', String(thread.turnCount)],
    ...(thread.forkedFromId === null ? [] : [['fork of', oneLine(thread.forkedFromId)]]),
    ['archived', thread.archived ? 'yes' : 'no'],
    ['file', oneLine(thread.path)],
    ['starts with', titleOf({ ...thread, name: null })],
  ];
  return rows.map(([key, value]) => `${key}: ${value}\n`).join('');
}

/** Local time to the minute, and how long ago that is. */
function whenChanged({ updatedAt }: ThreadSummary, nowMs: number): string {
  const date = new Date(updatedAt);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}  ${ageOf(nowMs - updatedAt).padStart(8)}`;
}

const MINUTE = 60_000;
const UNITS = [
  ['d', 24 * 60 * MINUTE],
  ['h', 60 * MINUTE],
  ['min', MINUTE],
] as const;

/** `3 d ago`; what is younger than a minute, or in the future by another clock, is now. */
function ageOf(ms: number): string {
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? ['', 0];
  return size === 0 ? 'now' : `${Math.floor(ms / size)} ${unit} ago`;
}

function titleOf({ name, preview }: ThreadSummary): string {
  return oneLine(name ?? preview)
    .slice(0, 80)
    .toWellFormed();
}

/** Recorded text may contain control sequences and line breaks: it gets one plain line. */
function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, ' ');
}
