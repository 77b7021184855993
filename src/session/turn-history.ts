import { outputsToElide } from '../history/index.ts';
import type { ResponseItem, SessionEvent, TokenUsage } from '../protocol/index.ts';
import type { TurnHistory } from '../turn/index.ts';
import type { SessionState } from './session-state.ts';
import type { ThreadRecord } from './thread-record.ts';

export interface TurnHistoryParts {
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly handle: { readonly isRevoked: boolean; emit(event: SessionEvent): void };
  readonly turnId: string;
  /** The model's usable window in tokens; null when unknown. */
  readonly window: number | null;
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
  return {
    record: (items: readonly ResponseItem[]) => unlessRevoked(() => record.keepItems(items, turnId)),
    forPrompt: () => state.forPrompt(),
    contextTokens: () => state.contextTokens,
    measuredTokens: () => state.measuredTokens,
    copy() {
      const copy = state.copyHistory();
      return {
        forPrompt: () => copy.forPrompt(),
        dropOldest(count) {
          const { length } = copy.items;
          if (length <= 1) return 0;
          // A part of what is left: with their other halves half of it may be gone.
          const dropped = Math.max(1, Math.min(count, Math.floor(length / 4)));
          copy.removeFirst(dropped);
          return copy.items.length > 0 ? dropped : 0;
        },
      };
    },
    compacted,
    outputsToElide: (tokens) => outputsToElide(state.items, tokens),
    elide: (outputs) => unlessRevoked(() => state.elide(outputs)),
    replace: (items) => unlessRevoked(() => state.replaceHistory(items)),
    noteUsage: (usage: TokenUsage | null) =>
      unlessRevoked(() => {
        state.noteUsage(usage, window);
        if (usage !== null) used(usage.total_tokens);
        tellUsage();
      }),
    noteRateLimits: (snapshot) =>
      unlessRevoked(() => {
        if (!snapshot.primary && !snapshot.secondary) return;
        state.noteRateLimits(snapshot);
        tellUsage();
      }),
    noteWindowFull: () =>
      unlessRevoked(() => {
        if (window === null) return;
        state.noteWindowFull(window);
        tellUsage();
      }),
  };
}
