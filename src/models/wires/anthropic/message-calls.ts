import type { OutputItem } from '../../../foundation/protocol/index.ts';

interface OpenCall {
  readonly id: string;
  result: string | null;
}

/** The calls of a message that is being written, whose results are together in the next one. */
export class MessageCalls {
  #open: OpenCall[] = [];

  get hasOpen(): boolean {
    return this.#open.length > 0;
  }

  get hasResults(): boolean {
    return this.#open.some(({ result }) => result !== null);
  }

  opened(id: string): void {
    this.#open.push({ id, result: null });
  }

  /** A result that no call waits for is left out. */
  answered(output: OutputItem, result: string): void {
    const call = this.#open.find(({ id }) => id === output.call_id);
    if (call !== undefined) call.result = result;
  }

  /** The results in the order of their calls, which are over with that. */
  settle(): readonly string[] {
    const results = this.#open.map(({ id, result }) => result ?? abortedJson(id));
    this.#open = [];
    return results;
  }
}

/** A history gives every call an output. Without one the API would take no further request of the thread. */
function abortedJson(id: string): string {
  return JSON.stringify({ type: 'tool_result', tool_use_id: id, content: 'aborted' });
}
