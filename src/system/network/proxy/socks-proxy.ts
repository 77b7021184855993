import type { Socket } from 'node:net';
import { formatAddress, parseHost } from '../gate/host.ts';
import { DialError, dial } from './dial.ts';
import type { ProxyServerOptions } from './http-proxy.ts';
import { readExactly } from './read-exactly.ts';
import { tunnel } from './tunnel.ts';
import { watchDisconnect } from './watch-disconnect.ts';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const NO_METHOD = 0xff;
const CONNECT = 1;
const REPLY = {
  granted: 0,
  failed: 1,
  notAllowed: 2,
  hostUnreachable: 4,
  commandNotSupported: 7,
  addressNotSupported: 8,
} as const;

/** Serves one connection whose first byte says SOCKS 5 (RFC 1928): TCP only, without passwords. */
export async function serveSocks(socket: Socket, { gate, limits, signal }: ProxyServerOptions): Promise<void> {
  const asked = await handshake(socket, AbortSignal.any([signal, AbortSignal.timeout(limits.headerMs)]));
  if (asked === null) return end(socket);
  if (typeof asked === 'number') return end(socket, reply(asked));
  const { host, port } = asked;
  const disconnect = watchDisconnect(socket, signal);
  const verdict = await gate.judge({ host, port, protocol: 'socks5' }, disconnect.signal);
  if (disconnect.signal.aborted) return void socket.destroy();
  if (verdict.type === 'refused') {
    return end(socket, reply(verdict.reason === 'unresolved' ? REPLY.hostUnreachable : REPLY.notAllowed));
  }
  try {
    const far = await dial(verdict.addresses, port, disconnect.signal);
    disconnect.release();
    socket.write(reply(REPLY.granted));
    tunnel(socket, far, limits.idleMs);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    end(socket, reply(REPLY.hostUnreachable));
  }
}

interface Asked {
  readonly host: string;
  readonly port: number;
}

/** Where the program wants to go; a number is the reply to what can't be done; null: it speaks something else, or left. */
async function handshake(socket: Socket, signal: AbortSignal): Promise<Asked | number | null> {
  const greeting = await readExactly(socket, 2, signal);
  const methods = greeting?.[0] === VERSION ? await readExactly(socket, greeting[1] ?? 0, signal) : null;
  if (methods === null) return null;
  if (!methods.includes(NO_AUTHENTICATION)) {
    socket.write(Uint8Array.of(VERSION, NO_METHOD));
    return null;
  }
  socket.write(Uint8Array.of(VERSION, NO_AUTHENTICATION));
  const head = await readExactly(socket, 4, signal);
  if (head?.[0] !== VERSION) return null;
  if (head[1] !== CONNECT) return REPLY.commandNotSupported;
  const host = await readHost(socket, head[3], signal);
  if (typeof host === 'number' || host === null) return host;
  const port = (await readExactly(socket, 2, signal))?.readUInt16BE() ?? 0;
  return port === 0 ? REPLY.failed : { host, port };
}

async function readHost(
  socket: Socket,
  type: number | undefined,
  signal: AbortSignal,
): Promise<string | number | null> {
  const sizes = new Map([
    [1, 4],
    [4, 16],
  ]);
  const size = type === 3 ? (await readExactly(socket, 1, signal))?.[0] : sizes.get(type ?? 0);
  if (size === undefined) return type === 3 ? null : REPLY.addressNotSupported;
  const bytes = await readExactly(socket, size, signal);
  if (bytes === null) return null;
  return parseHost(type === 3 ? bytes.toString('latin1') : formatAddress(bytes)) ?? REPLY.failed;
}

function reply(code: number): Uint8Array {
  return Uint8Array.of(VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0);
}

function end(socket: Socket, bytes?: Uint8Array): void {
  if (bytes === undefined) socket.end();
  else socket.end(bytes);
  socket.resume();
  setTimeout(() => socket.destroy(), 1_000).unref();
}
