import type { SessionEvent } from '../../foundation/protocol/index.ts';
import type { FleetState } from './fleet-api.ts';

interface Sent {
  readonly id: string;
  readonly turnId: string;
  /** The number of a message for the turn; null: the turn was started for it. */
  readonly at: number | null;
}

/** What was submitted here, under ids of this client, and which turn of the fleet has it. */
export class OwnSubmissions {
  /** Of turns that have not ended yet. */
  #sent: readonly Sent[] = [];
  readonly #started = new Set<string>();

  /** Whether something was submitted whose turn is not known to have started or ended. */
  get isWaiting(): boolean {
    return this.#sent.some(({ at, turnId }) => at === null && !this.#started.has(turnId));
  }

  /** The fleet has it. @returns what is known of it at once */
  arrived(sent: Sent): readonly SessionEvent[] {
    this.#sent = [...this.#sent, sent];
    return this.#started.has(sent.turnId) ? [joined(sent)] : [];
  }

  /** A turn is shown from here on. @returns what was submitted for it */
  started(turnId: string): readonly SessionEvent[] {
    this.#started.add(turnId);
    return this.#sent.filter((sent) => sent.turnId === turnId).map(joined);
  }

  /**
   * Reports what has reached no conversation, when its turn has ended.
   * @param isRecordShown whether all that is recorded was shown: a turn that is not among it never started
   */
  *ended(turns: FleetState['ended'], isRecordShown: boolean): Generator<SessionEvent, void, undefined> {
    for (const { turnId, dropped, error } of turns) {
      const isStarted = this.#started.has(turnId);
      if (!isStarted && !isRecordShown) continue;
      const sent = this.#sent.filter((one) => one.turnId === turnId);
      if (sent.length === 0) continue;
      this.#sent = this.#sent.filter((one) => one.turnId !== turnId);
      const isLost = ({ at }: Sent) => (at === null ? !isStarted : dropped.includes(at));
      if (sent.some(({ at }) => at === null) && !isStarted) {
        const message = error ?? 'the turn was taken back before it started';
        yield { type: 'error', turnId: null, error: { kind: 'invalidInput', message }, willRetry: false };
      }
      const ids = sent.filter(isLost).map(({ id }) => id);
      if (ids.length > 0) yield { type: 'submissions.dropped', turnId, ids };
    }
  }
}

function joined({ id, turnId }: Sent): SessionEvent {
  return { type: 'submission.joined', turnId, id };
}
