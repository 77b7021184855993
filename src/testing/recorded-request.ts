import type { IncomingHttpHeaders } from 'node:http';
import type { Json } from './script.ts';

/** A request as the server got it. */
export class RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body, byte for byte. */
  readonly text: string;
  /** When its headers came in, milliseconds since 1970 with fractions. */
  readonly arrivedAt: number;

  constructor(fields: Pick<RecordedRequest, 'method' | 'url' | 'headers' | 'text' | 'arrivedAt'>) {
    this.method = fields.method;
    this.url = fields.url;
    this.headers = fields.headers;
    this.text = fields.text;
    this.arrivedAt = fields.arrivedAt;
  }

  get body(): Json {
    return asObject(JSON.parse(this.text));
  }

  get input(): readonly Json[] {
    const { input } = this.body;
    return Array.isArray(input) ? input.map(asObject) : [];
  }

  get instructions(): string {
    return String(this.body['instructions'] ?? '');
  }

  get tools(): readonly Json[] {
    const { tools } = this.body;
    return Array.isArray(tools) ? tools.map(asObject) : [];
  }

  /** What the user wrote last, or an empty text. */
  get lastUserText(): string {
    return textsOf(this.input.findLast((item) => item['role'] === 'user')).join('');
  }

  /** The texts of all messages of a role, in order. */
  textsOf(role: string): string[] {
    return this.input.filter((item) => item['role'] === role).map((item) => textsOf(item).join(''));
  }

  /** What a call was answered with; undefined if it was not. */
  outputOf(callId: string): unknown {
    return this.input.find((item) => item['call_id'] === callId && 'output' in item)?.['output'];
  }

  /**
   * Checks that this request extends an earlier one byte for byte: the same instructions and tools, and the earlier input
   * as the beginning of this one's. That is what prompt caches bill on.
   */
  assertExtends(earlier: RecordedRequest): void {
    for (const part of ['instructions', 'tools'] as const) {
      if (JSON.stringify(this.body[part]) !== JSON.stringify(earlier.body[part])) throw new Error(`${part} changed`);
    }
    const before = JSON.stringify(earlier.input).slice(0, -1);
    const now = JSON.stringify(this.input);
    if (now.startsWith(before)) return;
    const at = [...before].findIndex((char, index) => char !== now[index]);
    throw new Error(`the input changed at ${at}: ${before.slice(at, at + 120)} became ${now.slice(at, at + 120)}`);
  }
}

function textsOf(item: Json | undefined): string[] {
  const content = item?.['content'];
  if (!Array.isArray(content)) return [];
  return content.map((part) => String(asObject(part)['text'] ?? ''));
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
