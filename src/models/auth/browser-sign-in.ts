import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeelError } from '../../foundation/protocol/index.ts';
import { printable, raceAbort } from '../../foundation/util/index.ts';
import type { StoredTokens } from '../../storage/config/index.ts';
import type { Issuer } from './issuer.ts';

/** The port that sign-ins with ChatGPT are registered for. */
const PORT = 1455;
const BUSY_TRIES = 10;
const BUSY_WAIT_MS = 200;
const SCOPES = 'openid profile email offline_access';
const DONE_PAGE =
  '<!doctype html><meta charset="utf-8"><title>keel</title><p>You are signed in. You can close this window.';
const FAILED_PAGE = '<!doctype html><meta charset="utf-8"><title>keel</title><p>The sign-in failed. See the terminal.';

export interface BrowserSignInOptions {
  readonly issuer: Issuer;
  readonly signal: AbortSignal;
  /** Called with the address that the user opens. */
  readonly onAddress: (address: string) => void;
  /** Another one than the registered port, 0 for a free one; for tests. */
  readonly port?: number;
}

/**
 * Signs in by a browser on this machine (RFC 8252): the code comes to a server on the loopback interface, and is worth nothing
 * without the verifier, which never leaves this process (PKCE, RFC 7636).
 * @throws KeelError `unauthorized` for a sign-in that was refused; the signal's reason
 */
export async function browserSignIn({
  issuer,
  signal,
  onAddress,
  port = PORT,
}: BrowserSignInOptions): Promise<StoredTokens> {
  const verifier = randomBytes(64).toString('base64url');
  const state = randomBytes(32).toString('base64url');
  const callback = new Callback(state);
  const server = createServer((request, response) => callback.answer(request, response));
  try {
    const redirectUri = `http://localhost:${await listen(server, port, signal)}/auth/callback`;
    const address = new URL(`${issuer.url}/oauth/authorize`);
    address.search = new URLSearchParams({
      response_type: 'code',
      client_id: issuer.clientId,
      redirect_uri: redirectUri,
      scope: SCOPES,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      id_token_add_organizations: 'true',
      state,
    }).toString();
    onAddress(address.href);
    const { code, done } = await raceAbort(callback.arrived, signal);
    try {
      const tokens = await issuer.exchange({ code, verifier, redirectUri }, signal);
      done(DONE_PAGE);
      return tokens;
    } catch (error) {
      done(FAILED_PAGE);
      throw error;
    }
  } finally {
    server.close();
    server.closeIdleConnections();
  }
}

interface Arrived {
  readonly code: string;
  /** Answers the browser. */
  readonly done: (page: string) => void;
}

/** What the browser brings back. A request without this sign-in's own state is somebody else's, and changes nothing. */
class Callback {
  readonly #state: Buffer;
  readonly #arrival = Promise.withResolvers<Arrived>();

  constructor(state: string) {
    this.#state = Buffer.from(state);
    this.arrived.catch(() => undefined); // reported to whoever waits for it
  }

  get arrived(): Promise<Arrived> {
    return this.#arrival.promise;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const reply = (status: number, page: string) => {
      const headers = { 'content-type': 'text/html; charset=utf-8', connection: 'close', 'cache-control': 'no-store' };
      response.writeHead(status, headers).end(page);
    };
    if (url.pathname === '/cancel') {
      reply(200, FAILED_PAGE);
      return this.#arrival.reject(new KeelError('interrupted', 'another sign-in was started'));
    }
    if (url.pathname !== '/auth/callback' || !this.#isOwn(url.searchParams.get('state') ?? '')) {
      return reply(url.pathname === '/auth/callback' ? 400 : 404, FAILED_PAGE);
    }
    const code = url.searchParams.get('code');
    if (code !== null && code !== '') return this.#arrival.resolve({ code, done: (page) => reply(200, page) });
    reply(200, FAILED_PAGE);
    const reason = url.searchParams.get('error_description') ?? url.searchParams.get('error') ?? 'it brought no code';
    this.#arrival.reject(new KeelError('unauthorized', `the sign-in was refused: ${printable(reason).slice(0, 300)}`));
  }

  #isOwn(given: string): boolean {
    const bytes = Buffer.from(given);
    return bytes.length === this.#state.length && timingSafeEqual(bytes, this.#state);
  }
}

/** A sign-in that was left waiting elsewhere is asked to end. @returns the port */
async function listen(server: Server, port: number, signal: AbortSignal): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await listenOnce(server, port);
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isBusy || tries >= BUSY_TRIES) {
        throw new KeelError(
          'invalidInput',
          `port ${port} is in use: end the program that has it, or use --device-code`,
        );
      }
      if (tries === 1) await cancelOther(port, signal);
      await sleep(BUSY_WAIT_MS, undefined, { signal });
    }
  }
}

function listenOnce(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', () => {
    server.off('error', reject);
    const address = server.address();
    resolve(typeof address === 'object' && address !== null ? address.port : port);
  });
  return promise;
}

async function cancelOther(port: number, signal: AbortSignal): Promise<void> {
  const http = process.getBuiltinModule('node:http');
  const { promise, resolve } = Promise.withResolvers<void>();
  const request = http.get({ host: '127.0.0.1', port, path: '/cancel', signal, timeout: 2_000 }, (response) => {
    response.resume();
    resolve();
  });
  request.on('timeout', () => request.destroy());
  request.on('error', () => resolve()); // it is none of ours: the port stays busy, and that is reported
  await promise;
}
