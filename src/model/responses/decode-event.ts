import { randomUUID } from 'node:crypto';
import { ResponseItem } from '../../protocol/index.ts';
import { type FailureContext, incompleteResponse, responseFailure, streamLost } from '../failures.ts';
import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../json-fields.ts';
import type { ModelEvent } from '../model-event.ts';
import { readFailure } from '../wire-failure.ts';
import { usageOf } from './usage.ts';

/** Frequent or large events that mean nothing here; their JSON need not be read. */
const IGNORED_TYPES: ReadonlySet<string> = new Set([
  'response.in_progress',
  'response.queued',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_text.done',
  'response.output_text.annotation.added',
  'response.refusal.done',
  'response.function_call_arguments.delta',
  'response.function_call_arguments.done',
  'response.custom_tool_call_input.delta',
  'response.custom_tool_call_input.done',
  'response.reasoning_summary_text.done',
  'response.reasoning_summary_part.done',
  'response.reasoning_text.done',
]);
const TYPE_FIRST = '{"type":"';

/**
 * The events of one data payload: none for what is not JSON, has no known type, or is an item that can't be read.
 * Throws a ModelError for a response that failed.
 */
export function decodeEvent(data: string, context: FailureContext): readonly ModelEvent[] {
  if (isIgnored(data)) return [];
  const event = asObject(parseJson(data));
  const type = stringField(event, 'type');
  return event === null || type === null ? [] : decodeTyped(event, type, context);
}

/** Servers write the type first, so most of what is ignored is known without parsing it. */
function isIgnored(data: string): boolean {
  if (!data.startsWith(TYPE_FIRST)) return false;
  return IGNORED_TYPES.has(data.slice(TYPE_FIRST.length, data.indexOf('"', TYPE_FIRST.length)));
}

function decodeTyped(event: JsonObject, type: string, context: FailureContext): readonly ModelEvent[] {
  const itemId = stringField(event, 'item_id');
  const delta = stringField(event, 'delta') ?? '';
  switch (type) {
    case 'response.output_text.delta':
    case 'response.refusal.delta':
      return [{ type: 'textDelta', itemId, delta }];
    case 'response.reasoning_summary_text.delta':
      return [{ type: 'reasoningSummaryDelta', itemId, index: numberField(event, 'summary_index') ?? 0, delta }];
    case 'response.reasoning_text.delta':
      return [{ type: 'reasoningContentDelta', itemId, index: numberField(event, 'content_index') ?? 0, delta }];
    case 'response.reasoning_summary_part.added':
      return [{ type: 'reasoningSummaryPartAdded', itemId, index: numberField(event, 'summary_index') ?? 0 }];
    case 'response.output_item.added':
      return itemAdded(objectField(event, 'item'));
    case 'response.output_item.done':
      return itemDone(objectField(event, 'item'));
    case 'response.created':
      return objectField(event, 'response') === null ? [] : [{ type: 'created' }];
    case 'response.completed':
      return [completed(objectField(event, 'response'))];
    case 'response.incomplete':
      throw incompleteResponse(incompleteReason(event));
    case 'response.failed':
      throw responseFailure(readFailure(objectField(event, 'response')), context);
    case 'error':
      throw responseFailure(topLevelFailure(event), context);
    default:
      return [];
  }
}

function itemAdded(item: JsonObject | null): readonly ModelEvent[] {
  if (item === null) return [];
  const type = stringField(item, 'type');
  const itemId = stringField(item, 'id');
  const kind = type === 'message' || type === 'reasoning' ? type : 'other';
  const added: ModelEvent = { type: 'itemAdded', itemId, kind };
  return type === 'web_search_call' ? [added, { type: 'webSearchBegin', callId: itemId ?? '' }] : [added];
}

function itemDone(item: JsonObject | null): readonly ModelEvent[] {
  const parsed = ResponseItem.safeParse(item === null ? null : asStored(item));
  return parsed.success && parsed.data.type !== 'ghost_snapshot' ? [{ type: 'itemDone', item: parsed.data }] : [];
}

/**
 * Wire forms that the stored form does not have: refusals are text, unknown parts are left out, a summary may lack. What a
 * call lacks of its form it gets: left out, it would end the turn as if nothing had been asked for.
 */
function asStored(item: JsonObject): JsonObject {
  if (item['type'] === 'function_call' || item['type'] === 'custom_tool_call') return storedCall(item);
  if (item['type'] === 'reasoning') return { ...item, summary: item['summary'] ?? [] };
  if (item['type'] !== 'message' || !Array.isArray(item['content'])) return item;
  return { ...item, content: item['content'].flatMap(storedPart) };
}

function storedCall(item: JsonObject): JsonObject {
  const call_id = stringField(item, 'call_id') || stringField(item, 'id') || `call_${randomUUID()}`;
  const given = objectField(item, 'arguments');
  return { ...item, call_id, ...(given === null ? {} : { arguments: JSON.stringify(given) }) };
}

function storedPart(value: unknown): unknown[] {
  const part = asObject(value);
  switch (part?.['type']) {
    case 'output_text':
    case 'input_text':
    case 'input_image':
      return [part];
    case 'refusal':
      return [{ type: 'output_text', text: stringField(part, 'refusal') ?? '' }];
    default:
      return [];
  }
}

/** `response.output` repeats the items that came one by one and is not read. */
function completed(response: JsonObject | null): ModelEvent {
  const responseId = stringField(response, 'id');
  if (response === null || responseId === null) throw streamLost('response.completed names no response', null);
  return { type: 'completed', responseId, usage: usageOf(response) };
}

function incompleteReason(event: JsonObject): string | null {
  return stringField(objectField(objectField(event, 'response'), 'incomplete_details'), 'reason');
}

/** `type` of a flat error event is the event's own, not the error's. */
function topLevelFailure(event: JsonObject): ReturnType<typeof readFailure> {
  const failure = readFailure(event);
  return objectField(event, 'error') === null ? { ...failure, type: null } : failure;
}
