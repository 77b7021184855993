import { lstatSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { Connection, Wire } from '../connection/connection.ts';
import { placeRefusal, type Refusal, tokenRefusal } from './access.ts';
import type { ListenAddress } from './listen-address.ts';
import { MAX_MESSAGE_BYTES } from './stdio.ts';

/** Clients at a time. */
const MAX_CLIENTS = 64;
/** Connections at a time, with those that have not been let in. */
const MAX_CONNECTIONS = 256;
/** How long a connection may take to say what it wants, ms. */
const HEADERS_LIMIT_MS = 10_000;
/** How often a client that says nothing is asked whether it is there, ms. */
const PING_MS = 30_000;
const HEALTH_PATHS = ['/readyz', '/healthz'];

export interface ListenerOptions {
  readonly address: Exclude<ListenAddress, { type: 'stdio' }>;
  /** What clients show; null: the mode of the socket's file says who connects. */
  readonly token: string | null;
  readonly connect: (wire: Wire) => Connection;
}

/** A socket where clients connect by WebSocket, one message a text frame. */
export interface Listener extends AsyncDisposable {
  /** Such as `ws://127.0.0.1:4500`, with the port that was given. */
  readonly url: string;
}

/** @throws KeelError `invalidInput` if the address can't be listened on */
export async function listen({ address, token, connect }: ListenerOptions): Promise<Listener> {
  const server = createServer({
    headersTimeout: HEADERS_LIMIT_MS,
    requestTimeout: HEADERS_LIMIT_MS,
    connectionsCheckingInterval: HEADERS_LIMIT_MS / 2,
  });
  server.maxConnections = MAX_CONNECTIONS;
  const clients = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  server.on('request', (request, response) => {
    const isHealth =
      HEALTH_PATHS.includes(request.url ?? '') && (request.method === 'GET' || request.method === 'HEAD');
    const refusal = placeRefusal(request, address);
    response.writeHead(refusal?.status ?? (isHealth ? 200 : 404), { 'content-type': 'text/plain' });
    response.end(`${refusal?.message ?? (isHealth ? 'ok' : 'not found')}\n`);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = placeRefusal(request, address) ?? (token === null ? null : tokenRefusal(request, token));
    if (refusal !== null) return refuse(socket, refusal);
    if (clients.clients.size >= MAX_CLIENTS) return refuse(socket, { status: 503, message: 'too many clients' });
    clients.handleUpgrade(request, socket, head, (client) => serve(client, connect));
  });
  await start(server, address);
  const pings = setInterval(() => checkAlive(clients), PING_MS);
  return {
    url: urlOf(server, address),
    async [Symbol.asyncDispose]() {
      clearInterval(pings);
      for (const client of clients.clients) client.close(1001, 'the server ends');
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const late = setTimeout(() => terminate(clients, server), 1_000);
      await closed;
      clearTimeout(late);
    },
  };
}

function refuse(socket: Duplex, { status, message }: Refusal | { status: 503; message: string }): void {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain\r\n`;
  const challenge = status === 401 ? 'WWW-Authenticate: Bearer\r\n' : '';
  // Whoever is refused keeps no connection.
  socket.end(`${head}${challenge}Content-Length: ${message.length + 1}\r\n\r\n${message}\n`, () => socket.destroy());
}

function serve(client: WebSocket, connect: (wire: Wire) => Connection): void {
  const connection = connect({
    send: (text) => client.send(text),
    queuedBytes: () => client.bufferedAmount,
    end: (reason) => client.close(1013, reason.slice(0, 120)),
  });
  client.on('message', (data, isBinary) => {
    if (isBinary) client.close(1003, 'messages are text');
    else connection.receive(String(data));
  });
  client.on('close', () => connection.end());
  // What is wrong with a frame closes the connection, with the code for it.
  client.on('error', () => undefined);
  alive.add(client);
  client.on('pong', () => alive.add(client));
}

/** Clients that have answered the last ping. */
const alive = new WeakSet<WebSocket>();

function checkAlive({ clients }: WebSocketServer): void {
  for (const client of clients) {
    if (!alive.delete(client)) client.terminate();
    else client.ping();
  }
}

function terminate({ clients }: WebSocketServer, server: Server): void {
  for (const client of clients) client.terminate();
  server.closeAllConnections();
}

async function start(server: Server, address: ListenerOptions['address']): Promise<void> {
  if (address.type === 'unix') await removeStale(address.path);
  const place = address.type === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // A socket file is made with the mode that this leaves, before anybody can connect.
  const mask = address.type === 'unix' ? process.umask(0o177) : null;
  try {
    server.listen(place, resolve);
    await promise;
  } catch (cause) {
    throw new KeelError('invalidInput', `can't listen on ${placeName(address)}: ${reasonOf(cause)}`, { cause });
  } finally {
    if (mask !== null) process.umask(mask);
  }
  server.off('error', reject);
}

/** A socket file that nobody listens on is what a killed server left. */
async function removeStale(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connectSocket({ path })
    .on('connect', () => resolve(true))
    .on('error', () => resolve(false));
  const isUsed = await promise;
  probe.destroy();
  if (!isUsed) rmSync(path, { force: true });
}

function placeName(address: ListenerOptions['address']): string {
  return address.type === 'unix' ? address.path : `${address.host}:${address.port}`;
}

function urlOf(server: Server, address: ListenerOptions['address']): string {
  if (address.type === 'unix') return `unix://${address.path}`;
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return `ws://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`;
}
