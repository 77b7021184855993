import { stripVTControlCharacters } from 'node:util';
import type { ThreadPage, ThreadSummary } from '../rollout/index.ts';

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
    ['name', printable(thread.name ?? '-')],
    ['changed', whenChanged(thread)],
    ['directory', printable(thread.cwd)],
    ['model', printable(thread.model ?? '-')],
    ['turns', String(thread.turnCount)],
    ...(thread.forkedFromId === null ? [] : [['fork of', printable(thread.forkedFromId)]]),
    ['archived', thread.archived ? 'yes' : 'no'],
    ['file', printable(thread.path)],
    ['begins', titleOf({ ...thread, name: null })],
  ];
  return rows.map(([key, value]) => `${key}: ${value}\n`).join('');
}

/** UTC, to the minute. */
function whenChanged({ updatedAt }: ThreadSummary): string {
  return new Date(updatedAt).toISOString().slice(0, 16).replace('T', ' ');
}

function titleOf({ name, preview }: ThreadSummary): string {
  return printable((name ?? preview).replaceAll(/\s+/g, ' ').slice(0, 80));
}

/** Files of others may hold anything: nothing of it steers the terminal. */
function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '');
}
