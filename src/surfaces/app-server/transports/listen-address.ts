import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';

/** Where clients reach the server. */
export type ListenAddress =
  | { readonly type: 'stdio' }
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number };

const TCP = /^ws:\/\/(\[[^\]]+\]|[^:/[\]]+):(\d{1,5})\/?$/;

/** Reads `stdio:`, `unix:PATH` or `ws://IP:PORT`. @throws KeelError `invalidInput` */
export function listenAddress(text: string, cwd: string): ListenAddress {
  if (text === 'stdio:' || text === 'stdio://') return { type: 'stdio' };
  const path = /^unix:(?:\/\/)?(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { type: 'unix', path: resolve(cwd, path) };
  const [, hostPart, port] = TCP.exec(text) ?? [];
  const host = hostPart?.replace(/^\[|\]$/g, '');
  if (host === undefined || isIP(host) === 0 || Number(port) > 65_535) {
    throw new KeelError('invalidInput', `--listen ${text}: expected stdio:, unix:PATH or ws://IP:PORT`);
  }
  return { type: 'tcp', host, port: Number(port) };
}

export function isLoopback(host: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1';
}
