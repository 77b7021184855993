import type { CallItem, OutputItem, ResponseItem } from '../../foundation/protocol/index.ts';
import { asObject, parseJson, readableJson } from '../json/index.ts';
import { type IdForm, sendableId, sendableWord } from './wire-names.ts';

/**
 * Rewrites the calls of an input so that every server accepts them: each id is valid and unique, an output names the id of
 * its call, a name is valid, and arguments are a JSON object. Valid calls stay the same item, so that a request repeats
 * byte for byte what the model sent.
 */
export class SendableCalls {
  readonly #form: IdForm;
  readonly #used = new Set<string>();
  /** How often an id was used again. */
  readonly #repeats = new Map<string, number>();
  /** Ids of calls that wait for their output, the oldest first, by the id in the history. */
  readonly #waiting = new Map<string, string[]>();

  constructor(form: IdForm) {
    this.#form = form;
  }

  /** Call with every item of an input in its order. Null: a call that nothing can answer, or an output without a call. */
  next(item: ResponseItem): ResponseItem | null {
    switch (item.type) {
      case 'function_call':
      case 'custom_tool_call':
      case 'local_shell_call':
        return this.#call(item);
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#output(item);
      default:
        return item;
    }
  }

  #call(call: CallItem): CallItem | null {
    const id = call.call_id || (call.type === 'local_shell_call' ? call.id : null);
    if (!id) return null;
    const callId = this.#unique(id);
    const key = keyOf(call, id);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, [callId]);
    else waiting.push(callId);
    return sendableCall(call, callId);
  }

  #output(output: OutputItem): OutputItem | null {
    const callId = this.#waiting.get(keyOf(output, output.call_id))?.shift();
    if (callId === undefined) return null;
    return callId === output.call_id ? output : { ...output, call_id: callId };
  }

  #unique(id: string): string {
    const plain = sendableId(id, this.#form);
    let callId = plain;
    for (let count = this.#repeats.get(plain) ?? 2; this.#used.has(callId); count += 1) {
      callId = sendableId(`${plain}_${count}`, this.#form);
      this.#repeats.set(plain, count + 1);
    }
    this.#used.add(callId);
    return callId;
  }
}

function sendableCall(call: CallItem, callId: string): CallItem {
  switch (call.type) {
    case 'local_shell_call':
      return call.call_id === callId ? call : { ...call, call_id: callId };
    case 'custom_tool_call': {
      const name = sendableWord(call.name);
      const isFine = call.call_id === callId && call.name === name && call.input.isWellFormed();
      return isFine ? call : { ...call, call_id: callId, name, input: call.input.toWellFormed() };
    }
    case 'function_call': {
      const name = sendableWord(call.name);
      const text = sendableArguments(call.arguments);
      const isFine = call.call_id === callId && call.name === name && call.arguments === text;
      return isFine ? call : { ...call, call_id: callId, name, arguments: text };
    }
  }
}

/** Arguments as the model wrote them where they are a JSON object. Servers parse them, so another text travels inside of one. */
export function sendableArguments(text: string): string {
  if (text.trim() === '') return '{}';
  const value = asObject(parseJson(text));
  return value === null ? JSON.stringify({ _raw: text.toWellFormed() }) : readableJson(text, value);
}

/** Custom tools have ids of their own. */
function keyOf(item: CallItem | OutputItem, id: string): string {
  return `${item.type.startsWith('custom') ? 'custom' : 'function'}:${id}`;
}
