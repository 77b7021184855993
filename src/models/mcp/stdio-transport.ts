import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from '@modelcontextprotocol/client';
import type { ServerProcess } from './launcher.ts';
import { repairedJson } from './message-repair.ts';

/** One message of a server, bytes: images come as text in it. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const BYTES_PER_MIB = 1024 * 1024;
const NEWLINE = 0x0a;
const DRAIN_MS = 100;

/** Messages over the input and output of a server's process: one JSON value a line. Other lines are passed over. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #server: ServerProcess;
  #parts: Buffer[] = [];
  #size = 0;
  #isClosed = false;
  #closeReason: string | null = null;

  constructor(server: ServerProcess) {
    this.#server = server;
  }

  /** Why keel closed it, where the server broke the protocol; null otherwise. */
  get closeReason(): string | null {
    return this.#closeReason;
  }

  async start(): Promise<void> {
    const { input, output, ended } = this.#server;
    output.on('data', (chunk: Buffer) => this.#take(chunk));
    for (const stream of [input, output]) stream.on('error', () => undefined);
    output.once('close', () => this.#close());
    // What it printed last may still be coming, and what it left running may keep its output open.
    void ended.then(() => setTimeout(() => this.#close(), DRAIN_MS).unref());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { input } = this.#server;
    const { promise, resolve } = Promise.withResolvers<void>();
    // The end of the process, which says why, reports a broken pipe.
    input.write(`${JSON.stringify(message)}\n`, () => resolve());
    return promise;
  }

  async close(): Promise<void> {
    this.#close();
    await this.#server.end();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts = [];
    this.onclose?.();
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    while (!this.#isClosed) {
      const end = rest.indexOf(NEWLINE);
      this.#keep(end === -1 ? rest : rest.subarray(0, end));
      if (end === -1) return;
      this.#line(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#size = 0;
      rest = rest.subarray(end + 1);
    }
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    if (this.#size <= MAX_MESSAGE_BYTES) return;
    this.#closeReason = tooLargeReason();
    this.onerror?.(new Error(this.#closeReason));
    void this.close();
  }

  #line(line: string): void {
    const message = parsed(line);
    if (message !== null) this.onmessage?.(message);
    else if (line.trim() !== '') this.onerror?.(new Error('it printed a line that is no message'));
  }
}

function parsed(line: string): JSONRPCMessage | null {
  try {
    return parseJSONRPCMessage(repairedJson(line));
  } catch {
    // A server that prints what it should log: its messages still count.
    return null;
  }
}

/** What is said of a message beyond the limit, whichever way it came. */
export function tooLargeReason(): string {
  return `it sent a message of more than ${MAX_MESSAGE_BYTES / BYTES_PER_MIB} MiB`;
}
