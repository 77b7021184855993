import type {
  CallItem,
  ContentItem,
  MessageItem,
  OutputItem,
  ReasoningItem,
  ResponseItem,
} from '../../../foundation/protocol/index.ts';
import { jsonText } from '../../json/index.ts';
import { GrowingBytes, responseOf, SendableCalls, sentFields } from '../index.ts';
import { MessageOrder, type SentMessage } from './message-order.ts';
import {
  allowed,
  type MessageForm,
  type SentResult,
  sentCall,
  sentContent,
  sentResult,
  textOf,
} from './message-parts.ts';
import { joinedThoughts, type ThoughtFields, thoughtFields } from './thoughts.ts';

/** What the model said in one response, with the results of its calls. */
interface Answer {
  /** The response that it is; null for what came by another API, or before responses were marked. */
  readonly response: string | null;
  content: string | null;
  thoughts: ThoughtFields;
  fields: Readonly<Record<string, unknown>>;
  readonly calls: { readonly id: string; readonly name: string; readonly sent: object; result: SentResult | null }[];
}

/** A history gives every call an output. Without one the API would take no further request of the thread. */
const ABORTED: SentResult = { text: 'aborted', pictures: [] };
/** In place of a thought where a server wants one with every call; it refuses an empty one. */
const NO_THOUGHT = ' ';

/**
 * The messages of an input, in order. One response is one message: text, thoughts and all calls. It is
 * followed by the results of the calls, which a history has behind each of them, and then by the pictures among the results.
 */
export class MessageList {
  readonly #form: MessageForm;
  readonly #calls: SendableCalls;
  readonly #order: MessageOrder;
  /** Messages that do not change any more, each behind a comma. */
  readonly #closed = new GrowingBytes();
  #answer: Answer | null = null;

  constructor(form: MessageForm) {
    this.#form = form;
    this.#calls = new SendableCalls(form.quirks.callIds === 'nine' ? 'nine' : 'printable');
    this.#order = new MessageOrder(form.quirks.roles);
  }

  add(given: ResponseItem): void {
    const item = this.#calls.next(given);
    switch (item?.type) {
      case 'message':
        return item.role === 'assistant' ? this.#said(item) : this.#heard(item.role, item.content);
      case 'reasoning':
        return this.#thought(item);
      case 'function_call':
      case 'custom_tool_call':
      case 'local_shell_call':
        return this.#called(item);
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#answered(item);
      default:
        return;
    }
  }

  /**
   * The messages in UTF-8, each behind a comma. The newest answer, to which more may come, and what a server wants last are
   * pieces of their own.
   */
  get pieces(): readonly Uint8Array[] {
    const order = this.#order.clone();
    const open = [...this.#answerMessages(order), ...order.rest()];
    return [this.#closed.slice(), ...open.map((message) => Buffer.from(sentText(message)))];
  }

  /** Servers of this API know a `developer` only as who sets up the conversation. */
  #heard(role: string, content: readonly ContentItem[]): void {
    this.#close();
    const sent = sentContent(content, this.#form);
    if (sent.length === 0) return;
    this.#write(this.#order.add({ role: role === 'developer' ? 'system' : role, content: sent }, false));
  }

  #said(item: MessageItem): void {
    const text = textOf(item.content);
    if (text === '') return;
    const answer = this.#join(item);
    answer.content = (answer.content ?? '') + text;
    answer.fields = { ...answer.fields, ...sentFields(item, this.#fieldsOf).fields };
  }

  #thought(item: ReasoningItem): void {
    const { thinker, quirks } = this.#form;
    const fields = thoughtFields(item, thinker, quirks.reasoningField);
    if (Object.keys(fields).length === 0) return;
    const answer = this.#join(item);
    answer.thoughts = joinedThoughts(answer.thoughts, fields);
  }

  #called(call: CallItem): void {
    const answer = this.#join(call);
    const sent = sentCall(call, this.#form, answer.calls.length === 0);
    const name = call.type === 'local_shell_call' ? 'local_shell' : call.name;
    answer.calls.push({ id: call.call_id ?? '', name, sent, result: null });
    if (call.type === 'local_shell_call') return;
    answer.fields = { ...answer.fields, ...sentFields(call, this.#fieldsOf).message };
  }

  #answered(output: OutputItem): void {
    const call = this.#answer?.calls.find(({ id }) => id === output.call_id);
    if (call) call.result = sentResult(output.output, this.#form);
  }

  get #fieldsOf(): string | null {
    return allowed(this.#form.thinker, this.#form.quirks);
  }

  /** The message that an item of the model's belongs to. */
  #join(item: MessageItem | ReasoningItem | CallItem): Answer {
    const response = responseOf(item);
    if (this.#answer !== null && continues(this.#answer, item, response)) return this.#answer;
    this.#close();
    this.#answer = { response, content: null, thoughts: {}, fields: {}, calls: [] };
    return this.#answer;
  }

  #close(): void {
    this.#write(this.#answerMessages(this.#order));
    this.#answer = null;
  }

  #write(messages: readonly SentMessage[]): void {
    for (const message of messages) this.#closed.append(sentText(message));
  }

  /** A thought alone isn't a message. */
  #answerMessages(order: MessageOrder): readonly SentMessage[] {
    const answer = this.#answer;
    if (answer === null || (answer.content === null && answer.calls.length === 0)) return [];
    const messages = [...order.add(this.#assistantMessage(answer), answer.response !== null)];
    const pictures: object[] = [];
    for (const { id, name, result } of answer.calls) {
      const { text, pictures: own } = result ?? ABORTED;
      messages.push(...order.add({ role: 'tool', tool_call_id: id, content: text }, false));
      if (own.length > 0) pictures.push({ type: 'text', text: `What ${name} returned (call ${id}):` }, ...own);
    }
    if (pictures.length > 0) messages.push(...order.add({ role: 'user', content: pictures }, false));
    return messages;
  }

  #assistantMessage({ content, thoughts, fields, calls }: Answer): SentMessage {
    const { content: thinkingParts, ...otherThoughts } = thoughts;
    const text = content === null ? [] : [{ type: 'text', text: content }];
    const lacksThought = calls.length > 0 && Object.keys(thoughts).length === 0;
    return {
      role: 'assistant',
      content: Array.isArray(thinkingParts) ? [...thinkingParts, ...text] : content,
      ...otherThoughts,
      ...(lacksThought && this.#form.quirks.reasoningField === 'required' ? { reasoning_content: NO_THOUGHT } : {}),
      ...fields,
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(({ sent }) => sent) }),
    };
  }
}

function sentText(message: SentMessage): string {
  return `,${jsonText(message)}`;
}

/** Without a mark the order decides: a thought comes first, then a text, then calls, then their results. */
function continues(answer: Answer, item: ResponseItem, response: string | null): boolean {
  if (response !== null || answer.response !== null) return response === answer.response;
  const hasCalls = answer.calls.length > 0;
  if (item.type === 'message' || item.type === 'reasoning') return answer.content === null && !hasCalls;
  return !answer.calls.some(({ result }) => result !== null);
}
