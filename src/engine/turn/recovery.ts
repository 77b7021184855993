import type { ErrorInfo, RefusedContent } from '../../foundation/protocol/index.ts';
import type { Codec } from '../steps/index.ts';
import { sleepMs } from './budget-end.ts';
import type { TurnModel, TurnPorts } from './ports.ts';
import { finalError, RetryBudget } from './retry-budget.ts';
import type { SamplingFailure } from './sampling-value.ts';

/** A longer wait is worth a word, milliseconds. */
const TOLD_WAIT_MS = 1_000;
const PICTURE_NOTE = '[A picture was here. The provider refused it, so it was taken out of the conversation.]';

const noValue: Codec<null> = { version: 1, encode: () => null, decode: () => null };

/**
 * Does what helps against a failed request, so that it can be made again: has it written as the server wants it, takes out what
 * the server refused, or waits. Each is bounded. A full window is not its concern.
 */
export class Recovery {
  readonly #ports: TurnPorts;
  readonly #model: Pick<TurnModel, 'adapt'>;
  readonly #budget: RetryBudget;
  readonly #adapted = new Set<string>();
  readonly #takenOut = new Set<RefusedContent['content']>();
  /** What was taken out of the conversation has to go from here as well. */
  readonly #alsoTakeOut: (refused: RefusedContent) => void;

  constructor(
    ports: TurnPorts,
    model: Pick<TurnModel, 'adapt'>,
    alsoTakeOut: (refused: RefusedContent) => void = () => undefined,
  ) {
    this.#ports = ports;
    this.#model = model;
    this.#budget = new RetryBudget(ports.model.retries);
    this.#alsoTakeOut = alsoTakeOut;
  }

  /** A response completed. */
  reset(): void {
    this.#budget.reset();
  }

  /** @returns the error that is final; null: try again. `place` is unique in the turn. */
  async from(failure: SamplingFailure, place: number | string): Promise<ErrorInfo | null> {
    if (failure.rateLimits) this.#ports.history.noteRateLimits(failure.rateLimits);
    if (this.#adapts(failure) || (await this.#takesOut(failure, place))) return null;
    const retry = this.#budget.next(failure);
    if (retry === null) return finalError(failure);
    const wait = retry.delayMs < TOLD_WAIT_MS ? '' : ` in ${Math.round(retry.delayMs / 1_000)} s`;
    const { error } = failure;
    const message = `Reconnecting... ${retry.attempt}/${retry.allowed}${wait} (${error.message})`;
    const { emit, context, steps } = this.#ports;
    emit({ type: 'error', turnId: context.turnId, error: { ...error, message }, willRetry: true });
    await steps.sleep(sleepMs(this.#ports, retry.delayMs));
    return null;
  }

  #adapts({ quirk, error }: SamplingFailure): boolean {
    if (quirk === undefined || this.#adapted.has(quirk)) return false;
    this.#adapted.add(quirk);
    const setting = this.#model.adapt(quirk);
    this.#warn(
      `The server refused the form of the request (${error.message}). It is written otherwise for the rest of the session; this setting says so for good: ${setting}`,
    );
    return true;
  }

  /** The newest item with such content goes first; if that was not the one, all do. */
  async #takesOut({ refused: content, error }: SamplingFailure, place: number | string): Promise<boolean> {
    const { history, steps } = this.#ports;
    if (content === undefined || !history.holds(content)) return false;
    const which = content === 'thoughts' || this.#takenOut.has(content) ? 'all' : 'newest';
    this.#takenOut.add(content);
    const refused: RefusedContent = { content, which, note: PICTURE_NOTE };
    await steps.step({ id: `refused-${place}`, kind: 'io', codec: noValue, repeat: 'safe' }, async () => {
      history.recordRefused(refused);
      return null;
    });
    history.takeOut(refused);
    this.#alsoTakeOut(refused);
    const what =
      content === 'thoughts' ? 'thoughts of earlier answers' : `${which === 'all' ? 'every' : 'the newest'} picture`;
    this.#warn(
      `The provider refused ${what}: taken out of the conversation, and the turn continues. (${error.message})`,
    );
    return true;
  }

  #warn(message: string): void {
    const { emit, context } = this.#ports;
    emit({ type: 'warning', turnId: context.turnId, message });
  }
}
