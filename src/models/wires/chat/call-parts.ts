import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import { randomUUID } from '../../../foundation/util/index.ts';
import { ModelError } from '../../failures/index.ts';
import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../../json/index.ts';
import type { OfferedTools } from '../index.ts';
import { extraOf, fieldsBeyond, freeformInput, mergedFields } from '../index.ts';

/** Far above what any answer calls at once; each piece is looked up among them. */
const MAX_CALLS = 256;
const CALL_FIELDS: ReadonlySet<string> = new Set(['index', 'id', 'type', 'function']);
const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['name', 'arguments']);

type Fields = Readonly<Record<string, unknown>>;

interface CallPart {
  readonly index: number;
  id: string | null;
  name: string;
  /** In order of arrival; together they are the arguments, or each of them is all there was until then. */
  readonly pieces: string[];
  text: string;
  fields: Fields;
  functionFields: Fields;
}

export interface CallContext {
  readonly tools: OfferedTools;
  readonly provider: string;
  /** Fields of the message that have no other place. */
  readonly messageFields: Fields;
}

/** The calls of one response, put together from the pieces in which they come. */
export class CallParts {
  #parts: CallPart[] = [];

  /** One entry of `delta.tool_calls`. */
  add(piece: JsonObject): void {
    const called = objectField(piece, 'function') ?? {};
    const name = stringField(called, 'name') ?? '';
    const text = argumentsIn(called);
    const part = this.#partOf(numberField(piece, 'index'), stringField(piece, 'id') || null, name, text);
    part.name ||= name;
    if (text !== '') part.pieces.push(text);
    part.text += text;
    part.fields = mergedFields(part.fields, fieldsBeyond(piece, CALL_FIELDS));
    part.functionFields = mergedFields(part.functionFields, fieldsBeyond(called, FUNCTION_FIELDS));
  }

  /** In the order of their indexes. A call without an id gets one, so that its output can name it. */
  items({ tools, provider, messageFields }: CallContext): readonly ResponseItem[] {
    const parts = this.#parts.toSorted((one, other) => one.index - other.index);
    return parts.map(({ id, name, pieces, text: joined, fields, functionFields }, at) => {
      const text = wholeArguments(joined, pieces);
      const isFreeform = tools.isFreeform(name);
      const call = {
        call_id: id ?? `call_${randomUUID()}`,
        name: tools.nameOf(name),
      };
      const extra = extraOf(provider, {
        fields,
        function: functionFields,
        ...(at === 0 ? { message: messageFields } : {}),
      });
      if (isFreeform) return { type: 'custom_tool_call', ...call, input: freeformInput(text), ...extra };
      return { type: 'function_call', ...call, arguments: text, ...extra };
    });
  }

  #partOf(index: number | null, id: string | null, name: string, text: string): CallPart {
    const known = this.#started(index, id, name);
    if (known !== undefined && !isAnother(known, id, name, text)) {
      known.id ??= id;
      return known;
    }
    if (this.#parts.length === MAX_CALLS) {
      throw new ModelError('responseStreamDisconnected', 'the response contains more calls than any answer', {
        phase: 'stream',
      });
    }
    const next = index ?? Math.max(-1, ...this.#parts.map((part) => part.index)) + 1;
    const part: CallPart = { index: next, id, name: '', pieces: [], text: '', fields: {}, functionFields: {} };
    this.#parts.push(part);
    return part;
  }

  /** The call that a piece may continue. Servers that send no index start a call with a new id or, without ids, with a name. */
  #started(index: number | null, id: string | null, name: string): CallPart | undefined {
    if (index !== null) return this.#parts.findLast((part) => part.index === index);
    if (id !== null) return this.#parts.findLast((part) => part.id === id);
    return name === '' ? this.#parts.at(-1) : undefined;
  }
}

/**
 * Whether a piece starts a call of its own, though its index or id is that of a known one: some servers give all calls of
 * an answer the index 0 or one id, and some a new id to every piece. Only a piece with a name can start a call.
 */
function isAnother(known: CallPart, id: string | null, name: string, text: string): boolean {
  if (name === '' || known.name === '') return false;
  if (id !== null && known.id !== null && known.id !== id) return true;
  const before = known.text;
  // Some servers repeat the name with every piece, so the text is only read where it may be an object.
  if (!before.endsWith('}') || !isWhole(before)) return false;
  if (name !== known.name) return true;
  return id === null && text !== before && isWhole(text);
}

/** Text; some servers give an object in its place. */
function argumentsIn(called: JsonObject): string {
  const given = objectField(called, 'arguments');
  return given === null ? (stringField(called, 'arguments') ?? '') : JSON.stringify(given);
}

/**
 * The pieces together where that is a JSON object. Else, of servers that repeat the whole object with every piece, the last
 * one that is not empty; and a text that is nothing but one object, several times, is that object.
 */
function wholeArguments(text: string, pieces: readonly string[]): string {
  if (text.trim() === '') return '{}';
  if (isWhole(text)) return text;
  const whole = pieces.filter(isWhole);
  if (pieces.length > 1 && whole.length > 0) return whole.findLast((piece) => piece.trim() !== '{}') ?? '{}';
  return repeatedObject(text) ?? text;
}

const MAX_REPEATS = 8;

function repeatedObject(text: string): string | null {
  for (let times = 2; times <= MAX_REPEATS; times += 1) {
    const unit = text.slice(0, text.length / times);
    if (text.length % times === 0 && unit.repeat(times) === text && isWhole(unit)) return unit;
  }
  return null;
}

function isWhole(text: string): boolean {
  return asObject(parseJson(text)) !== null;
}
