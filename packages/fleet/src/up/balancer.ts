import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Patience } from 'keel/session';

/** A worker, as the balancer sees it. */
export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Answers while the worker lives. */
  readonly healthUrl: string;
}

const LOOK_MS = 250;
/** A worker that has not answered for so long gets no turns, ms. Whether it has lost those that it has is up to the other workers. */
const SILENT_MS = 700;

/** `draining`: it takes nothing new, and what it has is on its way elsewhere. */
type Health = 'live' | 'draining' | 'silent';

interface Known extends Target {
  readonly sockets: Set<Socket>;
  state: Health;
}

/**
 * Spreads the engine's connections over the workers of one machine: each new one to the live worker with the fewest. A worker
 * that falls silent loses its connections, so that the engine tries its turns elsewhere at once.
 */
export class Balancer {
  readonly #server: Server;
  readonly #targets = new Map<string, Known>();
  readonly #stop = new AbortController();
  /** Connections that came while no worker lived. */
  readonly #waiting: Socket[] = [];

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** @throws Error when the port is taken */
  async listen(host: string, port: number): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  add(target: Target): void {
    const known: Known = { ...target, sockets: new Set(), state: 'live' };
    this.#targets.set(target.name, known);
    this.#passWaiting();
    void this.#watch(known).catch(() => undefined);
  }

  /** Sends a worker no more connections; those that it has remain. */
  retire(name: string): void {
    this.#targets.delete(name);
  }

  /** Breaks all connections; new ones are made at once. */
  cutAll(): void {
    for (const target of this.#targets.values()) cut(target);
  }

  close(): void {
    this.#stop.abort();
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    this.cutAll();
  }

  #accept(socket: Socket): void {
    // The frames of the engine are small and wait for each other.
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    this.#pass(socket, new Set());
  }

  #pass(socket: Socket, tried: Set<Known>): void {
    const target = this.#next(tried);
    if (target === null) return void this.#waiting.push(socket);
    tried.add(target);
    target.sockets.add(socket);
    const worker = connect({ host: target.host, port: target.port, noDelay: true });
    let isConnected = false;
    worker.on('connect', () => {
      isConnected = true;
      socket.pipe(worker).pipe(socket);
    });
    worker.on('error', () => worker.destroy());
    worker.on('close', () => {
      target.sockets.delete(socket);
      if (isConnected || socket.destroyed) socket.destroy();
      else this.#pass(socket, tried);
    });
    socket.on('close', () => worker.destroy());
  }

  #next(tried: ReadonlySet<Known>): Known | null {
    const live = [...this.#targets.values()].filter((target) => target.state === 'live' && !tried.has(target));
    return live.sort((one, other) => one.sockets.size - other.sockets.size)[0] ?? null;
  }

  #passWaiting(): void {
    for (const socket of this.#waiting.splice(0)) if (!socket.destroyed) this.#pass(socket, new Set());
  }

  async #watch(target: Known): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted && this.#targets.get(target.name) === target) {
      target.state = await healthOf(target.healthUrl);
      if (target.state === 'live') this.#passWaiting();
      if (target.state === 'silent') cut(target);
      await delay(LOOK_MS, undefined, { signal });
    }
  }
}

function cut({ sockets }: Known): void {
  for (const socket of sockets) socket.destroy();
}

async function healthOf(url: string): Promise<Health> {
  using patience = new Patience(SILENT_MS);
  try {
    return (await fetch(url, { signal: patience.signal })).ok ? 'live' : 'draining';
  } catch {
    return 'silent';
  }
}
