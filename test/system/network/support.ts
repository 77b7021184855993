import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Gate } from '../../../src/system/network/gate/gate.ts';
import { type AskUser, type DomainPattern, parsePattern } from '../../../src/system/network/index.ts';
import { proxyLimits } from '../../../src/system/network/proxy/limits.ts';
import { NetworkProxy } from '../../../src/system/network/proxy/proxy.ts';

export function patterns(texts: readonly string[]): DomainPattern[] {
  return texts.map((text) => {
    const parsed = parsePattern(text);
    if (parsed.type === 'fault') throw new Error(`${text}: ${parsed.message}`);
    return parsed.pattern;
  });
}

export interface WorldOptions {
  readonly allowed?: readonly string[];
  readonly denied?: readonly string[];
  readonly mode?: 'full' | 'limited';
  readonly local?: boolean;
  /** Addresses of names; every name not among them is 127.0.0.1. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  readonly ask?: AskUser;
  readonly limits?: Partial<typeof proxyLimits>;
}

/** A proxy on a port of this machine, and servers behind it. All that was opened is closed in the end. */
export class ProxyWorld implements AsyncDisposable {
  readonly gate: Gate;
  readonly proxy: NetworkProxy;
  readonly lookedUp: string[] = [];
  readonly crashes: unknown[] = [];
  readonly #servers: Server[] = [];
  port = 0;

  private constructor(options: WorldOptions) {
    const { allowed = [], denied = [], mode = 'full', local = true, names = {}, ask, limits = {} } = options;
    this.gate = new Gate({
      rules: { allowed: patterns(allowed), denied: patterns(denied), mode, allowLocalBinding: local },
      resolve: async (name) => {
        this.lookedUp.push(name);
        return names[name] ?? ['127.0.0.1'];
      },
      ...(ask === undefined ? {} : { ask }),
    });
    this.proxy = new NetworkProxy({
      gate: this.gate,
      limits: { ...proxyLimits, ...limits },
      onCrash: (error) => this.crashes.push(error),
    });
  }

  static async open(options: WorldOptions = {}): Promise<ProxyWorld> {
    const world = new ProxyWorld(options);
    const server = createServer({ allowHalfOpen: true });
    world.port = await listening(server);
    world.proxy.serve(server);
    return world;
  }

  /** @returns its port on 127.0.0.1 */
  async http(onRequest: RequestListener): Promise<number> {
    const server = createHttpServer(onRequest);
    this.#servers.push(server);
    return listening(server);
  }

  async tcp(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, onSocket);
    this.#servers.push(server);
    return listening(server);
  }

  /** What the proxy answers to bytes until it closes. */
  async raw(bytes: string | Uint8Array): Promise<string> {
    const socket = this.connect();
    socket.write(bytes);
    return textOf(socket);
  }

  connect(): Socket {
    return connect({ host: '127.0.0.1', port: this.port, allowHalfOpen: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.proxy.close();
    for (const server of this.#servers) {
      if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function')
        server.closeAllConnections();
      server.close();
    }
  }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return isAddress(address) ? address.port : 0;
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

/** All of a stream; what breaks it ends it. */
export async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['end', 'close', 'error']) socket.once(event, () => resolve());
  await promise;
  socket.destroy();
  return text;
}

/** The next bytes of a stream, as text. */
export async function nextText(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, 'data');
  return Buffer.from(chunk).toString('latin1');
}
