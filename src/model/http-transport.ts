import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How bytes are sent for one protocol: its module is loaded, and its connections begin, with the first request. */
interface Channel {
  readonly agent: Agent;
  request(url: URL, options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest;
}

/** An idle connection is kept this long, ms: longer than most tool calls, shorter than load balancers' own limits. */
const IDLE_CONNECTION_MS = 30_000;
/** After the last event of interest the end of the body is waited for this long, ms, so that its connection serves again. */
const DRAIN_MS = 1_000;

const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'] as const;
const NO_PROXY_VARIABLES = ['no_proxy', 'NO_PROXY'] as const;

/** HTTP/1.1 with kept-alive connections; goes through a proxy when the environment names one. */
export class HttpTransport implements Transport {
  readonly #channels = new Map<string, Channel>();
  readonly #proxyEnv: Record<string, string> | null;

  constructor(env: Environment) {
    this.#proxyEnv = proxyEnv(env);
  }

  async send(request: HttpRequest, signal: AbortSignal, onSent?: () => void): Promise<HttpResponse> {
    signal.throwIfAborted();
    const { method } = request;
    const url = new URL(request.url);
    const channel = this.#channel(url.protocol);
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const length = request.body.reduce((sum, piece) => sum + piece.byteLength, 0);
      const headers = { ...request.headers, 'Content-Length': String(length) };
      const sent = channel.request(url, { method, headers, agent: channel.agent, signal }, (incoming) =>
        resolve(new NodeResponse(incoming)),
      );
      sent.on('error', reject);
      if (onSent !== undefined) sent.once('finish', onSent);
      for (const piece of request.body) sent.write(piece);
      sent.end();
    });
  }

  close(): void {
    for (const { agent } of this.#channels.values()) agent.destroy();
    this.#channels.clear();
  }

  #channel(protocol: string): Channel {
    const known = this.#channels.get(protocol);
    if (known !== undefined) return known;
    const opened = protocol === 'https:' ? openHttps(this.#agentOptions()) : openHttp(this.#agentOptions());
    this.#channels.set(protocol, opened);
    return opened;
  }

  #agentOptions(): object {
    const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
    return this.#proxyEnv === null ? options : { ...options, proxyEnv: this.#proxyEnv };
  }
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

function proxyEnv(env: Environment): Record<string, string> | null {
  if (!PROXY_VARIABLES.some((name) => env[name])) return null;
  const chosen: Record<string, string> = {};
  for (const name of [...PROXY_VARIABLES, ...NO_PROXY_VARIABLES]) {
    const value = env[name];
    if (value) chosen[name] = value;
  }
  return chosen;
}

class NodeResponse implements HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: AsyncIterable<string>;
  readonly #incoming: IncomingMessage;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
    this.status = incoming.statusCode ?? 0;
    this.statusText = incoming.statusMessage ?? '';
    this.headers = flatHeaders(incoming);
    incoming.setEncoding('utf8');
    incoming.on('error', () => undefined); // a reader gets it from `text`; with no reader it concerns nobody
    this.text = { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) };
  }

  release(): void {
    if (this.#incoming.closed) return;
    // Neither the wait nor the connection may keep the process alive; the agent takes care of it from then on.
    const timer = setTimeout(() => this.destroy(), DRAIN_MS).unref();
    this.#incoming.once('close', () => clearTimeout(timer));
    this.#incoming.socket.unref();
    this.#incoming.resume();
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
