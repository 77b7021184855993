import { addAbortSignal, type Readable, type Writable } from 'node:stream';
import { boundedLines } from '../../../foundation/util/index.ts';
import type { Connection, Wire } from '../connection/connection.ts';
import { ErrorCode, MethodError } from '../methods/method.ts';

/** A longer message is refused: the largest are images in a user's input, bytes. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

export interface StdioOptions {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly connect: (wire: Wire) => Connection;
  readonly stop: AbortSignal;
}

/** Serves one client, a message a line. Resolves when its input has ended, it was disconnected, or `stop` aborts. */
export async function serveStdio({ stdin, stdout, connect, stop }: StdioOptions): Promise<void> {
  const ended = new AbortController();
  const wire: Wire = {
    send: (text) => void stdout.write(`${text}\n`),
    queuedBytes: () => stdout.writableLength,
    end: () => ended.abort(),
  };
  const connection = connect(wire);
  const tooLong = new MethodError(ErrorCode.invalidRequest, `a message has at most ${MAX_MESSAGE_BYTES} bytes`);
  const input = untilGone(stdin, AbortSignal.any([stop, ended.signal]));
  for await (const line of boundedLines(input, MAX_MESSAGE_BYTES)) {
    const text = line.type === 'line' ? line.bytes.toString('utf8').trim() : null;
    if (text === null) connection.refuse(null, tooLong);
    else if (text !== '') connection.receive(text);
  }
  connection.end();
}

/** However the input ends, the client is gone. */
async function* untilGone(stdin: Readable, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  try {
    yield* addAbortSignal(signal, stdin);
  } catch {
    // Broken or stopped: there is nothing more to read.
  }
}
