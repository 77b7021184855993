import { ResponseItem } from '../../../foundation/protocol/index.ts';
import {
  type FailureContext,
  incompleteResponse,
  readFailure,
  responseFailure,
  streamLost,
} from '../../failures/index.ts';
import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../../json/index.ts';
import type { ModelEvent } from '../../prompt/index.ts';
import type { OfferedTools } from '../index.ts';
import { type Filling, fillingOf, type OutputItems } from './output-items.ts';
import { storedItem } from './stored-item.ts';
import { cacheUseOf, usageOf } from './usage.ts';

/** What the events of one response are read with. */
export interface DecodeContext {
  readonly tools: OfferedTools;
  /** Id of the provider, whose own fields are kept. */
  readonly provider: string;
  readonly items: OutputItems;
  readonly failures: FailureContext;
}

/** Frequent or large events that mean nothing here; their JSON need not be read. */
const IGNORED_TYPES: ReadonlySet<string> = new Set([
  'response.in_progress',
  'response.queued',
  'response.content_part.added',
  'response.content_part.done',
  'response.output_text.annotation.added',
  'response.reasoning_summary_part.done',
]);
const TYPE_FIRST = '{"type":"';

/**
 * Adds the events of one data payload: none for what is not JSON, has no known type, or is an item that can't be read.
 * Throws a ModelError for a response that failed.
 */
export function decodeEvent(data: string, context: DecodeContext, events: ModelEvent[]): void {
  const { items } = context;
  const before = items.lastShown;
  // A piece follows a piece: its JSON is wanted, whatever its type.
  if (before === null) {
    const early = earlyType(data);
    const kept = fillingOf(early);
    if (kept !== undefined && kept.shown === undefined) return items.keep(data);
    if (kept === undefined && IGNORED_TYPES.has(early)) return;
  }
  const event = asObject(parseJson(data));
  const type = stringField(event, 'type');
  if (event === null || type === null) return;
  const filling = type === before?.event ? before : fillingOf(type);
  items.lastShown = filling?.shown === undefined ? null : filling;
  // Pieces of one text are all read as they come, or all later: their order is that of the stream.
  if (filling?.shown !== undefined) items.fill(event, filling);
  else if (filling !== undefined) items.keep(data);
  if (filling?.shown !== undefined) events.push(shownDelta(event, filling.shown));
  else for (const one of decodeTyped(event, type, context)) events.push(one);
}

/** Servers write the type first, so most of what is ignored is known without parsing it. Empty where it isn't first. */
function earlyType(data: string): string {
  if (!data.startsWith(TYPE_FIRST)) return '';
  return data.slice(TYPE_FIRST.length, data.indexOf('"', TYPE_FIRST.length));
}

function decodeTyped(event: JsonObject, type: string, context: DecodeContext): readonly ModelEvent[] {
  const { items } = context;
  switch (type) {
    case 'response.reasoning_summary_part.added':
      return [
        {
          type: 'reasoningSummaryPartAdded',
          itemId: stringField(event, 'item_id'),
          index: numberField(event, 'summary_index') ?? 0,
        },
      ];
    case 'response.output_item.added':
      items.added(event);
      return itemAdded(objectField(event, 'item'));
    case 'response.output_item.done':
      return itemDone(items.finished(event), context);
    case 'response.created':
      return objectField(event, 'response') === null ? [] : [{ type: 'created' }];
    case 'response.completed':
    case 'response.done':
    case 'response.incomplete':
    case 'response.failed':
      return ended(objectField(event, 'response'), type, context);
    default:
      return [];
  }
}

/** A piece of what is shown as it comes. Most events of a response are one. */
function shownDelta(event: JsonObject, type: NonNullable<Filling['shown']>): ModelEvent {
  const itemId = stringField(event, 'item_id');
  const delta = stringField(event, 'delta') ?? '';
  switch (type) {
    case 'textDelta':
      return { type, itemId, delta };
    case 'reasoningSummaryDelta':
      return { type, itemId, index: numberField(event, 'summary_index') ?? 0, delta };
    case 'reasoningContentDelta':
      return { type, itemId, index: numberField(event, 'content_index') ?? 0, delta };
  }
}

const KINDS: ReadonlyMap<string | null, 'message' | 'reasoning' | 'image'> = new Map([
  ['message', 'message'],
  ['reasoning', 'reasoning'],
  ['image_generation_call', 'image'],
]);

function itemAdded(item: JsonObject | null): readonly ModelEvent[] {
  if (item === null) return [];
  const type = stringField(item, 'type');
  const itemId = stringField(item, 'id');
  const added: ModelEvent = { type: 'itemAdded', itemId, kind: KINDS.get(type) ?? 'other' };
  return type === 'web_search_call' ? [added, { type: 'webSearchBegin', callId: itemId ?? '' }] : [added];
}

function itemDone(item: JsonObject | null, context: DecodeContext): readonly ModelEvent[] {
  const parsed = ResponseItem.safeParse(item === null ? null : storedItem(item, context));
  return parsed.success && parsed.data.type !== 'ghost_snapshot' ? [{ type: 'itemDone', item: parsed.data }] : [];
}

/**
 * How the response ended is its own status, where it has one: some servers report every end as completed. Items that came one
 * by one are not emitted again; others that the response lists are emitted now.
 */
function ended(response: JsonObject | null, type: string, context: DecodeContext): readonly ModelEvent[] {
  const status = stringField(response, 'status');
  const named = response?.['error'] ?? null;
  if (type === 'response.failed' || status === 'failed' || status === 'cancelled' || named) {
    throw responseFailure(readFailure(named), context.failures);
  }
  if (type === 'response.incomplete' || status === 'incomplete') throw incompleteResponse(incompleteReason(response));
  const responseId = stringField(response, 'id');
  if (response === null || responseId === null) throw streamLost('response.completed names no response', null);
  const rest = context.items.rest(response).flatMap((item) => itemDone(item, context));
  const cache = cacheUseOf(response);
  return [...rest, { type: 'completed', responseId, usage: usageOf(response), ...(cache === null ? {} : { cache }) }];
}

function incompleteReason(response: JsonObject | null): string | null {
  return stringField(objectField(response, 'incomplete_details'), 'reason');
}
