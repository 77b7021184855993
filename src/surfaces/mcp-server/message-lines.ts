import { Readable, type Writable } from 'node:stream';
import {
  INVALID_REQUEST,
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  PARSE_ERROR,
} from '@modelcontextprotocol/server';
import { boundedLines, type Line, readJson } from '../../foundation/util/index.ts';

/** As for the other servers of keel. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** What a line gets for an answer; null: it is a message, or nothing. */
type Fault = { readonly id: string | number | null; readonly code: number; readonly message: string } | null;

/**
 * The messages of a client's input for the protocol's library, which drops what isn't one without a word, and ends the server at one that is too
 * long: here such a line gets an error as its answer, and the next one is read as usual.
 */
export function messageLines(stdin: AsyncIterable<Buffer>, stdout: Writable): Readable {
  return Readable.from(messagesIn(stdin, stdout), { objectMode: false });
}

async function* messagesIn(stdin: AsyncIterable<Buffer>, stdout: Writable): AsyncGenerator<Buffer, void> {
  for await (const line of boundedLines(stdin, MAX_MESSAGE_BYTES)) {
    const fault = faultOf(line);
    if (fault !== null) await answer(stdout, fault);
    else if (line.type === 'line' && line.bytes.length > 0) yield Buffer.concat([line.bytes, Buffer.from('\n')]);
  }
}

function faultOf(line: Line): Fault {
  if (line.type === 'tooLong') {
    return { id: null, code: INVALID_REQUEST, message: `a message has at most ${MAX_MESSAGE_BYTES} bytes` };
  }
  const text = line.bytes.toString('utf8');
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = readJson(text);
  } catch {
    return { id: null, code: PARSE_ERROR, message: 'this is not JSON' };
  }
  const isMessage = [isJSONRPCRequest, isJSONRPCNotification, isJSONRPCResultResponse, isJSONRPCErrorResponse];
  if (isMessage.some((fits) => fits(value))) return null;
  const message = Array.isArray(value) ? 'batches are not supported' : 'this is no message of JSON-RPC 2.0';
  return { id: idOf(value), code: INVALID_REQUEST, message };
}

/** JSON-RPC 2.0, section 5: the id of the request, or null where none can be read. */
function idOf(value: unknown): string | number | null {
  const id = typeof value === 'object' && value !== null && 'id' in value && 'method' in value ? value.id : null;
  return typeof id === 'string' || (typeof id === 'number' && Number.isInteger(id)) ? id : null;
}

/** Resolves when the output has taken it: a client that does not read is not read from. */
async function answer(stdout: Writable, { id, code, message }: NonNullable<Fault>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // The library reports an output that is gone.
  stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`, () => resolve());
  await promise;
}
