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
  #parts: CallPart[] = [];

  /** One entry of `delta.tool_calls`. */
  add(piece: JsonObject): void {
    const called = objectField(piece, 'function');
    const name = stringField(called, 'name') ?? '';
    const part = this.#partOf(numberField(piece, 'index'), stringField(piece, 'id') || null, name);
    part.name ||= name;
    part.arguments += argumentsIn(called);
  }

  /** In the order of their indexes, each of them once. A call without an id gets one, so that its output can name it. */
  take(tools: OfferedTools): readonly ResponseItem[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts
      .toSorted((one, other) => one.index - other.index)
      .map(({ id, name, arguments: text }) => {
        const call = { call_id: id ?? `call_${randomUUID()}`, name: tools.nameOf(name) };
        if (!tools.isFreeform(name)) return { type: 'function_call', ...call, arguments: text === '' ? '{}' : text };
        return { type: 'custom_tool_call', ...call, input: freeformInput(text) };
      });
  }

  #partOf(index: number | null, id: string | null, name: string): CallPart {
    const known = this.#begun(index, id, name);
    if (known !== undefined) {
      known.id ??= id;
      return known;
    }
    if (this.#parts.length === MAX_CALLS) {
      throw new ModelError('responseStreamDisconnected', 'the response holds more calls than any answer', {
        phase: 'stream',
      });
    }
    const next = index ?? Math.max(-1, ...this.#parts.map((part) => part.index)) + 1;
    const part: CallPart = { index: next, id, name: '', arguments: '' };
    this.#parts.push(part);
    return part;
  }

  /**
   * The call that a piece goes on with. Servers that tell no index begin a call with a new id or, without ids, with a name.
   * Some give all calls of an answer the index 0, and some a new id to every piece: only both, id and name, tell a new call.
   */
  #begun(index: number | null, id: string | null, name: string): CallPart | undefined {
    if (index === null) {
      if (id !== null) return this.#parts.find((part) => part.id === id);
      return name === '' ? this.#parts.at(-1) : undefined;
    }
    const known = this.#parts.findLast((part) => part.index === index);
    const isAnother = id !== null && name !== '' && known !== undefined && known.id !== null && known.id !== id;
    return isAnother ? undefined : known;
  }
}

/** Text; some servers give an object in its place. */
function argumentsIn(called: JsonObject | null): string {
  const given = objectField(called, 'arguments');
  return given === null ? (stringField(called, 'arguments') ?? '') : JSON.stringify(given);
}
