import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Gate } from '../gate/gate.ts';
import { httpProxy, type ProxyServerOptions } from './http-proxy.ts';
import { type ProxyLimits, proxyLimits } from './limits.ts';
import { readExactly } from './read-exactly.ts';
import { serveSocks } from './socks-proxy.ts';

export interface ProxyOptions {
  readonly gate: Gate;
  /** Absent: `proxyLimits`. */
  readonly limits?: ProxyLimits;
  /** Called with faults of the proxy itself. */
  readonly onCrash: (error: unknown) => void;
}

const SOCKS = 5;

/**
 * A proxy for HTTP, CONNECT and SOCKS 5 on one port: the first byte of a connection shows which it speaks. What is open is
 * the gate's to say. Serves until it is closed, which ends all that runs through it.
 */
export class NetworkProxy {
  readonly #http: HttpServer;
  readonly #options: ProxyServerOptions;
  readonly #closed = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #servers = new Set<Server>();

  constructor(options: ProxyOptions) {
    this.#options = { limits: proxyLimits, ...options, signal: this.#closed.signal };
    this.#http = httpProxy(this.#options);
  }

  /** Serves what comes in at a server that listens, and closes it in the end. */
  serve(server: Server): void {
    if (this.#closed.signal.aborted) {
      server.close();
      return;
    }
    this.#servers.add(server);
    server.on('connection', (socket) => this.#take(socket));
    server.on('error', this.#options.onCrash);
    // A proxy that nobody uses must not keep keel running.
    server.unref();
  }

  close(): void {
    this.#closed.abort();
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#http.closeAllConnections();
    this.#http.close();
  }

  #take(socket: Socket): void {
    if (this.#sockets.size >= this.#options.limits.connections) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    // A program that breaks off is its own affair.
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    this.#serve(socket).catch((error: unknown) => {
      socket.destroy();
      this.#options.onCrash(error);
    });
  }

  async #serve(socket: Socket): Promise<void> {
    const { limits, signal } = this.#options;
    const first = await readExactly(socket, 1, AbortSignal.any([signal, AbortSignal.timeout(limits.headerMs)]));
    if (first === null) {
      socket.destroy();
      return;
    }
    socket.unshift(first);
    if (first[0] === SOCKS) await serveSocks(socket, this.#options);
    else this.#http.emit('connection', socket);
  }
}
