import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { onAbort, reasonOf } from '../../foundation/util/index.ts';
import type { Config } from '../../storage/config/index.ts';
import { withoutEncoding } from './content-encoding.ts';
import { type ProxyRoute, proxyRoute } from './proxy-route.ts';
import { isUnknownAuthority, type TlsFiles, tlsOptions } from './tls-options.ts';
import {
  type Connection,
  ConnectionRefused,
  type HttpRequest,
  type HttpResponse,
  type Transport,
} from './transport.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How bytes are sent for one protocol: its module is loaded and its connections are opened with the first request. */
interface Channel {
  readonly agent: Agent;
  request(url: URL, options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest;
}

/** An idle connection is kept this long, ms: longer than most tool calls, shorter than load balancers' own limits. */
const IDLE_CONNECTION_MS = 30_000;
/** After the last event of interest the end of the body is waited for this long, ms, so that its connection serves again. */
const DRAIN_MS = 1_000;
const CONNECT_MS = 15_000;

export interface HttpTransportOptions extends TlsFiles {
  /** Proxies, `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS` are read from it. */
  readonly env: Environment;
  /** How long a connection may take, with the proxy's part and the handshake; default 15 s. */
  readonly connectTimeoutMs?: number | undefined;
}

type HttpRequestHead = Pick<HttpRequest, 'url' | 'headers'>;

interface Exchange {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly route: ProxyRoute;
  readonly signal: AbortSignal;
  readonly onSent: (() => void) | undefined;
}

/** HTTP/1.1 with kept-alive connections; goes through a proxy where the environment names one for the server. */
export class HttpTransport implements Transport {
  /** By protocol, trust and proxy. */
  readonly #channels = new Map<string, Channel>();
  readonly #options: HttpTransportOptions;
  #trustsSystem = false;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  async send(request: HttpRequest, signal: AbortSignal, onSent?: () => void): Promise<HttpResponse> {
    return this.#trusting(request.url, signal, (url, route) => this.#exchange({ request, url, route, signal, onSent }));
  }

  async connect({ url: address, headers }: HttpRequestHead, signal: AbortSignal): Promise<Connection> {
    const { openSocket } = await import('./socket/web-socket.ts');
    const connectTimeoutMs = this.#options.connectTimeoutMs ?? CONNECT_MS;
    return this.#trusting(address, signal, (url, route) => {
      const { agent } = this.#channel(url.protocol, route);
      const proxy = route.type === 'direct' ? null : route.label;
      return openSocket({ url, headers, agent, proxy, connectTimeoutMs, signal });
    });
  }

  close(): void {
    for (const { agent } of this.#channels.values()) agent.destroy();
    this.#channels.clear();
  }

  /** Nothing was sent to a server that was not trusted, so with more authorities the same can be tried as if for the first time. */
  async #trusting<T>(
    address: string,
    signal: AbortSignal,
    attempt: (url: URL, route: ProxyRoute) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const url = new URL(address);
    const route = proxyRoute(url, this.#options.env);
    try {
      return await attempt(url, route);
    } catch (error) {
      const isUntrusted = error instanceof Error && isUnknownAuthority(error);
      if (!isUntrusted || !this.#trustSystem()) throw described(error, route, url);
      return await attempt(url, route).catch((second: unknown) => {
        throw described(second, route, url);
      });
    }
  }

  async #exchange({ request, url, route, signal, onSent }: Exchange): Promise<HttpResponse> {
    const channel = this.#channel(url.protocol, route);
    const { method } = request;
    const length = request.body.reduce((sum, piece) => sum + piece.byteLength, 0);
    const headers = { ...request.headers, 'Content-Length': String(length) };
    const limitMs = this.#options.connectTimeoutMs ?? CONNECT_MS;
    const isTunneled = route.type === 'proxy' && url.protocol === 'https:';
    const options = { method, headers, agent: channel.agent, signal, ...(isTunneled ? { timeout: limitMs } : {}) };
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const sent = channel.request(url, options, (incoming) => resolve(new NodeResponse(incoming, route)));
    // A request that waits for its tunnel reports neither its own end nor that of the signal.
    const fail = (error: unknown) => {
      reject(error);
      sent.destroy();
    };
    const listener = onAbort(signal, () => fail(signal.reason));
    const limit = setTimeout(() => fail(new Error(`no connection within ${limitMs / 1_000} s`)), limitMs);
    whenConnected(sent, isTunneled ? 'tunnel' : url.protocol, () => clearTimeout(limit));
    sent.on('error', reject);
    sent.once('socket', outlives);
    if (onSent !== undefined) sent.once('finish', onSent);
    for (const piece of request.body) sent.write(piece);
    sent.end();
    return promise.finally(() => {
      clearTimeout(limit);
      listener[Symbol.dispose]();
    });
  }

  /** New connections also trust the system's authorities. False: they did already. */
  #trustSystem(): boolean {
    if (this.#trustsSystem) return false;
    this.#trustsSystem = true;
    return true;
  }

  #channel(protocol: string, route: ProxyRoute): Channel {
    const trust = this.#trustsSystem ? 'system' : '';
    const key = `${protocol} ${trust} ${route.type === 'direct' ? '' : route.url}`;
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS, ...proxyOptions(route) };
    const tls = () => tlsOptions(this.#options, this.#options.env, this.#trustsSystem);
    const opened = protocol === 'https:' ? openHttps({ ...options, ...tls() }) : openHttp(options);
    this.#channels.set(key, opened);
    return opened;
  }
}

