import { createServer, type IncomingMessage, request, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { Gate, Refusal } from '../gate/gate.ts';
import { DialError, dial } from './dial.ts';
import { endToEndHeaders } from './http-headers.ts';
import { type FoundTarget, requestTarget, tunnelTarget } from './http-target.ts';
import type { ProxyLimits } from './limits.ts';
import { tunnel } from './tunnel.ts';
import { watchDisconnect } from './watch-disconnect.ts';

export interface ProxyServerOptions {
  readonly gate: Gate;
  readonly limits: ProxyLimits;
  /** The proxy closes. */
  readonly signal: AbortSignal;
  /** Called with faults of the proxy itself. */
  readonly onCrash: (error: unknown) => void;
}

/** An HTTP server that is handed connections, and passes what comes in on to where the gate lets it. */
export function httpProxy(options: ProxyServerOptions): Server {
  const { limits, onCrash } = options;
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerMs,
    // A request may take as long as it moves.
    requestTimeout: 0,
    keepAliveTimeout: limits.headerMs,
    connectionsCheckingInterval: Math.min(limits.headerMs, 1_000),
  });
  server.timeout = limits.idleMs;
  // It never listens itself, and begins to look for requests that never end as if it had.
  server.emit('listening');
  const open = new WeakMap<Socket, number>();
  server.on('request', (req, res) => {
    const { socket } = req;
    const others = open.get(socket) ?? 0;
    // Each takes a connection to a server: who sends on without reading answers is not served further.
    if (others >= limits.requestsAtOnce) return void socket.destroy();
    open.set(socket, others + 1);
    res.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1));
    forward(req, res, options).catch((error: unknown) => {
      res.destroy();
      onCrash(error);
    });
  });
  server.on('connect', (req, socket: Duplex, head: Buffer) => {
    openTunnel(req, { socket, head }, options).catch((error: unknown) => {
      socket.destroy();
      onCrash(error);
    });
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) answer(socket, 400, 'Bad Request', "This is no request that keel's proxy understands.");
    else socket.destroy();
  });
  return server;
}

async function openTunnel(
  { url = '' }: IncomingMessage,
  { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  { gate, limits, signal }: ProxyServerOptions,
): Promise<void> {
  socket.on('error', () => socket.destroy());
  const target = tunnelTarget(url);
  if (target === null) return answer(socket, 400, 'Bad Request', 'CONNECT takes host:port.');
  const disconnect = watchDisconnect(socket, signal);
  const verdict = await gate.judge({ ...target, protocol: 'https' }, disconnect.signal);
  if (disconnect.signal.aborted) return void socket.destroy();
  if (verdict.type === 'refused') return answer(socket, 403, 'Forbidden', verdict.message, verdict.reason);
  try {
    const far = await dial(verdict.addresses, target.port, disconnect.signal);
    disconnect.release();
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) far.write(head);
    tunnel(socket, far, limits.idleMs);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    answer(socket, 502, 'Bad Gateway', `${target.host} can't be reached: ${error.message}.`);
  }
}

async function forward(req: IncomingMessage, res: ServerResponse, options: ProxyServerOptions): Promise<void> {
  const target = requestTarget(req);
  if (target.type === 'fault') return respond(res, 400, target.message);
  const { gate, signal } = options;
  const gone = closing(res, signal);
  const { host, port } = target;
  const verdict = await gate.judge({ host, port, protocol: 'http' }, gone, req.method);
  if (gone.aborted) return void res.destroy();
  if (verdict.type === 'refused') return respond(res, 403, verdict.message, verdict.reason);
  try {
    const far = await dial(verdict.addresses, port, gone);
    far.setTimeout(options.limits.idleMs, () => far.destroy());
    gone.addEventListener('abort', () => far.destroy(), { once: true });
    sendOn({ req, res, far }, target);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    failed(res, host, error);
  }
}

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly far: Socket;
}

/** What a server answers is written by somebody else, as is what a client asks: either may be nothing that can be passed on. */
function sendOn({ req, res, far }: Exchange, { host, path, authority }: FoundTarget): void {
  const { method } = req;
  const fail = (error: unknown) => {
    far.destroy();
    failed(res, host, error);
  };
  try {
    const headers = ['Host', authority, ...endToEndHeaders(req.rawHeaders, ['host', 'expect']), ...bodyFraming(req)];
    const onward = request({ method, path, headers, createConnection: () => far });
    onward.on('response', (answered) => {
      try {
        res.writeHead(answered.statusCode ?? 502, answered.statusMessage, endToEndHeaders(answered.rawHeaders));
        answered.pipe(res);
        answered.on('error', () => res.destroy());
      } catch (error) {
        fail(error);
      }
    });
    onward.on('error', fail);
    // One that changes to another protocol, unasked, gives no answer.
    onward.on('close', () => res.headersSent || fail('it gave no answer'));
    req.pipe(onward);
  } catch (error) {
    fail(error);
  }
}

/** A body without a length is sent on in chunks, as it came. */
function bodyFraming({ headers }: IncomingMessage): string[] {
  return headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked'];
}

function failed(res: ServerResponse, host: string, error: unknown): void {
  if (res.headersSent) res.destroy();
  else respond(res, 502, `${host} can't be reached: ${reasonOf(error)}.`);
}

/** Aborts when the other side has gone or the proxy closes. */
function closing(res: ServerResponse, signal: AbortSignal): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, signal]);
}

function respond(res: ServerResponse, status: number, message: string, reason?: Refusal['reason']): void {
  if (res.destroyed) return;
  const why = reason === undefined ? {} : { 'X-Keel-Refusal': reason };
  // With a phrase of its own: one that could not be passed on may have been left there.
  res.writeHead(status, STATUS_CODES[status], {
    'Content-Type': 'text/plain; charset=utf-8',
    Connection: 'close',
    ...why,
  });
  res.end(`${message}\n`);
}

function answer(socket: Duplex, status: number, phrase: string, message: string, reason?: Refusal['reason']): void {
  const body = `${message}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${phrase}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(reason === undefined ? [] : [`X-Keel-Refusal: ${reason}`]),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  // Whoever does not close after that is not waited for.
  socket.resume();
  setTimeout(() => socket.destroy(), 1_000).unref();
}
