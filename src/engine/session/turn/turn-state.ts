import {
  type ApprovalDecision,
  KeelError,
  type ResponseItem,
  type UserInput,
} from '../../../foundation/protocol/index.ts';
import { Deferred } from '../../../foundation/util/index.ts';

/** Input handed to a running turn. `submissionId` names the op it came with. */
export interface PendingInput {
  readonly submissionId: string;
  readonly items: readonly UserInput[];
}

/** Its words, without its images. */
export function saidText({ items }: PendingInput): string {
  return items.map((item) => (item.type === 'text' ? item.text : '')).join('');
}

/** What happened beside a turn, for its conversation. */
export interface WaitingRecord {
  readonly submissionId: string;
  readonly record: ResponseItem;
}

/**
 * What exists only while a turn runs: the input that waits for it and the approvals it waits for. Ended in one place,
 * after which nothing of it is left waiting.
 */
export class TurnState {
  #pendingInput: PendingInput[] = [];
  /** Questions that wait for their answer, by id. */
  readonly #approvals = new Map<string, Deferred<ApprovalDecision>>();
  /** Since when something waits for the user, and for how long it did before. */
  #waitingSince: number | null = null;
  #waitedMs = 0;
  /** Calls that run, by their key, in their short form. */
  readonly #calls = new Map<string, string>();
  readonly #userTexts: string[] = [];
  #records: WaitingRecord[] = [];
  readonly #beside = new Set<Promise<void>>();
  #settled = false;
  #isRead = false;

  /** A call runs from here until `callEnded`; what is left of them when the turn is stopped was cut off. */
  callStarted(key: string, shortForm: string): void {
    this.#calls.set(key, shortForm);
  }

  callEnded(key: string): void {
    this.#calls.delete(key);
  }

  get cutOffCalls(): readonly string[] {
    return [...this.#calls.values()];
  }

  /** What the user wrote in this turn, in order. */
  get userTexts(): readonly string[] {
    return this.#userTexts;
  }

  noteUserText(text: string): void {
    this.#userTexts.push(text);
  }

  queueInput(input: PendingInput): void {
    this.#pendingInput.push(input);
  }

  /** A record that goes into the conversation with the next request, and calls for none by itself. */
  queueRecord(waiting: WaitingRecord): void {
    this.#records.push(waiting);
  }

  /** Work of the user's own that goes on while the turn runs; `work` never rejects. */
  runsBeside(work: Promise<void>): void {
    this.#beside.add(work);
    void work.then(() => this.#beside.delete(work));
  }

  /** Resolves when none of it goes on any more. */
  async besideEnded(): Promise<void> {
    while (this.#beside.size > 0) await Promise.all(this.#beside);
  }

  takeRecords(): readonly WaitingRecord[] {
    const taken = this.#records;
    this.#records = [];
    return taken;
  }

  /** All that waits, in order; nothing waits afterwards. */
  takeInput(): readonly PendingInput[] {
    const taken = this.#pendingInput;
    this.#pendingInput = [];
    this.#isRead = true;
    return taken;
  }

  /** The input that came after what the turn was started with; it waits no longer. */
  takeLater(turnId: string): readonly PendingInput[] {
    const later = this.#pendingInput.filter(({ submissionId }) => submissionId !== turnId);
    this.#pendingInput = this.#pendingInput.filter(({ submissionId }) => submissionId === turnId);
    return later;
  }

  /** What the turn was begun with, if nothing has taken it so far; from then on it is taken. */
  takeUnread(turnId: string): PendingInput | null {
    const [first, ...later] = this.#pendingInput;
    if (this.#isRead || first?.submissionId !== turnId) return null;
    this.#pendingInput = later;
    this.#isRead = true;
    return first;
  }

  /** Registers a waiter; call it before the request is told, so that no answer finds nobody. */
  awaitApproval(questionId: string, signal: AbortSignal): Promise<ApprovalDecision> {
    if (this.#settled) return Promise.resolve({ type: 'denied' });
    if (this.#approvals.has(questionId)) throw new KeelError('internal', `the question ${questionId} is asked twice`);
    const waiter = new Deferred<ApprovalDecision>();
    this.#approvals.set(questionId, waiter);
    this.#waitingSince ??= performance.now();
    const onAbort = () => this.resolveApproval(questionId, { type: 'abort' });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    return waiter.promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  isAwaiting(questionId: string): boolean {
    return this.#approvals.has(questionId);
  }

  /** How long questions have waited for the user in this turn, milliseconds. */
  get waitedForUserMs(): number {
    return this.#waitedMs + (this.#waitingSince === null ? 0 : performance.now() - this.#waitingSince);
  }

  /** @returns whether somebody waited for this answer */
  resolveApproval(questionId: string, decision: ApprovalDecision): boolean {
    const waiter = this.#approvals.get(questionId);
    if (!waiter) return false;
    this.#approvals.delete(questionId);
    if (this.#approvals.size === 0) {
      this.#waitedMs = this.waitedForUserMs;
      this.#waitingSince = null;
    }
    waiter.resolve(decision);
    return true;
  }

  /** From here on nothing waits for approval: what still does is denied. */
  settleApprovals(): void {
    this.#settled = true;
    for (const questionId of [...this.#approvals.keys()]) this.resolveApproval(questionId, { type: 'denied' });
  }
}
