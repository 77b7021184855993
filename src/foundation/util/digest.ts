import { hash } from 'node:crypto';

/** How a thread's texts are compared; its record says which. Threads of versions that did not say have SHA-256. */
export type DigestKind = 'sha256' | 'cyrb53';

const DIGITS = 12;

/**
 * Hexadecimal digits that differ for different texts of one thread. They compare what keel itself has sent: nobody is kept
 * from making two texts with the same ones.
 */
export function hexDigest(kind: DigestKind, text: string): string {
  return (kind === 'sha256' ? hash('sha256', text, 'hex') : cyrb53(text)).slice(0, DIGITS);
}

/** The hash by bryc (github.com/bryc/code, public domain), all 64 bits of it: what `node:crypto` has takes a twentieth of a start to load. */
function cyrb53(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [b, a].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
