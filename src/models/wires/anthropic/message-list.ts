import type { CallItem, OutputItem, ResponseItem } from '../../../foundation/protocol/index.ts';
import { GO_ON, GrowingBytes, responseOf, SendableCalls } from '../index.ts';
import { type BlockForm, blocksJson } from './item-blocks.ts';
import { MessageCalls } from './message-calls.ts';

type Role = 'user' | 'assistant';

/** The last message of a request where it would be the model's, and the first. */
const GO_ON_JSON = JSON.stringify({ type: 'text', text: GO_ON });
const MARKED_MESSAGES = 2;

/** The messages of a request in UTF-8, without the brackets around them. */
export interface WrittenMessages {
  readonly bytes: GrowingBytes;
  /** Places in `bytes` right before the brace that closes the last block of a user message; the newest last. */
  readonly markPlaces: readonly number[];
  /** What closes the last message. */
  readonly closing: string;
}

/**
 * The items of an input as messages. The calls of one response are in one message and their results, which a history has behind
 * each call, together in the next. Thoughts wait until what they led to comes: a message must not end with one.
 */
export class MessageList {
  readonly #form: BlockForm;
  readonly #bytes = new GrowingBytes();
  readonly #sendable = new SendableCalls('word');
  readonly #calls = new MessageCalls();
  readonly #markPlaces: number[] = [];
  #role: Role | null = null;
  /** The response that the open message is of; null also for what came by another API. */
  #response: string | null = null;
  #thoughts: string[] = [];

  constructor(form: BlockForm) {
    this.#form = form;
  }

  written(): WrittenMessages {
    // All that belongs to a response is there before the next request.
    this.#settle();
    const isAnswered = this.#role === 'user';
    const closing = isAnswered ? ']}' : `${this.#opening('user')}${GO_ON_JSON}]}`;
    return { bytes: this.#bytes, markPlaces: this.#markPlaces.slice(-MARKED_MESSAGES), closing };
  }

  add(given: ResponseItem): void {
    const item = this.#sendable.next(given);
    switch (item?.type) {
      case 'message':
        return item.role === 'assistant' ? this.#answer(item) : this.#say(item);
      case 'reasoning':
        return this.#think(item);
      case 'function_call':
      case 'custom_tool_call':
      case 'local_shell_call':
        return this.#call(item);
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#result(item);
      default:
        return;
    }
  }

  #say(item: ResponseItem): void {
    const blocks = blocksJson(item, this.#form);
    if (blocks.length === 0) return;
    this.#settle();
    this.#thoughts = [];
    for (const block of blocks) this.#write('user', block);
  }

  #answer(item: ResponseItem): void {
    const blocks = blocksJson(item, this.#form);
    if (blocks.length === 0) return;
    this.#join(item);
    for (const block of blocks) this.#write('assistant', block);
  }

  #think(item: ResponseItem): void {
    const blocks = blocksJson(item, this.#form);
    if (blocks.length === 0) return;
    this.#join(item);
    this.#thoughts.push(...blocks);
  }

  #call(item: CallItem): void {
    this.#join(item);
    this.#calls.opened(item.call_id ?? '');
    for (const block of blocksJson(item, this.#form)) this.#write('assistant', block);
  }

  #result(item: OutputItem): void {
    const [block] = blocksJson(item, this.#form);
    if (block !== undefined) this.#calls.answered(item, block);
  }

  /** An item of the model continues its message, or starts the next one. */
  #join(item: ResponseItem): void {
    const response = responseOf(item);
    const continues = response === this.#response && (response !== null || !this.#calls.hasResults);
    if (continues && this.#role === 'assistant') return;
    if (!continues) this.#thoughts = [];
    this.#settle();
    this.#response = response;
    if (this.#role !== 'user') this.#write('user', GO_ON_JSON);
  }

  #settle(): void {
    if (this.#calls.hasOpen) for (const result of this.#calls.settle()) this.#write('user', result);
  }

  #write(role: Role, block: string): void {
    if (role === 'assistant' && this.#thoughts.length > 0) {
      const thoughts = this.#thoughts;
      this.#thoughts = [];
      for (const thought of thoughts) this.#write(role, thought);
    }
    if (role === this.#role) this.#bytes.append(`,${block}`);
    else this.#bytes.append(`${this.#opening(role)}${block}`);
    if (role === 'user') {
      if (this.#role === 'user') this.#markPlaces.pop();
      this.#markPlaces.push(this.#bytes.length - 1);
    }
    this.#role = role;
  }

  /** Closes the open message, if there is one, and starts the next. */
  #opening(role: Role): string {
    return `${this.#role === null ? '' : ']},'}{"role":"${role}","content":[`;
  }
}
