import type { IncomingHttpHeaders } from 'node:http';
import { rawFields } from './raw-json.ts';
import { isJson, type Json } from './script.ts';

/** What came in, and how to learn what became of it. */
export interface RequestFields {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly arrivedAt: number;
  readonly closed: Promise<void>;
  readonly isClosedEarly: () => boolean;
  readonly transport: 'http' | 'websocket';
  /** Items that the server had before: those of the response that this request continues. */
  readonly before: readonly Json[];
}

/** A request as the server got it. */
export class RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** How it came. The message of a WebSocket counts as a POST. */
  readonly transport: 'http' | 'websocket';
  /** The body, or the message of a WebSocket, byte for byte. */
  readonly text: string;
  /** When its headers came in, milliseconds since 1970 with fractions, on a clock that never goes back. */
  readonly arrivedAt: number;
  /** Settles when the exchange is over, whoever ended it; never rejects. */
  readonly closed: Promise<void>;
  readonly #isClosedEarly: () => boolean;
  readonly #before: readonly Json[];
  #body: Json | null = null;

  constructor(fields: RequestFields) {
    const { pathname, searchParams } = new URL(fields.url, 'http://127.0.0.1');
    this.method = fields.method;
    this.url = fields.url;
    this.path = pathname;
    this.query = searchParams;
    this.headers = fields.headers;
    this.text = fields.text;
    this.arrivedAt = fields.arrivedAt;
    this.closed = fields.closed;
    this.transport = fields.transport;
    this.#before = fields.before;
    this.#isClosedEarly = fields.isClosedEarly;
  }

  /** The client went away before its response had ended. */
  get closedEarly(): boolean {
    return this.#isClosedEarly();
  }

  /** The parsed body; empty if it isn't a JSON object. */
  get body(): Json {
    this.#body ??= parsed(this.text);
    return this.#body;
  }

  /** Items, where the Responses API was asked: with those of the responses that it continues, which are not sent again. */
  get input(): readonly Json[] {
    return [...this.#before, ...objectsIn(this.body['input'])];
  }

  /** Messages, where another API was asked. */
  get messages(): readonly Json[] {
    return objectsIn(this.body['messages']);
  }

  get instructions(): string {
    return textOf(this.body['instructions'] ?? this.body['system']);
  }

  get tools(): readonly Json[] {
    return objectsIn(this.body['tools']);
  }

  /** What the user wrote last, or an empty text. */
  get lastUserText(): string {
    return this.textsOf('user').at(-1) ?? '';
  }

  /** The texts of all messages of a role, in order. */
  textsOf(role: string): string[] {
    const said = [...this.input, ...this.messages].filter((one) => one['role'] === role);
    // A message that only carries results has no text of its own.
    return said.filter(({ content }) => !isOfResults(content)).map(({ content }) => textOf(content));
  }

  /** What a call was answered with; undefined if it was not. */
  outputOf(callId: string): unknown {
    const item = this.input.find((one) => one['call_id'] === callId && 'output' in one);
    const blocks = this.messages.flatMap(({ content }) => objectsIn(content));
    return item?.['output'] ?? blocks.find((block) => block['tool_use_id'] === callId)?.['content'];
  }

  /**
   * Checks that this request extends an earlier one byte for byte: the same instructions and tools, and the earlier input
   * as the beginning of this one's. That is what prompt caches bill on; marks that only steer them do not count.
   * @throws Error that shows where the two part
   */
  assertExtends(earlier: RecordedRequest): void {
    const [now, before] = [rawFields(unmarked(this.text)), rawFields(unmarked(earlier.text))];
    for (const field of ['instructions', 'system', 'tools']) {
      const [one, other] = [now.get(field) ?? '', before.get(field) ?? ''];
      if (one !== other) throw new Error(`the ${field} changed ${difference(other, one)}`);
    }
    const field = now.has('messages') ? 'messages' : 'input';
    const input = now.get(field) ?? '';
    // A message may get further blocks, so its closing brackets are not part of the shared bytes.
    const items = (before.get(field) ?? '[]').replace(field === 'input' ? /\s*\]$/ : /(?:\]\})?\]$/, '');
    // After the shared items comes the next item or the end, so that none of them continues.
    const goesOn = items === '[' || /^\s*[,\]]/.test(input.slice(items.length));
    if (!input.startsWith(items) || !goesOn) throw new Error(`the ${field} changed ${difference(items, input)}`);
  }
}

/** Marks how far a cache keeps. Within a text its quotes would be escaped. */
const CACHE_MARK = /,"cache_control":\{"type":"ephemeral"\}/g;

function unmarked(body: string): string {
  return body.replaceAll(CACHE_MARK, '');
}

/** Shown on each side of the place where two texts part, in UTF-16 units. */
const CONTEXT = 100;

function difference(before: string, now: string): string {
  let at = 0;
  while (at < now.length && now[at] === before[at]) at += 1;
  const around = (text: string) => text.slice(Math.max(0, at - CONTEXT), at + CONTEXT);
  return `at ${at}:\n  earlier: ${around(before)}\n  this:    ${around(now)}`;
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return objectsIn(content)
    .map((part) => String(part['text'] ?? ''))
    .join('');
}

function isOfResults(content: unknown): boolean {
  const blocks = objectsIn(content);
  return blocks.length > 0 && blocks.every(({ type }) => type === 'tool_result');
}

function parsed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : {};
  } catch {
    return {}; // the text is there for a test of a client that sends something else
  }
}

function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}
