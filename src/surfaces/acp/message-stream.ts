import type { Readable, Writable } from 'node:stream';
import { type AnyMessage, RequestError, type Stream } from '@agentclientprotocol/sdk';
import { boundedLines, type Line, readJson } from '../../foundation/util/index.ts';

/** An image of the largest size that a prompt may have fits in, as base64. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** Requests with a list of MCP servers, which clients leave out or send as null where they have none. */
const WITH_SERVERS: readonly unknown[] = ['session/new', 'session/load', 'session/resume'];

/** Messages of the client and of keel, one JSON value a line. */
export interface MessageStream extends Stream {
  /** Calls `work` when the answer to a request has been written; what it sends comes after that answer. */
  afterAnswer(requestId: unknown, work: () => void): void;
}

/**
 * Reads and writes messages. A line that is no message, is too long or is nested too deeply gets an error as its answer, and the
 * next line is read as usual; the SDK's own stream would end the connection at the latter two.
 */
export function messageStream(stdin: Readable, stdout: Writable): MessageStream {
  const after = new Map<unknown, () => void>();
  const messages = messagesIn(stdin, stdout);
  const readable = new ReadableStream<AnyMessage>({
    async pull(controller) {
      const { value, done } = await messages.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void stdin.destroy(),
  });
  const writable = new WritableStream<AnyMessage>({
    async write(message) {
      await write(stdout, message);
      if (!('id' in message) || 'method' in message) return;
      const work = after.get(message.id);
      after.delete(message.id);
      if ('result' in message) work?.();
    },
  });
  return { readable, writable, afterAnswer: (requestId, work) => void after.set(requestId, work) };
}

async function* messagesIn(stdin: Readable, stdout: Writable): AsyncGenerator<AnyMessage, void> {
  for await (const line of boundedLines(stdin, MAX_MESSAGE_BYTES)) {
    const message = messageOf(line);
    if (message instanceof RequestError) {
      await write(stdout, { jsonrpc: '2.0', id: null, error: message.toErrorResponse() });
    } else if (message !== null) yield message;
  }
}

/** Resolves when the output has taken it: a client that reads slowly slows its own sessions down. */
async function write(stdout: Writable, message: unknown): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stdout.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
  await promise;
}

/** Null: the line is empty. */
function messageOf(line: Line): AnyMessage | RequestError | null {
  if (line.type === 'tooLong') {
    return RequestError.invalidRequest(undefined, `a message has at most ${MAX_MESSAGE_BYTES} bytes`);
  }
  const text = line.bytes.toString('utf8').trim();
  if (text === '') return null;
  let value: unknown;
  try {
    value = readJson(text);
  } catch {
    return RequestError.parseError();
  }
  if (Array.isArray(value)) return RequestError.invalidRequest(undefined, 'batches are not supported');
  return isObject(value) ? asMessage(withServerList(value)) : RequestError.invalidRequest();
}

/** What kind of message it is, if any, the SDK decides: it answers what it can't use. */
function asMessage(value: Readonly<Record<string, unknown>>): AnyMessage | RequestError {
  const isMessage = value['jsonrpc'] === '2.0' && (typeof value['method'] === 'string' || 'id' in value);
  return isMessage && isAnyMessage(value) ? value : RequestError.invalidRequest();
}

function isAnyMessage(value: Readonly<Record<string, unknown>>): value is AnyMessage & Record<string, unknown> {
  const { id } = value;
  return !('id' in value) || id === null || typeof id === 'string' || typeof id === 'number';
}

function withServerList(message: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { method, params } = message;
  if (!WITH_SERVERS.includes(method) || !isObject(params) || (params['mcpServers'] ?? null) !== null) return message;
  return { ...message, params: { ...params, mcpServers: [] } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
