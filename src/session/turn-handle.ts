import type {
  ApprovalDecision,
  ApprovalRequest,
  PlanStep,
  SessionEvent,
  SessionEventOf,
  ThreadItem,
} from '../protocol/index.ts';
import type { TurnEvents } from '../tools/index.ts';
import type { TurnState } from './turn-state.ts';

export interface TurnHandleOptions {
  readonly threadId: string;
  readonly turnId: string;
  readonly state: TurnState;
  readonly emit: (event: SessionEvent) => void;
}

/**
 * Through which a turn's work tells events and asks for approval. A promise can't be killed, so the handle is revoked
 * when the turn ends: whatever still runs after that speaks to nobody.
 */
export class TurnHandle {
  readonly #options: TurnHandleOptions;
  #plan: Extract<ThreadItem, { type: 'plan' }> | null = null;
  #revoked = false;

  constructor(options: TurnHandleOptions) {
    this.#options = options;
  }

  get isRevoked(): boolean {
    return this.#revoked;
  }

  emit(event: SessionEvent): void {
    if (this.#revoked) return;
    if ((event.type === 'item.started' || event.type === 'item.updated') && event.item.type === 'plan') {
      this.#plan = event.item;
    }
    this.#options.emit(event);
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

  /** Ends what the handle still shows as open, then silences it. Call it once, when the turn ends. */
  revoke(): void {
    if (this.#plan) this.emit({ type: 'item.completed', turnId: this.#options.turnId, item: this.#plan });
    this.#revoked = true;
  }

  #planEvent(explanation: string | null, steps: readonly PlanStep[]): SessionEvent {
    const { turnId } = this.#options;
    const item = { type: 'plan', id: `${turnId}-plan`, explanation, steps: [...steps] } as const;
    return { type: this.#plan ? 'item.updated' : 'item.started', turnId, item: { ...item, steps: [...steps] } };
  }
}
