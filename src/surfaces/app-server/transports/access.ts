import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback, type ListenAddress } from './listen-address.ts';

export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

/**
 * Why a request is not from where it should be; null: it may be. A page in a browser sends its origin; one whose host name was
 * made to mean this machine sends that name.
 */
export function placeRefusal({ headers }: IncomingMessage, address: ListenAddress): Refusal | null {
  if (headers.origin !== undefined) return { status: 403, message: 'requests of web pages are not accepted' };
  if (address.type === 'tcp' && !isHostOf(headers.host ?? '', address.host)) {
    return { status: 403, message: 'the Host header names another host' };
  }
  return null;
}

/** Why a client is not let in; null: it has shown the token. */
export function tokenRefusal({ headers }: IncomingMessage, token: string): Refusal | null {
  const given = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return null;
  return { status: 401, message: 'the token is missing or wrong' };
}

/** A client that was given an address has it in the header, not a name. */
function isHostOf(header: string, listensOn: string): boolean {
  const name = header.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
  if (name.toLowerCase() === 'localhost') return true;
  return isLoopback(listensOn) ? isLoopback(name) : isIP(name) !== 0;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
