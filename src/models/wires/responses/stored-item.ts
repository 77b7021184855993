import { randomUUID } from '../../../foundation/util/index.ts';
import { asObject, type JsonObject, objectField, stringField } from '../../json/index.ts';
import type { OfferedTools } from '../index.ts';
import { extraOf, fieldsBeyond } from '../index.ts';

export interface StoredFormContext {
  readonly tools: OfferedTools;
  /** Id of the provider, whose own fields are kept. */
  readonly provider: string;
}

/** Fields that every item may have and that nobody wants back, or that have a meaning of their own in a stored item. */
const COMMON = ['type', 'id', 'status', 'object', 'created_by', 'created_at', 'extra', 'response', 'origin'] as const;
const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  message: new Set([...COMMON, 'role', 'content', 'phase']),
  reasoning: new Set([...COMMON, 'summary', 'content', 'encrypted_content']),
  function_call: new Set([...COMMON, 'name', 'arguments', 'call_id', 'parsed_arguments']),
  custom_tool_call: new Set([...COMMON, 'name', 'input', 'call_id']),
};

/**
 * Wire forms that the stored form does not have: texts in place of parts, refusals, unknown parts, a summary that lacks. What
 * a call lacks of its form it gets: left out, it would end the turn as if nothing had been asked for. Fields beyond the
 * published ones are kept for their provider.
 */
export function storedItem(item: JsonObject, context: StoredFormContext): JsonObject {
  if (item['type'] === 'image_generation_call') return { ...item, provider: context.provider };
  const known = KNOWN[stringField(item, 'type') ?? ''];
  if (known === undefined) return item;
  const { extra: _, response: __, origin: ___, ...own } = { ...item, ...fieldsOf(item, context) };
  return { ...own, ...extraOf(context.provider, { fields: fieldsBeyond(item, known) }) };
}

function fieldsOf(item: JsonObject, { tools }: StoredFormContext): JsonObject {
  switch (item['type']) {
    case 'message':
      return { role: stringField(item, 'role') ?? 'assistant', content: storedContent(item['content']) };
    case 'reasoning':
      return { summary: item['summary'] ?? [] };
    default: {
      const call_id = stringField(item, 'call_id') || stringField(item, 'id') || `call_${randomUUID()}`;
      const name = stringField(item, 'name');
      const given = objectField(item, 'arguments');
      return {
        call_id,
        ...(name === null ? {} : { name: tools.nameOf(name) }),
        ...(given === null ? {} : { arguments: JSON.stringify(given) }),
      };
    }
  }
}

function storedContent(content: unknown): unknown {
  if (typeof content === 'string') return [{ type: 'output_text', text: content }];
  return Array.isArray(content) ? content.flatMap(storedPart) : content;
}

/** Citations are extra: a malformed one costs no text. */
function citedText(part: JsonObject): JsonObject {
  const { annotations: given, ...text } = part;
  const cited = Array.isArray(given) ? given.filter((one) => stringField(asObject(one), 'type') !== null) : [];
  return cited.length === 0 ? text : { ...text, annotations: cited };
}

function storedPart(value: unknown): unknown[] {
  if (typeof value === 'string') return [{ type: 'output_text', text: value }];
  const part = asObject(value);
  switch (part?.['type']) {
    case 'output_text':
      return [citedText(part)];
    case 'input_text':
    case 'input_image':
      return [part];
    case 'text':
      return [{ type: 'output_text', text: stringField(part, 'text') ?? '' }];
    case 'refusal':
      return [{ type: 'output_text', text: stringField(part, 'refusal') ?? '' }];
    default:
      return [];
  }
}
