import type { ModelError } from '../failures/index.ts';
import { type FailureContext, proxyAdvice, readFailure, responseFailure, streamLost } from '../failures/index.ts';
import { asObject, parseJson } from '../json/index.ts';
import { eventsOfWhole } from '../wires/index.ts';
import type { IdleWatch } from './idle-watch.ts';
import { type SseEvent, SseReader } from './sse.ts';
import type { HttpResponse } from './transport.ts';

/** Far above any real answer that comes in one piece, in characters. */
const MAX_WHOLE_CHARS = 64 * 1024 * 1024;
/** The start of an answer without a single event, kept for the message. */
const MAX_HEAD_CHARS = 4 * 1024;

/**
 * A response's events, all of those at a time that came at once. A whole JSON answer in place of a stream gives the events of
 * the same answer. The watch runs only while bytes are awaited; comments count as a sign of life.
 * @throws ModelError for an error in place of a stream
 */
export async function* serverEvents(
  response: HttpResponse,
  watch: IdleWatch,
  context: FailureContext,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  const reader = new SseReader();
  let head = '';
  let isWhole: boolean | null = null;
  let hasEvents = false;
  for await (const chunk of response.text) {
    if (isWhole || (!hasEvents && head.length < MAX_HEAD_CHARS)) head += chunk;
    isWhole ??= looksWhole(head);
    if (head.length > MAX_WHOLE_CHARS) throw streamLost('the answer is longer than any', context);
    const events = isWhole === false ? reader.feed(chunk) : [];
    if (events.length > 0) {
      hasEvents = true;
      watch.pause();
      yield events;
      watch.signal.throwIfAborted();
    }
    watch.wait();
  }
  if (isWhole === true) return yield eventsIn(head, context);
  const last = reader.end();
  yield last;
  const isSilent = !hasEvents && last.length === 0;
  if (isSilent && head.trim() !== '' && !head.trimStart().startsWith(':')) throw noStream(head, context);
}

/** Whether the answer is no event stream but a whole document: no event starts like JSON or HTML. Null after white space alone. */
function looksWhole(head: string): boolean | null {
  const start = head.trimStart();
  return start === '' ? null : /^[[{<]/.test(start);
}

function eventsIn(text: string, context: FailureContext): readonly SseEvent[] {
  const value = parseJson(text);
  const object = asObject(Array.isArray(value) ? value[0] : value);
  if (object === null) throw noStream(text, context);
  const events = object['error'] ? null : eventsOfWhole(object);
  if (events !== null) return events.map((data) => ({ data }));
  const failure = readFailure(value);
  throw failure.message === null ? noStream(text, context) : responseFailure(failure, context);
}

function noStream(text: string, context: FailureContext): ModelError {
  const answer = text.trim().slice(0, MAX_HEAD_CHARS);
  return streamLost(`the server answered with no event stream but ${answer}${proxyAdvice(context)}`, context);
}
