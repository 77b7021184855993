import type { ErrorInfo } from '../../foundation/protocol/index.ts';
import { type CompactionOutcome, compact } from './compact.ts';
import { elideOutputs } from './elide-outputs.ts';
import type { TurnPorts } from './ports.ts';
import type { SamplingFailure } from './sampling-value.ts';

type NoRoom = Exclude<CompactionOutcome, { type: 'compacted' }>;

/**
 * Keeps a turn below the limit at which its history is compacted, and makes room when the provider says that there is none.
 * Old outputs are left out first; if a response is over the limit all the same, or they don't make room enough, the history is
 * compacted. A response that is over the limit again right after a compaction ends the turn: another one would gain nothing.
 */
export class Fullness {
  readonly #ports: TurnPorts;
  #hasJustElided = false;
  #hasJustCompacted = false;
  /** What the last compaction left is over the limit by itself. */
  #isStillFull = false;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** Call before each request. @returns what ends the turn; null if it continues */
  async makeRoom(round: number): Promise<NoRoom | null> {
    const { compaction, history } = this.#ports;
    if (compaction.limit === null || history.contextTokens() < compaction.limit) return null;
    if (await this.#elided(round)) return null;
    if (this.#hasJustCompacted) return { type: 'failed', error: stillFull(compaction.limit) };
    return history.canShrink(0) ? this.#compacted(round, false) : null;
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
    if (this.#hasJustCompacted || !history.canShrink(newest)) return { type: 'failed', error };
    const message = `The conversation no longer fits: it is made smaller, and the turn continues. (${error.message})`;
    emit({ type: 'error', turnId: context.turnId, error: { ...error, message }, willRetry: true });
    if (await this.#elided(`full-${round}`)) return null;
    return this.#compacted(`full-${round}`, true);
  }

  /** Call after each response. One that told no usage says nothing of the size: what it was estimated at counts then. */
  responded({ toldUsage }: { readonly toldUsage: boolean }): void {
    const { compaction, history } = this.#ports;
    const isFull = toldUsage ? history.measuredTokens() >= (compaction.limit ?? Infinity) : this.#isStillFull;
    if (isFull) return;
    this.#hasJustElided = false;
    this.#hasJustCompacted = false;
  }

  async #elided(place: number | string): Promise<boolean> {
    if (this.#hasJustElided || !(await elideOutputs(this.#ports, place))) return false;
    this.#hasJustElided = true;
    return true;
  }

  async #compacted(place: number | string, wasRefused: boolean): Promise<NoRoom | null> {
    const { compaction, history } = this.#ports;
    const outcome = await compact(this.#ports, place, { wasRefused });
    if (outcome.type !== 'compacted') return outcome;
    this.#hasJustCompacted = true;
    this.#isStillFull = history.contextTokens() >= (compaction.limit ?? Infinity);
    return null;
  }
}

function stillFull(limit: number): ErrorInfo {
  return {
    kind: 'contextWindowExceeded',
    message: `The conversation is over its limit of ${limit} tokens again right after it was compacted. Start a new thread, or raise model_auto_compact_token_limit.`,
  };
}
