import type { TurnContext } from '../context/index.ts';
import type { ResponseItem, RolloutItem, SessionEvent } from '../protocol/index.ts';
import type { RolloutRecorder } from '../rollout/index.ts';
import type { SessionState } from './session-state.ts';

/**
 * The one way by which a session writes a thread down outside its steps: to the disk first, then into the history, then
 * to whoever listens.
 */
export class ThreadRecord {
  readonly #recorder: RolloutRecorder;
  readonly #state: SessionState;
  readonly #emit: (event: SessionEvent) => void;
  #contextTurnId: string | null = null;

  constructor(recorder: RolloutRecorder, state: SessionState, emit: (event: SessionEvent) => void) {
    this.#recorder = recorder;
    this.#state = state;
    this.#emit = emit;
  }

  /** Items that belong to no step: context, notes. */
  addItems(items: readonly ResponseItem[], turnId: string | null): void {
    for (const item of items) this.#recorder.append({ type: 'response_item', payload: item });
    this.keepItems(items, turnId);
  }

  /** Items that a step has journaled already. */
  keepItems(items: readonly ResponseItem[], turnId: string | null): void {
    this.#state.record(items);
    for (const item of items) this.#emit({ type: 'rawItem.recorded', turnId, item });
  }

  addLine(line: RolloutItem): void {
    this.#recorder.append(line);
  }

  /** What a request of the turn goes by, and so what the model was told of its surroundings by then. */
  addTurnContext(context: TurnContext): void {
    this.#contextTurnId = context.turnId;
    this.addLine({
      type: 'turn_context',
      payload: {
        turn_id: context.turnId,
        cwd: context.cwd,
        approval_policy: context.approvalPolicy,
        sandbox_policy: context.sandboxPolicy,
        model: context.model.slug,
        effort: context.effort,
        summary: context.summary,
        can_ask: context.canAsk,
        date: context.date,
      },
    });
  }

  /** The turn whose context was written down last. */
  get contextTurnId(): string | null {
    return this.#contextTurnId;
  }

  /** Lines that belong together. */
  addLines(lines: readonly RolloutItem[]): void {
    this.#recorder.append(...lines);
  }

  /** Resolves when all that was added is on the disk. */
  sync(): Promise<void> {
    return this.#recorder.sync();
  }
}
