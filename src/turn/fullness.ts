import type { ErrorInfo } from '../protocol/index.ts';
import { type CompactionOutcome, compact } from './compact.ts';
import { elideOutputs } from './elide-outputs.ts';
import type { TurnPorts } from './ports.ts';

/**
 * Keeps a turn below the limit at which its history is compacted. Old outputs are left out first; if a response is over the
 * limit all the same, or they don't make room enough, the history is compacted. A response that is over the limit again right after a
 * compaction ends the turn: another one would gain nothing.
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

  /** Call before each request. @returns what ends the turn; null if it goes on */
  async makeRoom(round: number): Promise<Exclude<CompactionOutcome, { type: 'compacted' }> | null> {
    const { compaction, history } = this.#ports;
    if (compaction.limit === null || history.contextTokens() < compaction.limit) return null;
    if (!this.#hasJustElided && (await elideOutputs(this.#ports, round))) {
      this.#hasJustElided = true;
      return null;
    }
    if (this.#hasJustCompacted) return { type: 'failed', error: stillFull(compaction.limit) };
    const outcome = await compact(this.#ports, round);
    if (outcome.type !== 'compacted') return outcome;
    this.#hasJustCompacted = true;
    this.#isStillFull = history.contextTokens() >= compaction.limit;
    return null;
  }

  /** Call after each response. One that told no usage says nothing of the size: what it was estimated at counts then. */
  responded({ toldUsage }: { readonly toldUsage: boolean }): void {
    const { compaction, history } = this.#ports;
    const isFull = toldUsage ? history.measuredTokens() >= (compaction.limit ?? Infinity) : this.#isStillFull;
    if (isFull) return;
    this.#hasJustElided = false;
    this.#hasJustCompacted = false;
  }
}

function stillFull(limit: number): ErrorInfo {
  return {
    kind: 'contextWindowExceeded',
    message: `The conversation is over its limit of ${limit} tokens again right after it was compacted. Start a new thread, or raise model_auto_compact_token_limit.`,
  };
}
