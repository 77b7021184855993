import { Readable, type Writable } from 'node:stream';
import {
  INVALID_REQUEST,
  isInitializeRequest,
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  PARSE_ERROR,
} from '@modelcontextprotocol/server';
import { boundedLines, type Line, readJson } from '../../foundation/util/index.ts';

/** As for the other servers of keel. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** What a line gets for an answer. */
interface Fault {
  readonly id: string | number | null;
  readonly code: number;
  readonly message: string;
}

type Read =
  | { readonly type: 'fault'; readonly fault: Fault }
  | { readonly type: 'message'; readonly value: unknown }
  | { readonly type: 'nothing' };

/**
 * The messages of a client's input for the protocol's library, which drops what isn't one without a word, and ends the server at one that is too
 * long: here such a line gets an error as its answer, and the next one is read as usual. So does a second `initialize`, with which the library would
 * start over beneath the calls that are running.
 */
export function messageLines(stdin: AsyncIterable<Buffer>, stdout: Writable): Readable {
  return Readable.from(messagesIn(stdin, stdout), { objectMode: false });
}

async function* messagesIn(stdin: AsyncIterable<Buffer>, stdout: Writable): AsyncGenerator<Buffer, void> {
  let isInitialized = false;
  for await (const line of boundedLines(stdin, MAX_MESSAGE_BYTES)) {
    const read = readLine(line);
    if (read.type === 'nothing') continue;
    if (read.type === 'fault') {
      await answer(stdout, read.fault);
      continue;
    }
    const isInitialize = isInitializeRequest(read.value);
    if (isInitialize && isInitialized) {
      await answer(stdout, {
        id: idOf(read.value),
        code: INVALID_REQUEST,
        message: 'this client is initialized already',
      });
      continue;
    }
    isInitialized ||= isInitialize;
    if (line.type === 'line') yield Buffer.concat([line.bytes, Buffer.from('\n')]);
  }
}

function readLine(line: Line): Read {
  const fault = (id: Fault['id'], code: number, message: string): Read => ({
    type: 'fault',
    fault: { id, code, message },
  });
  if (line.type === 'tooLong') return fault(null, INVALID_REQUEST, `a message has at most ${MAX_MESSAGE_BYTES} bytes`);
  const text = line.bytes.toString('utf8');
  if (text.trim() === '') return { type: 'nothing' };
  let value: unknown;
  try {
    value = readJson(text);
  } catch {
    return fault(null, PARSE_ERROR, 'this is not JSON');
  }
  const isMessage = [isJSONRPCRequest, isJSONRPCNotification, isJSONRPCResultResponse, isJSONRPCErrorResponse];
  if (isMessage.some((fits) => fits(value))) return { type: 'message', value };
  const message = Array.isArray(value) ? 'batches are not supported' : 'this is no message of JSON-RPC 2.0';
  return fault(idOf(value), INVALID_REQUEST, message);
}

/** JSON-RPC 2.0, section 5: the id of the request, or null where none can be read. */
function idOf(value: unknown): string | number | null {
  const id = typeof value === 'object' && value !== null && 'id' in value && 'method' in value ? value.id : null;
  return typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id)) ? id : null;
}

/** Resolves when the output has taken it: a client that does not read is not read from. */
async function answer(stdout: Writable, { id, code, message }: Fault): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // The library reports an output that is gone.
  stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`, () => resolve());
  await promise;
}
