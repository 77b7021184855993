import * as z from 'zod/mini';
import { KeelError, Op } from '../../foundation/protocol/index.ts';
import { Deferred } from '../../foundation/util/index.ts';

/** Most ops that wait for the session. Its loop never waits for a task to end, so more than this is a runaway client. */
const MAX_QUEUED_SUBMISSIONS = 64;

export interface Submission {
  readonly id: string;
  readonly op: Op;
}

/** The ops of a session in the order they came. */
export class SubmissionQueue {
  readonly #queue: Submission[] = [];
  #waiting: Deferred<void> | null = null;
  #nextId: number;
  #closed = false;

  /** @param firstId a turn has the id of its submission, so a resumed thread continues the count */
  constructor(firstId = 0) {
    this.#nextId = firstId;
  }

  /**
   * @returns the submission's id, which is also that of the turn it starts
   * @throws KeelError `sessionClosed` after the session ended, `invalidInput` for something that isn't an op or one too many
   */
  submit(op: unknown, id?: string): string {
    if (this.#closed) throw new KeelError('sessionClosed', 'this session has ended');
    const parsed = Op.safeParse(op);
    if (!parsed.success)
      throw new KeelError('invalidInput', `not an operation of keel: ${z.prettifyError(parsed.error)}`);
    if (this.#queue.length >= MAX_QUEUED_SUBMISSIONS) {
      throw new KeelError('invalidInput', `more than ${MAX_QUEUED_SUBMISSIONS} operations are waiting in this session`);
    }
    const submission = { id: id ?? String(this.#nextId), op: parsed.data };
    // An id of the caller's that is a number is not given a second time.
    if (/^\d{1,15}$/.test(submission.id)) this.#nextId = Math.max(this.#nextId, Number(submission.id) + 1);
    this.#queue.push(submission);
    this.#waiting?.resolve();
    return submission.id;
  }

  /** The next submission; waits for one. Null once the queue is closed. */
  async next(): Promise<Submission | null> {
    while (this.#queue.length === 0 && !this.#closed) {
      this.#waiting = new Deferred<void>();
      await this.#waiting.promise;
    }
    return this.#closed ? null : (this.#queue.shift() ?? null);
  }

  close(): void {
    this.#closed = true;
    this.#waiting?.resolve();
  }
}
