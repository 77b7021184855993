import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:net';
import { endConnections, engineEndpoint } from './endpoint.ts';
import { LiveTurns } from './live-turns.ts';
import { type PeerRoute, peerHandler } from './peer-server.ts';
import { newWorkerAddress } from './worker-life.ts';

export interface WorkerOptions {
  /** The address to listen on. */
  readonly host: string;
  /** 0: a free one. */
  readonly enginePort: number;
  readonly peerPort: number;
  /** How other workers reach this one's peer port; null: by `host` and that port. */
  readonly advertised: string | null;
  readonly secret: string;
  /** Hosts of the other workers besides loopback; see `isWorkerAddress`. */
  readonly workers?: readonly string[];
  readonly identityKeys: readonly string[];
  readonly parkAfterMs: number;
  readonly log: (line: string) => void;
  /** What it serves besides, to callers who know the secret. */
  readonly routes: (turns: LiveTurns) => readonly PeerRoute[];
}

/** Time for the engine to take the results of the last turns, ms. */
const RESULTS_MS = 2_000;

/** A worker that listens: it runs the turns that the engine gives it. */
export interface Worker {
  readonly enginePort: number;
  readonly peerPort: number;
  readonly turns: LiveTurns;
  /** Gives its turns to other workers and stops. @param graceMs for what is under way in each turn */
  drain(graceMs: number): Promise<void>;
}

/** @throws Error when a port can't be had */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { host, secret, parkAfterMs, identityKeys, log } = options;
  const peers = createServer();
  const peerPort = await listen(peers, options.peerPort, host);
  const address = newWorkerAddress(options.advertised ?? `http://${host}:${peerPort}`);
  const turns = new LiveTurns({ address, secret, parkAfterMs, workers: options.workers ?? [] });
  peers.on('request', peerHandler({ turns, secret, routes: options.routes(turns) }));
  const engine = engineEndpoint({ runner: turns, identityKeys, log });
  const end = endConnections(engine);
  const enginePort = await listen(engine, options.enginePort, host);
  return {
    enginePort,
    peerPort,
    turns,
    drain: async (graceMs) => {
      await turns.drain(graceMs);
      await end(RESULTS_MS);
      peers.close();
      peers.closeAllConnections();
    },
  };
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a worker listens on a port');
  return address.port;
}
