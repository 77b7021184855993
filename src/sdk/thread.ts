import {
  type ApprovalDecision,
  type ApprovalRequest,
  KeelError,
  type SessionEvent,
  type ThreadItem,
  type TokenUsage,
  type UserInput,
} from '../protocol/index.ts';
import type { Session } from '../session/index.ts';
import { reasonOf } from '../util/index.ts';

/** Decides about a call. A throw counts as a denial. */
export type ApprovalHandler = (request: ApprovalRequest) => Promise<ApprovalDecision> | ApprovalDecision;

export interface RunOptions {
  /** JSON Schema that the final response has to fit. */
  readonly outputSchema?: unknown;
  /** Aborting it interrupts the turn. */
  readonly signal?: AbortSignal;
}

export interface TurnResult {
  /** Everything that was done, in order of completion. */
  readonly items: readonly ThreadItem[];
  /** The agent's last message; empty if there was none. */
  readonly finalResponse: string;
  /** Of the whole thread so far; null if the provider told none. */
  readonly usage: TokenUsage | null;
}

/** A conversation with the agent. One turn runs at a time; close it when it is no longer needed. */
export class Thread implements AsyncDisposable {
  readonly #session: Session;
  readonly #onApproval: ApprovalHandler | null;
  #running = false;

  constructor(session: Session, onApproval: ApprovalHandler | null) {
    this.#session = session;
    this.#onApproval = onApproval;
  }

  get id(): string {
    return this.#session.threadId;
  }

  /**
   * Works a request to its end.
   * @throws KeelError of the kind the turn failed with; `interrupted` if the signal aborted
   */
  async run(input: string | readonly UserInput[], options: RunOptions = {}): Promise<TurnResult> {
    const items: ThreadItem[] = [];
    let usage: TokenUsage | null = null;
    let finalResponse = '';
    for await (const event of this.runStreamed(input, options)) {
      if (event.type === 'item.completed') items.push(event.item);
      if (event.type === 'usage.updated') usage = event.info?.total_token_usage ?? usage;
      if (event.type !== 'turn.completed') continue;
      if (event.error) throw new KeelError(event.error.kind, event.error.message);
      if (event.status === 'interrupted') throw new KeelError('interrupted', 'the turn was interrupted');
      finalResponse = event.lastAgentMessage ?? '';
    }
    return { items, finalResponse, usage };
  }

  /**
   * The same, event by event, from `turn.started` to `turn.completed`. Leaving the loop early interrupts the turn.
   * @throws KeelError `threadBusy` while another turn of this thread runs
   */
  async *runStreamed(
    input: string | readonly UserInput[],
    options: RunOptions = {},
  ): AsyncGenerator<SessionEvent, void, undefined> {
    if (this.#running) throw new KeelError('threadBusy', 'a turn of this thread is running');
    options.signal?.throwIfAborted();
    this.#running = true;
    const events = this.#session.events();
    const turnId = this.#submit(input, options);
    const interrupt = () => this.#session.submit({ type: 'interrupt' });
    options.signal?.addEventListener('abort', interrupt, { once: true });
    let ended = false;
    try {
      for await (const event of events) {
        if (event.type === 'approval.requested') void this.#answer(event.request);
        if (!('turnId' in event) || event.turnId !== turnId) continue;
        ended = event.type === 'turn.completed';
        yield event;
        if (ended) return;
      }
    } finally {
      options.signal?.removeEventListener('abort', interrupt);
      this.#running = false;
      if (!ended) interrupt();
    }
  }

  /** Stops what runs and lets go of the thread. */
  close(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #submit(input: string | readonly UserInput[], { outputSchema }: RunOptions): string {
    const items: UserInput[] = typeof input === 'string' ? [{ type: 'text', text: input }] : [...input];
    return this.#session.submit({ type: 'userInput', items, ...(outputSchema === undefined ? {} : { outputSchema }) });
  }

  async #answer(request: ApprovalRequest): Promise<void> {
    const { callId } = request;
    let decision: ApprovalDecision = { type: 'denied' };
    try {
      if (this.#onApproval) decision = await this.#onApproval(request);
    } catch (error) {
      decision = { type: 'denied', message: reasonOf(error) };
    }
    this.#session.submit({ type: 'approval', callId, decision });
  }
}
