import type { TurnContext } from '../../../context/index.ts';
import type { ErrorInfo, ResponseItem, RolloutItem, SessionEvent } from '../../../foundation/protocol/index.ts';
import type { RolloutRecorder } from '../../../storage/rollout/index.ts';
import type { SentContext, SessionState } from '../state.ts';

export interface ThreadRecordOptions {
  readonly recorder: RolloutRecorder;
  readonly state: SessionState;
  readonly emit: (event: SessionEvent) => void;
  /** Called with each item of the conversation. */
  readonly onItem?: ((item: ResponseItem) => void) | undefined;
}

/** The line that ends a turn, but for its id. */
export type TurnEnd =
  | { readonly type: 'turn_aborted'; readonly reason: string }
  | {
      readonly type: 'task_complete';
      readonly last_agent_message: string | null;
      readonly error: ErrorInfo | null;
    };

/** The one way by which a session records its thread: in the rollout first, then in the history, then as an event. */
export class ThreadRecord {
  readonly #options: ThreadRecordOptions;
  #contextTurnId: string | null = null;
  /** What is written together with the next line. */
  #waiting: readonly RolloutItem[] = [];

  constructor(options: ThreadRecordOptions) {
    this.#options = options;
  }

  /** Items that belong to no step: context, notes. */
  addItems(items: readonly ResponseItem[], turnId: string | null): void {
    if (items.length > 0) this.addLines(...items.map(lineOf));
    this.keepItems(items, turnId);
  }

  /** What the user said, for readers who look at events only; the message itself is an item. */
  addUserEvent(message: string): void {
    this.addLines({ type: 'event_msg', payload: { type: 'user_message', message, images: [] } });
  }

  /** The items that a thread starts with and the context they show: both or, if keel dies meanwhile, neither. */
  addOpening(items: readonly ResponseItem[], context: TurnContext, sent: SentContext): void {
    this.addLines(...items.map(lineOf), contextLine(context, sent));
    this.#contextTurnId = context.turnId;
    this.keepItems(items, context.turnId);
  }

  /** The end of a turn, and what the model is to know of it: both or, if keel dies meanwhile, neither. */
  addEnd(items: readonly ResponseItem[], turnId: string, end: TurnEnd): void {
    this.addLines(...items.map(lineOf), { type: 'event_msg', payload: { ...end, turn_id: turnId } });
    this.keepItems(items, turnId);
  }

  /** Items that the rollout has already. */
  keepItems(items: readonly ResponseItem[], turnId: string | null): void {
    const { state, emit, onItem } = this.#options;
    state.record(items);
    for (const item of items) {
      onItem?.(item);
      emit({ type: 'rawItem.recorded', turnId, item });
    }
  }

  /** Lines that belong together: all are written or, if keel dies meanwhile, none. */
  addLines(...lines: readonly RolloutItem[]): void {
    this.#options.recorder.append(...this.#waiting, ...lines);
    this.#waiting = [];
  }

  /** Adds a line that says nothing without those behind it: it is written with the next one, or not at all if keel dies before. */
  addWithNext(line: RolloutItem): void {
    this.#waiting = [...this.#waiting, line];
  }

  /** The settings of the turn's requests, and so the surroundings that the model was sent by then. */
  addTurnContext(context: TurnContext): void {
    this.#contextTurnId = context.turnId;
    this.addLines(contextLine(context, this.#options.state.sentContext));
  }

  /** The turn whose context was recorded last. */
  get contextTurnId(): string | null {
    return this.#contextTurnId;
  }

  /** Resolves when all that was added is on the disk. */
  sync(): Promise<void> {
    return this.#options.recorder.sync();
  }
}

function lineOf(item: ResponseItem): RolloutItem {
  return { type: 'response_item', payload: item };
}

function contextLine(context: TurnContext, sent: SentContext | null): RolloutItem {
  const { mcpTools = [] } = sent ?? {};
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
