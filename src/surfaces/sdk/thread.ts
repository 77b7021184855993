import { followTurn, rollBack, type Session, submitIfOpen } from '../../engine/threads/index.ts';
import {
  KeelError,
  type Op,
  type ReviewOutput,
  type ReviewTarget,
  type SessionEvent,
  type SessionEventOf,
  type SettingsUpdate,
  type ThreadItem,
  type TokenUsage,
  type Turn,
  type UserInput,
} from '../../foundation/protocol/index.ts';
import { eventsForCaller, forCaller, forCallerOf } from './caller-errors.ts';
import { decisionOf, type Handlers } from './handlers.ts';

export interface TurnOptions {
  /** Aborting it interrupts the turn. */
  readonly signal?: AbortSignal;
}

export interface RunOptions extends TurnOptions {
  /** JSON Schema for the final response. */
  readonly outputSchema?: unknown;
}

export interface TurnResult {
  /** Everything that happened, in order of completion. */
  readonly items: readonly ThreadItem[];
  /** The agent's last message; empty if there was none. */
  readonly finalResponse: string;
  /** Usage of the whole thread so far; null if the provider reported none. */
  readonly usage: TokenUsage | null;
}

export interface ReviewResult {
  /** The review as text; with a schema, JSON that fits it. */
  readonly review: string;
  /** The findings one by one; null if a schema chose another form, or the reviewer gave no answer. */
  readonly output: ReviewOutput | null;
}

export interface UndoResult {
  readonly undone: boolean;
  /** What was undone, or why nothing could be. */
  readonly message: string;
}

export interface RollbackResult {
  /** How many turns of the user were removed: at most as many as there were. */
  readonly removed: number;
  /** The turns that are left, oldest first. */
  readonly turns: readonly Turn[];
}

/** A conversation with the agent. One turn runs at a time; close it when it is no longer needed. */
export class Thread implements AsyncDisposable {
  /** The turns before the thread was opened, oldest first. */
  readonly earlierTurns: readonly Turn[];
  readonly #session: Session;
  readonly #handlers: Handlers;
  #running = false;

  constructor(session: Session, earlierTurns: readonly Turn[], handlers: Handlers) {
    this.earlierTurns = earlierTurns;
    this.#session = session;
    this.#handlers = handlers;
  }

  get id(): string {
    return this.#session.threadId;
  }

  /** The path of its record; null if it has none. */
  get rolloutPath(): string | null {
    return this.#session.rolloutPath;
  }

  /**
   * Runs a request to completion.
   * @throws KeelError of the kind the turn failed with; `interrupted` if the signal aborted; `invalidInput` for empty input
   */
  run(input: string | readonly UserInput[], options: RunOptions = {}): Promise<TurnResult> {
    return forCaller(() => this.#toEnd(inputOp(input, options), options));
  }

  /**
   * Runs a request and yields its events, from `turn.started` to `turn.completed`. Leaving the loop early interrupts the turn.
   * @throws KeelError `threadBusy` while another turn of this thread runs
   */
  runStreamed(
    input: string | readonly UserInput[],
    options: RunOptions = {},
  ): AsyncGenerator<SessionEvent, void, undefined> {
    return eventsForCaller(this.#follow(inputOp(input, options), options));
  }

  /**
   * Has a separate reviewer look at a change; it edits nothing.
   * @throws KeelError as `run`; `invalidInput` before any request if there is no such branch or commit
   */
  review(target: ReviewTarget, options: RunOptions = {}): Promise<ReviewResult> {
    return forCaller(() => this.#review(target, options));
  }

  async #review(target: ReviewTarget, options: RunOptions): Promise<ReviewResult> {
    const { outputSchema } = options;
    const op: Op = { type: 'review', target, ...(outputSchema === undefined ? {} : { outputSchema }) };
    const { items } = await this.#toEnd(op, options);
    const found = items.find((item) => item.type === 'exitedReviewMode');
    if (!found) throw new KeelError('internal', 'the review ended without a result');
    return { review: found.review, output: found.output };
  }

  /** Replaces the conversation so far by a handover, to make room. @throws KeelError as `run` */
  compact(options: TurnOptions & { readonly focus?: string } = {}): Promise<void> {
    const { focus } = options;
    return forCaller(async () => {
      await this.#toEnd({ type: 'compact', ...(focus === undefined ? {} : { focus }) }, options);
    });
  }

  /** Restores files as they were before the newest turn (unless `features.ghost_commit` is false). @throws KeelError as `run` */
  undo(options: TurnOptions = {}): Promise<UndoResult> {
    return forCaller(async () => {
      const { items } = await this.#toEnd({ type: 'undo' }, options);
      const found = items.find((item) => item.type === 'undo');
      return { undone: found?.status === 'completed', message: found?.message ?? '' };
    });
  }

  /**
   * Takes the user's last turns out of the conversation; files stay as they are.
   * @throws KeelError `threadBusy` while a turn runs, `invalidInput`
   */
  rollback(turns: number): Promise<RollbackResult> {
    return forCaller(async () => {
      this.#assertIdle();
      const { removed, turns: left } = await rollBack(this.#session, turns);
      return { removed, turns: left };
    });
  }

  /** Changes the settings of later turns. */
  configure(settings: SettingsUpdate): void {
    forCallerOf(this.configure, () => this.#session.submit({ type: 'overrideTurnContext', settings }));
  }

  /** Stops what runs and releases the thread. */
  close(): Promise<void> {
    return this.#session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #toEnd(op: Op, options: TurnOptions): Promise<TurnResult> {
    const items: ThreadItem[] = [];
    let usage: TokenUsage | null = null;
    let finalResponse = '';
    for await (const event of this.#follow(op, options)) {
      if (event.type === 'item.completed') items.push(event.item);
      if (event.type === 'usage.updated') usage = event.info?.total_token_usage ?? usage;
      if (event.type !== 'turn.completed') continue;
      if (event.error) throw new KeelError(event.error.kind, event.error.message);
      if (event.status === 'interrupted') throw new KeelError('interrupted', 'the turn was interrupted');
      finalResponse = event.lastAgentMessage ?? '';
    }
    return { items, finalResponse, usage };
  }

  async *#follow(op: Op, { signal }: TurnOptions): AsyncGenerator<SessionEvent, void, undefined> {
    this.#assertIdle();
    if (op.type === 'userInput' && isEmpty(op.items)) {
      throw new KeelError('invalidInput', 'there is nothing to run: the input is empty');
    }
    this.#running = true;
    try {
      for await (const event of followTurn(this.#session, op, signal)) {
        if (event.type === 'approval.requested') void this.#answer(event);
        yield event;
      }
    } finally {
      this.#running = false;
    }
  }

  #assertIdle(): void {
    if (this.#running) throw new KeelError('threadBusy', 'a turn of this thread is running');
  }

  async #answer(event: SessionEventOf<'approval.requested'>): Promise<void> {
    const decision = await decisionOf(event, this.#handlers);
    submitIfOpen(this.#session, { type: 'approval', questionId: event.request.questionId, decision });
  }
}

function isEmpty(items: readonly UserInput[]): boolean {
  return items.every((item) => item.type === 'text' && item.text.trim() === '');
}

function inputOp(input: string | readonly UserInput[], { outputSchema }: RunOptions): Op {
  const items: UserInput[] = typeof input === 'string' ? [{ type: 'text', text: input }] : [...input];
  return { type: 'userInput', items, ...(outputSchema === undefined ? {} : { outputSchema }) };
}
