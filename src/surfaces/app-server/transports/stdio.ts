import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Connection, Wire } from '../connection/connection.ts';
import { ErrorCode, MethodError } from '../methods/method.ts';
import { LineReader } from './lines.ts';

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
  const lines = new LineReader(
    MAX_MESSAGE_BYTES,
    (line) => connection.receive(line),
    () => connection.refuse(null, tooLong),
  );
  stdin.on('data', (chunk: Buffer | string) => lines.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
  // However the input ends, the client is gone.
  await finished(stdin, { signal: AbortSignal.any([stop, ended.signal]), writable: false }).catch(() => undefined);
  connection.end();
}
