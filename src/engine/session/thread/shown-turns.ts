import { ThreadItem, type Turn, type TurnContextRecord } from '../../../foundation/protocol/index.ts';
import { type LoggedTurn, readRollout, type ThreadLog, threadLog } from '../../../storage/rollout/index.ts';
import { eventsOfCall, threadItemsOf } from '../../turn/index.ts';
import { ItemIds } from '../turn/item-ids.ts';

/** The turns of a thread that isn't open, from its rollout. @throws KeelError `rolloutCorrupt`, `storageFailed` */
export function recordedTurns(path: string): Turn[] {
  return shownTurns(threadLog(readRollout(path)), { openTurnEnded: true });
}

export interface RecordedThread {
  /** A turn without an end is in progress. */
  readonly turns: readonly Turn[];
  /** The settings of the newest one; null: nothing was asked of a model yet. */
  readonly context: TurnContextRecord | null;
}

/** A thread that another process may have open, from its rollout. @throws KeelError `rolloutCorrupt`, `storageFailed` */
export function recordedThread(path: string): RecordedThread {
  const log = threadLog(readRollout(path));
  return { turns: shownTurns(log, { openTurnEnded: false }), context: log.lastTurnContext };
}

/** The turns of a resumed thread as people saw them. `openTurnEnded`: the one that was cut off has ended now. */
export function shownTurns(log: ThreadLog, { openTurnEnded }: { readonly openTurnEnded: boolean }): Turn[] {
  const ids = new ItemIds();
  return log.turns.map((turn) => ({
    id: turn.id,
    status: turn.status === 'inProgress' && openTurnEnded ? 'interrupted' : turn.status,
    error: turn.error,
    items: itemsOf(turn).map((item) => named(item, ids.take(item.id))),
  }));
}

function named(item: ThreadItem, id: string): ThreadItem {
  return id === item.id ? item : { ...item, id };
}

function itemsOf({ id, entries }: LoggedTurn): ThreadItem[] {
  const items: ThreadItem[] = [];
  const shown = new Set<string>();
  for (const [at, entry] of entries.entries()) {
    if (entry.type === 'item') items.push(...threadItemsOf(entry.item, `${id}-${at}`));
    else if (entry.type === 'emitted') items.push(...completedItems(entry.value));
    else {
      const { data: item } = ThreadItem.safeParse(entry.item);
      // A turn that was continued after a crash has shown its items again.
      if (item && !shown.has(item.id)) items.push(item);
      if (item) shown.add(item.id);
    }
  }
  return items;
}

/** The items of the events that a call emitted; none if a later version wrote them in another form. */
function completedItems(value: unknown): ThreadItem[] {
  return eventsOfCall(value).flatMap((event) => (event.type === 'item.completed' ? [event.item] : []));
}
