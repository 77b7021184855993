import type { ErrorInfo } from '../../foundation/protocol/index.ts';
import { type CompactionOutcome, compact } from './compact.ts';
import type { TurnPorts } from './ports.ts';
import { pruneOutputs } from './prune-outputs.ts';
import type { SamplingFailure } from './sampling-end.ts';

type NoRoom = Exclude<CompactionOutcome, { type: 'compacted' | 'blocked' }>;

/** What was done to make room since a response last showed that the conversation fits. */
type Phase =
  | { readonly type: 'nothing' }
  | { readonly type: 'pruned' }
  /** `isStillFull`: what the compaction kept is over the limit by itself. */
  | { readonly type: 'compacted'; readonly isPruned: boolean; readonly isStillFull: boolean };

/**
 * Keeps a turn below the limit at which its history is compacted, and makes room when the provider says that there is none.
 * Old outputs are pruned first; if a response is over the limit even so, or pruning does not make enough room, the history is
 * compacted. A response that is over the limit again right after a compaction ends the turn: another one would gain nothing.
 */
export class ContextLimit {
  readonly #ports: TurnPorts;
  #phase: Phase = { type: 'nothing' };
  /** A hook keeps the conversation of this turn as it is. */
  #isBlocked = false;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** Call before each request. @returns what ends the turn; null if it continues */
  async makeRoom(round: number): Promise<NoRoom | null> {
    const { compaction, history } = this.#ports;
    if (compaction.limit === null || history.contextTokens() < compaction.limit) return null;
    if (await this.#prune(round)) return null;
    if (this.#phase.type === 'compacted') return { type: 'failed', error: stillFull(compaction.limit) };
    return history.canShrink(0) && !this.#isBlocked ? this.#compact(round, false) : null;
  }

  /**
   * Call when the provider refused a request as too long: the same one is never sent again. A smaller one is, once for each
   * way of making it smaller.
   * @param newest how many items the response had before the window was full: they were not in the request
   * @returns what ends the turn; null if it continues
   */
  async refused(round: number, { error, windowTokens }: SamplingFailure, newest: number): Promise<NoRoom | null> {
    const { compaction, history, context, emit } = this.#ports;
    if (windowTokens !== undefined) compaction.learnWindow(windowTokens);
    history.noteWindowFull();
    if (this.#phase.type === 'compacted' || !history.canShrink(newest)) return { type: 'failed', error };
    const message = `The conversation no longer fits: it is made smaller, and the turn continues. (${error.message})`;
    emit({ type: 'error', turnId: context.turnId, error: { ...error, message }, willRetry: true });
    if (await this.#prune(`full-${round}`)) return null;
    const failed = this.#isBlocked ? null : await this.#compact(`full-${round}`, true);
    // The same request would be refused again.
    return this.#isBlocked ? { type: 'failed', error } : failed;
  }

  /** Call after each response. One without usage does not show its size: the estimate after the compaction counts then. */
  responded({ hasUsage }: { readonly hasUsage: boolean }): void {
    const { compaction, history } = this.#ports;
    const wasStillFull = this.#phase.type === 'compacted' && this.#phase.isStillFull;
    const isFull = hasUsage ? history.measuredTokens() >= (compaction.limit ?? Infinity) : wasStillFull;
    if (!isFull) this.#phase = { type: 'nothing' };
  }

  async #prune(place: number | string): Promise<boolean> {
    const phase = this.#phase;
    if (phase.type === 'pruned' || (phase.type === 'compacted' && phase.isPruned)) return false;
    if (!(await pruneOutputs(this.#ports, place))) return false;
    this.#phase = phase.type === 'compacted' ? { ...phase, isPruned: true } : { type: 'pruned' };
    return true;
  }

  async #compact(place: number | string, wasRefused: boolean): Promise<NoRoom | null> {
    const { compaction, history } = this.#ports;
    const outcome = await compact(this.#ports, place, { wasRefused });
    if (outcome.type === 'blocked') {
      this.#isBlocked = true;
      const { emit, context } = this.#ports;
      const message = `A hook keeps the conversation from being compacted: ${outcome.reason}`;
      emit({ type: 'warning', turnId: context.turnId, message });
      return null;
    }
    if (outcome.type !== 'compacted') return outcome;
    const isStillFull = history.contextTokens() >= (compaction.limit ?? Infinity);
    this.#phase = { type: 'compacted', isPruned: this.#phase.type === 'pruned', isStillFull };
    return null;
  }
}

function stillFull(limit: number): ErrorInfo {
  return {
    kind: 'contextWindowExceeded',
    message: `The conversation is over its limit of ${limit} tokens again right after it was compacted. Start a new thread, or raise model_auto_compact_token_limit.`,
  };
}
