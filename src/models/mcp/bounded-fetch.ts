import { createParser } from 'eventsource-parser';
import { JsonTooDeep } from '../../foundation/util/index.ts';
import { repairedJson } from './message-repair.ts';
import { MAX_MESSAGE_BYTES, tooLargeReason } from './stdio-transport.ts';

/** The media types of the MCP streamable HTTP transport. */
const EVENT_STREAM = 'text/event-stream';
const JSON_BODY = 'application/json';
/** In the place of a request or a notification that is nested too deep. */
const NO_MESSAGE = '{}';
/** One document of an authorization server: its size in bytes, and how long it may take, ms. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;
const DOCUMENT_MS = 30_000;

/**
 * Fetches, and breaks off an answer that is larger than a message may be: a whole body, or one event of a stream, which may
 * itself continue for as long as the session. Malformed answers in it are repaired, so that what asked does not wait for nothing.
 */
export async function boundedFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  const type = headers.get('content-type') ?? '';
  const bounded = new Response(body.pipeThrough(messagesOf(type)), { status, statusText, headers });
  // A response made by hand does not know where a redirect led to.
  Object.defineProperty(bounded, 'url', { value: response.url });
  return bounded;
}

/** Fetches a document of an authorization server, and breaks off one that is larger than any is. */
export async function documentFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  const signals = [AbortSignal.timeout(DOCUMENT_MS), ...(init?.signal ? [init.signal] : [])];
  const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
  const { body, status, statusText, headers } = response;
  return body === null
    ? response
    : new Response(body.pipeThrough(limited(MAX_DOCUMENT_BYTES)), { status, statusText, headers });
}

function messagesOf(type: string): TransformStream<Uint8Array, Uint8Array> {
  if (type.includes(EVENT_STREAM)) return repairedEvents();
  return type.includes(JSON_BODY) ? repairedBody() : limited(MAX_MESSAGE_BYTES);
}

function limited(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let size = 0;
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > maxBytes) throw new Error(tooLargeReason());
      controller.enqueue(chunk);
    },
  });
}

function repairedBody(): TransformStream<Uint8Array, Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  return new TransformStream({
    transform(chunk) {
      size += chunk.length;
      if (size > MAX_MESSAGE_BYTES) throw new Error(tooLargeReason());
      parts.push(chunk);
    },
    flush(controller) {
      if (size > 0) controller.enqueue(Buffer.from(repairedText(Buffer.concat(parts).toString('utf8'))));
    },
  });
}

function repairedEvents(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  let size = 0;
  let ready = '';
  const parser = createParser({
    onEvent({ id, event, data }) {
      size = 0;
      const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`;
      const lines = repairedText(data).split('\n');
      ready += `${head}${lines.map((line) => `data: ${line}\n`).join('')}\n`;
    },
    onRetry(ms) {
      ready += `retry: ${ms}\n\n`;
    },
    onComment() {
      size = 0;
    },
  });
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length;
      if (size > MAX_MESSAGE_BYTES) throw new Error(tooLargeReason());
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (ready !== '') controller.enqueue(Buffer.from(ready));
      ready = '';
    },
  });
}

/** What is not JSON stays as it is: the client of the protocol reports it. */
function repairedText(text: string): string {
  try {
    return JSON.stringify(repairedJson(text));
  } catch (error) {
    return error instanceof JsonTooDeep ? NO_MESSAGE : text;
  }
}
