import { printable } from '../../foundation/util/index.ts';
import type { ThreadPage, ThreadSummary } from '../../storage/threads/index.ts';

/** A page of threads, one a line, with the cursor of the next page. */
export function threadLines({ threads, nextCursor }: ThreadPage): string {
  const lines = threads.map((thread) => `${thread.id}  ${whenChanged(thread)}  ${titleOf(thread)}\n`);
  if (nextCursor !== null) lines.push(`More: --cursor '${nextCursor}'\n`);
  return lines.join('');
}

/** One thread, a fact a line. */
export function threadFacts(thread: ThreadSummary): string {
  const rows = [
    ['id', thread.id],
    ['name', oneLine(thread.name ?? '-')],
    ['changed', whenChanged(thread)],
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

/** UTC, to the minute. */
function whenChanged({ updatedAt }: ThreadSummary): string {
  return new Date(updatedAt).toISOString().slice(0, 16).replace('T', ' ');
}

function titleOf({ name, preview }: ThreadSummary): string {
  return oneLine(name ?? preview).slice(0, 80);
}

/** Recorded text may contain control sequences and line breaks: it gets one plain line. */
function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, ' ');
}
