import type {
  ApprovalDecision,
  ApprovalRequest,
  PlanStep,
  SessionEvent,
  SessionEventOf,
  ThreadItem,
} from '../../../foundation/protocol/index.ts';
import type { TurnEvents } from '../../../tools/index.ts';
import { type ItemIds, TurnItemIds } from './item-ids.ts';
import { OpenItems } from './open-items.ts';
import type { TurnState } from './turn-state.ts';

export interface TurnHandleOptions {
  readonly threadId: string;
  readonly turnId: string;
  readonly state: TurnState;
  readonly emit: (event: SessionEvent) => void;
  readonly ids: ItemIds;
  /** Writes an item down that nothing else in the record tells of. */
  readonly keep: (item: ThreadItem) => void;
}

/** Items of the turn loop that its journal does not hold. */
const KEPT: readonly ThreadItem['type'][] = ['contextCompaction', 'budgetExceeded'];

/**
 * Through which a turn's work tells events and asks for approval. A promise can't be killed, so the handle is revoked
 * when the turn ends: whatever still runs after that speaks to nobody.
 */
export class TurnHandle {
  readonly #options: TurnHandleOptions;
  readonly #ids: TurnItemIds;
  readonly #open = new OpenItems();
  #hasPlan = false;
  #revoked = false;

  constructor(options: TurnHandleOptions) {
    this.#options = options;
    this.#ids = new TurnItemIds(options.ids);
  }

  get isRevoked(): boolean {
    return this.#revoked;
  }

  emit(event: SessionEvent): void {
    this.#emit(event, event.type === 'item.completed' && KEPT.includes(event.item.type));
  }

  /** The same for work outside of the turn loop: its finished items are written down, so that a resumed thread shows them. */
  show(event: SessionEvent): void {
    this.#emit(event, true);
  }

  /** Tells the question and waits for its answer. `abort` when the signal does, `denied` when the turn ends first. */
  async request(request: ApprovalRequest, signal: AbortSignal): Promise<ApprovalDecision> {
    if (this.#revoked) return { type: 'denied' };
    const { threadId, turnId, state } = this.#options;
    const { questionId } = request;
    const decision = state.awaitApproval(questionId, signal);
    this.emit({ type: 'approval.requested', turnId, threadId, request });
    const answer = await decision;
    this.emit({ type: 'approval.resolved', turnId, questionId });
    return answer;
  }

  /** Hands a child's question to this thread's user, under the child's name. */
  async relay(
    { request, threadId }: SessionEventOf<'approval.requested'>,
    agent: string,
    signal: AbortSignal,
  ): Promise<ApprovalDecision> {
    if (this.#revoked) return { type: 'denied' };
    const { turnId, state } = this.#options;
    const { questionId } = request;
    const decision = state.awaitApproval(questionId, signal);
    this.emit({ type: 'approval.requested', turnId, threadId, agent, request });
    const answer = await decision;
    this.emit({ type: 'approval.resolved', turnId, questionId });
    return answer;
  }

  /** The events of one call, as its tool tells them; `report` gets each in order. */
  eventsOf(report: (event: SessionEvent) => void): TurnEvents {
    const { turnId } = this.#options;
    return {
      itemStarted: (item) => report({ type: 'item.started', turnId, item }),
      itemUpdated: (item) => report({ type: 'item.updated', turnId, item }),
      itemCompleted: (item) => report({ type: 'item.completed', turnId, item }),
      delta: (delta) => report({ type: 'item.delta', turnId, ...delta } satisfies SessionEventOf<'item.delta'>),
      planUpdated: (explanation, steps) => report(this.#planEvent(explanation, steps)),
      warning: (message) => report({ type: 'warning', turnId, message }),
    };
  }

  /** Completes what is still open, as interrupted if the turn was cut off; then silences the handle. Call it once. */
  revoke(isCutOff: boolean): void {
    const { turnId } = this.#options;
    const left = isCutOff ? this.#open.interrupted() : this.#open.plans();
    for (const item of left) this.#emit({ type: 'item.completed', turnId, item }, true);
    this.#revoked = true;
  }

  #emit(event: SessionEvent, isKept: boolean): void {
    if (this.#revoked) return;
    this.#open.note(event);
    this.#hasPlan ||= event.type === 'item.started' && event.item.type === 'plan';
    const named = this.#ids.named(event);
    if (isKept && named.type === 'item.completed') this.#options.keep(named.item);
    this.#options.emit(named);
  }

  #planEvent(explanation: string | null, steps: readonly PlanStep[]): SessionEvent {
    const { turnId } = this.#options;
    const item = { type: 'plan', id: `${turnId}-plan`, explanation, steps: [...steps] } as const;
    const type = this.#hasPlan ? 'item.updated' : 'item.started';
    return { type, turnId, item: { ...item, steps: [...steps] } };
  }
}
