import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Places } from '../place/index.ts';
import { isWorkerAddress } from '../worker-address.ts';
import { EngineIngress } from './engine-ingress.ts';
import { Front } from './front.ts';
import { RateLimit } from './rate-limit.ts';
import { Tokens } from './tokens.ts';

export interface StartFrontOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** The engine's ingress, which only the front and the workers may reach. */
  readonly ingress: string;
  /** The directory that all workers share. */
  readonly data: string;
  readonly tokenFile: string;
  readonly cloneFrom: readonly string[];
  readonly secret: string;
  /** Host names of workers; one that begins with a dot is a domain. */
  readonly workers: readonly string[];
  readonly turnsPerUser?: number;
  readonly watchesPerUser?: number;
  readonly rates?: { readonly burst: number; readonly perSecond: number };
  readonly log: (line: string) => void;
}

export interface RunningFront extends AsyncDisposable {
  readonly url: string;
}

const RATES = { burst: 60, perSecond: 20 };

/** @throws TokenFileError; Error when the port can't be had */
export async function startFront(options: StartFrontOptions): Promise<RunningFront> {
  const { host, port, data, cloneFrom, workers, secret, log } = options;
  const front = new Front({
    tokens: new Tokens(options.tokenFile),
    ingress: new EngineIngress(options.ingress),
    places: new Places({ data, cloneFrom }),
    rates: new RateLimit(options.rates ?? RATES),
    turnsPerUser: options.turnsPerUser ?? 16,
    watchesPerUser: options.watchesPerUser ?? 16,
    secret,
    isWorker: (address) => isWorkerAddress(workers, address),
    log,
  });
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 16_384 }, front.handler);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${portOf(server)}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front listens on a port');
  return address.port;
}
