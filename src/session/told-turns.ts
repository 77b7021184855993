import * as z from 'zod/mini';
import { SessionEvent, type ThreadItem, type Turn } from '../protocol/index.ts';
import type { LoggedTurn, ThreadLog } from '../rollout/index.ts';
import { narrateItems } from '../turn/index.ts';

const toldEvents = z.array(SessionEvent);

/** The turns of a resumed thread as people saw them. `openTurnEnded`: the one that was cut off is over now. */
export function toldTurns(log: ThreadLog, { openTurnEnded }: { readonly openTurnEnded: boolean }): Turn[] {
  return log.turns.map((turn) => ({
    id: turn.id,
    status: turn.status === 'inProgress' && openTurnEnded ? 'interrupted' : turn.status,
    error: turn.error,
    items: itemsOf(turn),
  }));
}

function itemsOf({ id, entries }: LoggedTurn): ThreadItem[] {
  const items: ThreadItem[] = [];
  for (const [at, entry] of entries.entries()) {
    if (entry.type === 'item') items.push(...narrateItems(entry.item, `${id}-${at}`));
    else items.push(...completedItems(entry.value));
  }
  return items;
}

/** What a call told while it ran; nothing if a later version wrote it in another way. */
function completedItems(value: unknown): ThreadItem[] {
  const told = toldEvents.safeParse(value).data ?? [];
  return told.flatMap((event) => (event.type === 'item.completed' ? [event.item] : []));
}
