import { randomUUID } from 'node:crypto';
import type { ResponseItem } from '../../protocol/index.ts';
import { freeformInput } from '../freeform-function.ts';
import { type JsonObject, numberField, objectField, stringField } from '../json-fields.ts';
import { ModelError } from '../model-error.ts';
import type { OfferedTools } from '../wire-names.ts';

/** Far above what any answer calls at once; each piece is looked up among them. */
const MAX_CALLS = 256;

interface CallPart {
  readonly index: number;
  id: string | null;
  name: string;
  arguments: string;
}

/** The calls of one response, put together from the pieces in which they come. */
export class CallParts {
  readonly #parts: CallPart[] = [];

  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** One entry of `delta.tool_calls`, at its place in that list. */
  add(piece: JsonObject, place: number): void {
    const part = this.#partOf(numberField(piece, 'index'), stringField(piece, 'id'), place);
    const called = objectField(piece, 'function');
    part.name ||= stringField(called, 'name') ?? '';
    part.arguments += stringField(called, 'arguments') ?? '';
  }

  /** In the order of their indexes. A call without an id gets one, so that its output can name it. */
  items(tools: OfferedTools): readonly ResponseItem[] {
    return this.#parts
      .toSorted((one, other) => one.index - other.index)
      .map(({ id, name, arguments: text }) => {
        const call = { call_id: id ?? `call_${randomUUID()}`, name: tools.nameOf(name) };
        if (!tools.isFreeform(name)) return { type: 'function_call', ...call, arguments: text === '' ? '{}' : text };
        return { type: 'custom_tool_call', ...call, input: freeformInput(text) };
      });
  }

  /** Servers that tell no index begin a call with a new id; those that tell no id either send their calls whole. */
  #partOf(index: number | null, id: string | null, place: number): CallPart {
    const known = this.#parts.find((part) => (index === null ? sameCall(part, id, place) : part.index === index));
    if (known !== undefined) {
      known.id ??= id === '' ? null : id;
      return known;
    }
    if (this.#parts.length === MAX_CALLS) {
      throw new ModelError('responseStreamDisconnected', 'the response holds more calls than any answer', {
        phase: 'stream',
      });
    }
    const next = index ?? Math.max(-1, ...this.#parts.map((part) => part.index)) + 1;
    const part: CallPart = { index: next, id: id === '' ? null : id, name: '', arguments: '' };
    this.#parts.push(part);
    return part;
  }
}

function sameCall(part: CallPart, id: string | null, place: number): boolean {
  return id === null || id === '' ? part.index === place : part.id === id;
}
