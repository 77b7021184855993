import { MAX_MESSAGE_BYTES } from './stdio-transport.ts';

/** Ends an event of an event stream; servers write it with and without carriage returns. */
const EVENT_ENDS = ['\n\n', '\r\n\r\n', '\r\r'];

/**
 * Fetches, and breaks off an answer that is larger than a message may be: a whole body, or one event of a stream, which may
 * itself go on for as long as the session.
 */
export async function boundedFetch(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  const isStream = headers.get('content-type')?.includes('text/event-stream') ?? false;
  const bounded = new Response(body.pipeThrough(limited(isStream)), { status, statusText, headers });
  // Where a redirect led to, which a response made by hand does not know.
  Object.defineProperty(bounded, 'url', { value: response.url });
  return bounded;
}

function limited(isStream: boolean): TransformStream<Uint8Array, Uint8Array> {
  let size = 0;
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length;
      if (isStream && endsEvent(chunk)) size = 0;
      if (size > MAX_MESSAGE_BYTES) throw new Error(`it sent a message of more than ${MAX_MESSAGE_BYTES} bytes`);
      controller.enqueue(chunk);
    },
  });
}

function endsEvent(chunk: Uint8Array): boolean {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  return EVENT_ENDS.some((end) => bytes.includes(end));
}
