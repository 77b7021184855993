import type { ErrorInfo, RefusedContent } from '../../foundation/protocol/index.ts';
import { noValue, stepId } from '../steps/index.ts';
import { sleepMs } from './budget-end.ts';
import type { TurnModel, TurnPorts } from './ports.ts';
import { finalError, RetryBudget } from './retry-budget.ts';
import type { SamplingFailure } from './sampling-end.ts';

/** Waits from this length on are named in the message, milliseconds. */
const NAMED_WAIT_MS = 1_000;
/** How often a reset that the provider names is waited for before it is no longer believed. */
const MAX_QUOTA_WAITS = 10;
const PICTURE_NOTE = '[A picture was here. The provider refused it, so it was taken out of the conversation.]';

/**
 * Prepares a failed request to be made again: changes how it is written, removes content that the server refused, or waits.
 * Each is bounded. A full window is handled by `ContextLimit`.
 */
export class Recovery {
  readonly #ports: TurnPorts;
  readonly #model: Pick<TurnModel, 'adapt' | 'fallBack'>;
  readonly #budget: RetryBudget;
  #quotaWaits = 0;
  readonly #adapted = new Set<string>();
  readonly #removed = new Set<RefusedContent['content']>();
  /** Removes the content from a copy of the conversation as well. */
  readonly #removeFromCopy: (refused: RefusedContent) => void;

  constructor(
    ports: TurnPorts,
    model: Pick<TurnModel, 'adapt' | 'fallBack'>,
    removeFromCopy: (refused: RefusedContent) => void = () => undefined,
  ) {
    this.#ports = ports;
    this.#model = model;
    this.#budget = new RetryBudget(ports.model.retries);
    this.#removeFromCopy = removeFromCopy;
  }

  /** A response completed. */
  reset(): void {
    this.#quotaWaits = 0;
    this.#budget.reset();
  }

  /** @param place unique in the turn. @returns the error that is final; null: try again */
  async from(failure: SamplingFailure, place: number | string): Promise<ErrorInfo | null> {
    if (failure.rateLimits) this.#ports.history.noteRateLimits(failure.rateLimits);
    if (this.#adapt(failure) || (await this.#removeRefused(failure, place))) return null;
    if (failure.resumesAt !== undefined && this.#quotaWaits < MAX_QUOTA_WAITS) {
      this.#quotaWaits += 1;
      await this.#waitUntil(failure.resumesAt, failure.error);
      return null;
    }
    const retry = this.#budget.next(failure);
    if (retry === null) return this.#fallsBack(failure) ? null : finalError(failure);
    const wait = retry.delayMs < NAMED_WAIT_MS ? '' : ` in ${Math.round(retry.delayMs / 1_000)} s`;
    const { error } = failure;
    const message = `Reconnecting... ${retry.attempt}/${retry.allowed}${wait} (${error.message})`;
    const { emit, context, steps } = this.#ports;
    emit({ type: 'error', turnId: context.turnId, error: { ...error, message }, willRetry: true });
    await steps.sleep(sleepMs(this.#ports, retry.delayMs));
    return null;
  }

  /** Another model may have room. Its attempts are counted from the first. */
  #fallsBack({ error }: SamplingFailure): boolean {
    const other = error.kind === 'serverOverloaded' ? this.#model.fallBack() : null;
    if (other === null) return false;
    this.#budget.reset();
    this.#warn(`The model is overloaded: ${other} answers for the rest of this turn. (${error.message})`);
    return true;
  }

  async #waitUntil(at: number, error: ErrorInfo): Promise<void> {
    const { emit, context, steps } = this.#ports;
    const message = `Waiting until the limit resets, then continuing. (${error.message})`;
    emit({ type: 'error', turnId: context.turnId, error: { ...error, message }, willRetry: true });
    await steps.sleepUntil(at);
  }

  #adapt({ quirk, error }: SamplingFailure): boolean {
    if (quirk === undefined || this.#adapted.has(quirk)) return false;
    this.#adapted.add(quirk);
    const setting = this.#model.adapt(quirk);
    this.#warn(
      `The server refused the form of the request (${error.message}). Requests are written in another form for the rest of the session. To make that permanent, set: ${setting}`,
    );
    return true;
  }

  /** Removes the newest item with such content; if the server refuses the request again, all of them. */
  async #removeRefused({ refused: content, error }: SamplingFailure, place: number | string): Promise<boolean> {
    const { history, steps } = this.#ports;
    if (content === undefined || !history.holds(content)) return false;
    const which = content === 'thoughts' || this.#removed.has(content) ? 'all' : 'newest';
    this.#removed.add(content);
    const refused: RefusedContent = { content, which, note: PICTURE_NOTE };
    await steps.step({ id: stepId('refusedContent', place), kind: 'io', codec: noValue, repeat: 'safe' }, async () => {
      history.recordRefused(refused);
      return null;
    });
    history.takeOut(refused);
    this.#removeFromCopy(refused);
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
