import type { TurnContext } from '../../../context/index.ts';
import type { ResponseItem, RolloutItem, SessionEvent } from '../../../foundation/protocol/index.ts';
import type { RolloutRecorder } from '../../../storage/rollout/index.ts';
import type { SessionState, ToldContext } from '../state.ts';

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
    if (items.length > 0) this.#recorder.append(...items.map(lineOf));
    this.keepItems(items, turnId);
  }

  /** That the user said something, for readers who look at events only; the message itself is an item. */
  addUserEvent(message: string): void {
    this.addLine({ type: 'event_msg', payload: { type: 'user_message', message, images: [] } });
  }

  /** What a thread begins with, and what that said: both or, if keel dies meanwhile, none, so that it is told once. */
  addOpening(items: readonly ResponseItem[], context: TurnContext, told: ToldContext): void {
    this.#recorder.append(...items.map(lineOf), contextLine(context, told));
    this.#contextTurnId = context.turnId;
    this.keepItems(items, context.turnId);
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
    this.addLine(contextLine(context, this.#state.toldContext));
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

function lineOf(item: ResponseItem): RolloutItem {
  return { type: 'response_item', payload: item };
}

function contextLine(context: TurnContext, told: ToldContext | null): RolloutItem {
  const { mcpTools = [] } = told ?? {};
  return {
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
      ...(mcpTools.length === 0 ? {} : { mcp_tools: [...mcpTools] }),
    },
  };
}
