import type { Turn } from '../../../foundation/protocol/index.ts';
import { closedGroups, EMPTY_TRANSCRIPT, type Entry, INTERRUPTED, withEntry, withItem } from './entry.ts';

/** The entries of recorded turns. */
export function entriesOfTurns(turns: readonly Turn[]): Entry[] {
  const entries: Entry[] = [];
  for (const { items, status, error } of turns) {
    let transcript = EMPTY_TRANSCRIPT;
    for (const item of items) {
      const { open, past } = withItem(transcript, item, { isDone: true, at: null });
      entries.push(...past);
      transcript = { ...EMPTY_TRANSCRIPT, open };
    }
    if (error !== null) transcript = withEntry(transcript, { type: 'notice', level: 'error', text: error.message });
    else if (status === 'interrupted') transcript = withEntry(transcript, INTERRUPTED);
    const { past, open } = closedGroups(transcript);
    entries.push(...past, ...open);
  }
  return entries;
}

/** Recorded entries before the first one that is kept. */
export function entriesBefore(past: readonly Entry[], turns: readonly Turn[]): Entry[] {
  const kept = new Set(past.flatMap(idsOf));
  const recorded = entriesOfTurns(turns);
  const first = recorded.findIndex((entry) => idsOf(entry).some((id) => kept.has(id)));
  return first === -1 ? recorded : recorded.slice(0, first);
}

function idsOf(entry: Entry): string[] {
  if (entry.type === 'item') return [entry.item.id];
  return entry.type === 'explored' ? entry.commands.map(({ id }) => id) : [];
}
