import { readFileSync } from 'node:fs';
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import { withoutEncoding } from './content-encoding.ts';
import { type ProxyRoute, proxyRoute } from './proxy-route.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

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

export interface HttpTransportOptions {
  /** Proxies and `SSL_CERT_FILE` are read from it. */
  readonly env: Environment;
  /** Certificates of authorities to trust beside the system's, PEM; absent: `SSL_CERT_FILE` where that names a file. */
  readonly caFile?: string | undefined;
}

/** HTTP/1.1 with kept-alive connections; goes through a proxy where the environment names one for the server. */
export class HttpTransport implements Transport {
  /** By protocol and proxy. */
  readonly #channels = new Map<string, Channel>();
  readonly #options: HttpTransportOptions;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  async send(request: HttpRequest, signal: AbortSignal, onSent?: () => void): Promise<HttpResponse> {
    signal.throwIfAborted();
    const { method } = request;
    const url = new URL(request.url);
    const route = proxyRoute(url, this.#options.env);
    const channel = this.#channel(url.protocol, route);
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const length = request.body.reduce((sum, piece) => sum + piece.byteLength, 0);
      const headers = { ...request.headers, 'Content-Length': String(length) };
      const sent = channel.request(url, { method, headers, agent: channel.agent, signal }, (incoming) =>
        resolve(new NodeResponse(incoming, route)),
      );
      sent.on('error', (error) => reject(route.type === 'direct' ? error : throughProxy(error, route.label, url.host)));
      if (onSent !== undefined) sent.once('finish', onSent);
      for (const piece of request.body) sent.write(piece);
      sent.end();
    });
  }

  close(): void {
    for (const { agent } of this.#channels.values()) agent.destroy();
    this.#channels.clear();
  }

  #channel(protocol: string, route: ProxyRoute): Channel {
    const key = route.type === 'direct' ? protocol : `${protocol} ${route.url}`;
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS, ...proxyOptions(route) };
    const opened = protocol === 'https:' ? openHttps({ ...options, ...authorities(this.#options) }) : openHttp(options);
    this.#channels.set(key, opened);
    return opened;
  }
}

function proxyOptions(route: ProxyRoute): object {
  return route.type === 'direct' ? {} : { proxyEnv: { http_proxy: route.url, https_proxy: route.url } };
}

/** @throws KeelError `invalidConfig` if the file that the settings name can't be read */
function authorities({ env, caFile }: HttpTransportOptions): { readonly ca?: readonly string[] } {
  const path = caFile ?? env['SSL_CERT_FILE'];
  if (!path) return {};
  try {
    const more = readFileSync(path, 'utf8');
    return { ca: [...process.getBuiltinModule('node:tls').getCACertificates('default'), more] };
  } catch (cause) {
    // A variable that is left over from another installation only trusts nobody further.
    if (caFile === undefined) return {};
    throw new KeelError('invalidConfig', `ca_file ${caFile} can't be read: ${reasonOf(cause)}`, { cause });
  }
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
