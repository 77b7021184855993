import type { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { onAbort } from '../../../foundation/util/index.ts';
import { type Connection, ConnectionRefused } from '../transport.ts';

/** Far above any real event, as for event streams. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export interface OpenSocketOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  readonly proxy: string | null;
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** @throws ConnectionRefused; Node's error for a connection that fails; the signal's reason when it aborts */
export async function openSocket(options: OpenSocketOptions): Promise<Connection> {
  const { url, headers, agent, proxy, connectTimeoutMs, signal } = options;
  signal.throwIfAborted();
  const address = url.href.replace(/^http/, 'ws');
  const socket = new WebSocket(address, {
    headers,
    agent,
    handshakeTimeout: connectTimeoutMs,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  const opened = Promise.withResolvers<Socket>();
  let below: Socket | null = null;
  using _listener = onAbort(signal, () => opened.reject(signal.reason));
  socket.on('upgrade', (response) => {
    below = response.socket;
  });
  socket.on('unexpected-response', (_, response) => opened.reject(new ConnectionRefused(response.statusCode ?? 0)));
  socket.on('error', opened.reject);
  socket.on('close', () => opened.reject(new Error('the server closed the connection')));
  socket.on('open', () =>
    below === null ? opened.reject(new Error('there is no connection')) : opened.resolve(below),
  );
  try {
    return new SocketConnection(socket, await opened.promise, proxy);
  } catch (error) {
    socket.terminate();
    throw error;
  }
}

class SocketConnection implements Connection {
  readonly proxy: string | null;
  readonly #socket: WebSocket;
  readonly #below: Socket;
  #messages: string[] = [];
  #error: Error | null = null;
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket, below: Socket, proxy: string | null) {
    this.#socket = socket;
    this.#below = below;
    this.proxy = proxy;
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#fail(new Error('the server sent bytes in place of a text'));
      else this.#messages.push(String(data));
      this.#wake();
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#wake());
    below.unref();
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(message: Uint8Array): void {
    this.#socket.send(message, { binary: false });
  }

  async receive(signal: AbortSignal): Promise<readonly string[] | null> {
    signal.throwIfAborted();
    this.#below.ref();
    try {
      if (this.#messages.length === 0 && this.isOpen) await this.#next(signal);
    } finally {
      this.#below.unref();
    }
    const messages = this.#messages;
    this.#messages = [];
    if (messages.length > 0) return messages;
    if (this.#error !== null) throw this.#error;
    return null;
  }

  close(): void {
    this.#socket.terminate();
  }

  async #next(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    using _listener = onAbort(signal, () => reject(signal.reason));
    await promise;
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#socket.terminate();
    this.#wake();
  }
}
