import type { ConversationHistory } from '../../../context/history/index.ts';
import { handoverOf } from '../../../context/history/index.ts';
import type { HistoryCopy } from '../../turn/index.ts';
import type { TurnWindow } from './turn-window.ts';

/** At most one of four items is dropped at once: with their other halves that can be half of the copy. */
const MAX_SHARE_DROPPED = 4;

/** A copy of the conversation, which a compaction can shorten. */
export function historyCopy(copy: ConversationHistory, window: TurnWindow): HistoryCopy {
  // What an earlier handover knows is known nowhere else.
  const drop = (count: number) => copy.removeFirst(count, (item) => handoverOf(item) !== null);
  return {
    asking(question) {
      const asked = copy.clone();
      asked.record([question]);
      return asked.forPrompt();
    },
    dropOldest(count) {
      const { length } = copy.items;
      if (length <= 1) return 0;
      const dropped = Math.max(1, Math.min(count, Math.floor(length / MAX_SHARE_DROPPED)));
      drop(dropped);
      return copy.items.length > 0 ? dropped : 0;
    },
    dropUntil(share) {
      const { length } = copy.items;
      const room = window.limit === null ? Number.POSITIVE_INFINITY : window.limit - window.overhead;
      const most = Math.min(copy.estimatedTokens * share, room);
      while (copy.items.length > 1 && copy.estimatedTokens > most) drop(1);
      return length - copy.items.length;
    },
    takeOut: (refused) => void copy.takeOut(refused),
  };
}
