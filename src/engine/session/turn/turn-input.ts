import type { ResponseItem, UserInput } from '../../../foundation/protocol/index.ts';

/** Input for a turn. `submissionId` names the op with which it came. */
export interface PendingInput {
  readonly submissionId: string;
  readonly items: readonly UserInput[];
}

/** The record of a command that ran beside a turn, for its conversation. */
export interface PendingRecord {
  readonly submissionId: string;
  readonly record: ResponseItem;
}

/** The words of an input, without its images. */
export function textOf({ items }: PendingInput): string {
  return items.map((item) => (item.type === 'text' ? item.text : '')).join('');
}

/** What waits for a turn to take it into the conversation. */
export class TurnInput {
  readonly #turnId: string;
  #inputs: PendingInput[] = [];
  #records: PendingRecord[] = [];
  #isRead = false;

  constructor(turnId: string) {
    this.#turnId = turnId;
  }

  add(input: PendingInput): void {
    this.#inputs.push(input);
  }

  /** A record enters the conversation with the next request, and causes none by itself. */
  addRecord(record: PendingRecord): void {
    this.#records.push(record);
  }

  takeRecords(): readonly PendingRecord[] {
    return this.#records.splice(0);
  }

  /** All input, in order; none waits afterwards. */
  take(): readonly PendingInput[] {
    this.#isRead = true;
    return this.#inputs.splice(0);
  }

  /** The input that came after what the turn was started with. */
  takeLater(): readonly PendingInput[] {
    const later = this.#inputs.filter(({ submissionId }) => submissionId !== this.#turnId);
    this.#inputs = this.#inputs.filter(({ submissionId }) => submissionId === this.#turnId);
    return later;
  }

  /** What the turn was started with, if nothing has taken it so far. */
  takeUnread(): PendingInput | null {
    const [first] = this.#inputs;
    if (this.#isRead || first?.submissionId !== this.#turnId) return null;
    this.#isRead = true;
    this.#inputs.shift();
    return first;
  }
}