/** A transport for the requests to a provider. */
export function providerTransport({ env, provider }: Pick<Config, 'env' | 'provider'>): HttpTransport {
  const { caFile, clientCert, clientKey, connectTimeoutMs } = provider;
  return new HttpTransport({ env, caFile, clientCert, clientKey, connectTimeoutMs });
}

function proxyOptions(route: ProxyRoute): object {
  return route.type === 'direct' ? {} : { proxyEnv: { http_proxy: route.url, https_proxy: route.url } };
}

/** A connection from before is there at once, and a tunnel is given out when its handshake is over. */
function whenConnected(sent: ClientRequest, how: string, then: () => void): void {
  sent.once('socket', (socket) => {
    if (sent.reusedSocket || how === 'tunnel') then();
    else socket.once(how === 'https:' ? 'secureConnect' : 'connect', then);
  });
}

function described(error: unknown, route: ProxyRoute, { host }: URL): unknown {
  if (error instanceof ConnectionRefused) return error;
  return route.type === 'direct' || !(error instanceof Error) ? error : throughProxy(error, route.label, host);
}

function throughProxy(error: Error, label: string, host: string): Error {
  const wantsName = / 407\b/.test(reasonOf(error));
  const advice = wantsName
    ? 'the proxy wants a name and a password: write them into the variable, as http://NAME:PASSWORD@HOST:PORT'
    : `if that must not be used for ${host}, add it to NO_PROXY`;
  return new Error(`through the proxy ${label}: ${reasonOf(error)}; ${advice}`, { cause: error });
}

/**
 * Not by `import`: that reads every member of the module, and one of them loads the whole of `fetch`, which takes longer
 * than all the rest of a start.
 */
function openHttp(options: object): Channel {
  const http = process.getBuiltinModule('node:http');
  return { agent: new http.Agent(options), request: (url, o, onResponse) => http.request(url, o, onResponse) };
}

function openHttps(options: object): Channel {
  const https = process.getBuiltinModule('node:https');
  return { agent: new https.Agent(options), request: (url, o, onResponse) => https.request(url, o, onResponse) };
}

/** Connections of this process that have the listener below. */
const heard = new WeakSet<Socket>();

/** A connection that is aborted just as its response has ended fails when it is no request's any more: nobody else would hear it. */
function outlives(socket: Socket): void {
  if (heard.has(socket)) return;
  heard.add(socket);
  socket.on('error', () => undefined);
}

class NodeResponse implements HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: AsyncIterable<string>;
  readonly proxy: string | null;
  readonly #incoming: IncomingMessage;
  readonly #body: Readable;

  constructor(incoming: IncomingMessage, route: ProxyRoute) {
    this.#incoming = incoming;
    this.proxy = route.type === 'direct' ? null : route.label;
    this.status = incoming.statusCode ?? 0;
    this.statusText = incoming.statusMessage ?? '';
    this.headers = flatHeaders(incoming);
    incoming.on('error', () => undefined); // a reader gets it from `text`; with no reader it concerns nobody
    const body = withoutEncoding(incoming);
    body.setEncoding('utf8');
    if (body !== incoming) body.on('error', () => undefined); // likewise
    this.text = { [Symbol.asyncIterator]: () => body.iterator({ destroyOnReturn: false }) };
    this.#body = body;
  }

  release(): void {
    if (this.#incoming.closed) return;
    // Neither the wait nor the connection may keep the process alive; the agent takes care of it from then on.
    const timer = setTimeout(() => this.destroy(), DRAIN_MS).unref();
    this.#incoming.once('close', () => clearTimeout(timer));
    this.#incoming.socket.unref();
    this.#body.resume();
  }

  destroy(): void {
    this.#incoming.destroy();
  }
}

function flatHeaders(incoming: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
