import { printable } from '../../foundation/util/index.ts';
import type { ThreadPage, ThreadSummary } from '../../storage/threads/index.ts';

/** A page of threads for people: one a line, and how to get the next page. */
export function threadLines({ threads, nextCursor }: ThreadPage): string {
  const lines = threads.map((thread) => `${thread.id}  ${whenChanged(thread)}  ${titleOf(thread)}\n`);
  if (nextCursor !== null) lines.push(`More: --cursor '${nextCursor}'\n`);
  return lines.join('');
}

/** One thread for people, a fact a line. */
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
    ['begins', titleOf({ ...thread, name: null })],
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

/** Files of others may hold anything: nothing of it steers the terminal or begins a line of its own. */
function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, ' ');
}
