import {
  type ConversationHistory,
  fittedOutput,
  handoverOf,
  isShrinkable,
  outputsToPrune,
} from '../../../context/history/index.ts';
import type { ResponseItem, SessionEvent, TokenUsage } from '../../../foundation/protocol/index.ts';
import type { HistoryCopy, TurnHistory } from '../../turn/index.ts';
import type { SessionState } from '../state.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';
import type { TurnWindow } from './turn-window.ts';

export interface TurnHistoryParts {
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly handle: { readonly isRevoked: boolean; emit(event: SessionEvent): void };
  readonly turnId: string;
  readonly window: TurnWindow;
  readonly compacted: TurnHistory['compacted'];
  /** Called with the tokens of each response. */
  readonly used: (tokens: number) => void;
}

/** The conversation as one turn may touch it: not at all once the turn has ended. */
export function turnHistory({ state, record, handle, turnId, window, compacted, used }: TurnHistoryParts): TurnHistory {
  const tellUsage = () => {
    const { tokenInfo: info, rateLimits } = state;
    record.addLine({ type: 'event_msg', payload: { type: 'token_count', info, rate_limits: rateLimits } });
    handle.emit({ type: 'usage.updated', turnId, info, rateLimits });
  };
  const unlessRevoked = (work: () => void) => {
    if (!handle.isRevoked) work();
  };
  const contextTokens = () => state.contextTokens + (state.measuredTokens === 0 ? window.overhead : 0);
  return {
    record: (items: readonly ResponseItem[]) => unlessRevoked(() => record.keepItems(items, turnId)),
    forPrompt: () => state.forPrompt(),
    contextTokens,
    measuredTokens: () => state.measuredTokens,
    copy: () => historyCopy(state.copyHistory(), window),
    compacted,
    outputsToPrune: (tokens) => outputsToPrune(state.items, tokens),
    prune: (outputs) => unlessRevoked(() => state.elide(outputs)),
    replace: (items) => unlessRevoked(() => state.replaceHistory(items)),
    canShrink: (newest) => isShrinkable(state.items.slice(0, Math.max(0, state.items.length - newest)), window.budget),
    fitted: (output) => fittedOutput(output, window.budget.outputBytes),
    holds: (content) => state.holds(content),
    takeOut: (refused) => unlessRevoked(() => void state.takeOut(refused)),
    noteUsage: (usage: TokenUsage | null) =>
      unlessRevoked(() => {
        const told = usage !== null && usage.total_tokens > 0 ? usage : null;
        // The whole conversation was sent, and the answer is in it by now.
        used(told === null ? contextTokens() : told.total_tokens);
        state.noteUsage(told, window.tokens);
        tellUsage();
      }),
    reportUsage: () => unlessRevoked(tellUsage),
    noteRateLimits: (snapshot) =>
      unlessRevoked(() => {
        if (!snapshot.primary && !snapshot.secondary) return;
        state.noteRateLimits(snapshot);
        tellUsage();
      }),
    noteWindowFull: () =>
      unlessRevoked(() => {
        const { tokens } = window;
        if (tokens === null) return;
        state.noteWindowFull(tokens);
        tellUsage();
      }),
  };
}

/** Of the oldest items of a copy only a part goes at once: with their other halves half of it may be gone. */
const MAX_SHARE_DROPPED = 4;

function historyCopy(copy: ConversationHistory, window: TurnWindow): HistoryCopy {
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
