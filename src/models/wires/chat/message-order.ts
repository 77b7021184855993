import type { WireQuirks } from '../../catalogue/index.ts';
import { GO_ON } from '../index.ts';

/** A message as it is sent. */
export interface SentMessage {
  readonly role: string;
  readonly content: string | null | readonly unknown[];
  readonly [field: string]: unknown;
}

const GO_ON_MESSAGE: SentMessage = { role: 'user', content: GO_ON };
/** Between results and the next words of the user, for templates that know no such order. */
const NOTED_MESSAGE: SentMessage = { role: 'assistant', content: 'Noted.' };

/**
 * The order that a server takes. The model never has the last message of a request, nor two in a row. Where roles have
 * to alternate, neighbouring messages of the user become one, and a message of the model separates results from a user.
 */
export class MessageOrder {
  readonly #roles: WireQuirks['roles'];
  #last: string | null = null;
  /** The last message is known to be all of a response, which only another one can follow. */
  #isWhole = false;
  /** A user message that may still grow. */
  #pending: SentMessage | null = null;

  constructor(roles: WireQuirks['roles']) {
    this.#roles = roles;
  }

  clone(): MessageOrder {
    const copy = new MessageOrder(this.#roles);
    copy.#last = this.#last;
    copy.#isWhole = this.#isWhole;
    copy.#pending = this.#pending;
    return copy;
  }

  /** @param isWhole the message is known to be all of a response @returns messages that do not change any more */
  add(message: SentMessage, isWhole: boolean): readonly SentMessage[] {
    if (this.#roles === 'alternating') return this.#alternating(message);
    const between = message.role === 'assistant' && isWhole ? this.rest() : [];
    this.#isWhole = isWhole;
    this.#last = message.role;
    return [...between, message];
  }

  /** What follows them in a request. */
  rest(): readonly SentMessage[] {
    if (this.#pending !== null) return [this.#pending];
    return this.#last === 'assistant' && (this.#isWhole || this.#roles === 'alternating') ? [GO_ON_MESSAGE] : [];
  }

  #alternating(message: SentMessage): readonly SentMessage[] {
    const before = this.#last;
    if (message.role === 'assistant' || message.role === 'tool') {
      const needsUser = message.role === 'assistant' && before !== 'user' && before !== 'tool';
      const final = [
        ...(this.#pending === null ? [] : [this.#pending]),
        ...(needsUser ? [GO_ON_MESSAGE] : []),
        message,
      ];
      this.#pending = null;
      this.#last = message.role;
      return final;
    }
    const said = { ...message, role: 'user' };
    this.#pending = this.#pending === null ? said : { ...said, content: joined(this.#pending.content, said.content) };
    this.#last = 'user';
    return before === 'tool' ? [NOTED_MESSAGE] : [];
  }
}

function joined(before: SentMessage['content'], next: SentMessage['content']): SentMessage['content'] {
  if (typeof before === 'string' && typeof next === 'string') return `${before}\n\n${next}`;
  return [...partsOf(before), ...partsOf(next)];
}

function partsOf(content: SentMessage['content']): readonly unknown[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
}
