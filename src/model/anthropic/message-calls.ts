import type { CallItem, OutputItem } from '../../protocol/index.ts';
import { sendableWord } from '../wire-names.ts';

interface OpenCall {
  /** How call and output find each other: custom tools have ids of their own. */
  readonly key: string;
  readonly wireId: string;
  result: string | null;
}

/**
 * The calls of a message that is being written, and the ids of all calls of the conversation. The API wants every id to
 * be there once, and models use theirs again, so a later one gets a number behind it.
 */
export class MessageCalls {
  readonly #used = new Set<string>();
  #open: OpenCall[] = [];

  get hasOpen(): boolean {
    return this.#open.length > 0;
  }

  get hasResults(): boolean {
    return this.#open.some(({ result }) => result !== null);
  }

  /** @returns the id under which the call is sent; null for one that nothing can answer */
  opened(call: CallItem): string | null {
    const id = call.call_id || (call.type === 'local_shell_call' ? call.id : null);
    if (!id) return null;
    const plain = sendableWord(id);
    let wireId = plain;
    for (let count = 2; this.#used.has(wireId); count += 1) wireId = sendableWord(`${plain}_${count}`);
    this.#used.add(wireId);
    this.#open.push({ key: keyOf(call, id), wireId, result: null });
    return wireId;
  }

  /** @returns the id of the call that such an output answers; null if none waits */
  waiting(output: OutputItem): string | null {
    return this.#find(output)?.wireId ?? null;
  }

  answered(output: OutputItem, result: string): void {
    const call = this.#find(output);
    if (call) call.result = result;
  }

  /** The results in the order of their calls, which are over with that. */
  settle(): readonly string[] {
    const results = this.#open.map(({ wireId, result }) => result ?? abortedJson(wireId));
    this.#open = [];
    return results;
  }

  #find(output: OutputItem): OpenCall | undefined {
    const key = keyOf(output, output.call_id);
    return this.#open.find((call) => call.key === key && call.result === null);
  }
}

function keyOf(item: CallItem | OutputItem, id: string): string {
  return `${item.type.startsWith('custom') ? 'custom' : 'function'}:${id}`;
}

/** A history gives every call an output. Without one the API would take no further request of the thread. */
function abortedJson(wireId: string): string {
  return JSON.stringify({ type: 'tool_result', tool_use_id: wireId, content: 'aborted' });
}
