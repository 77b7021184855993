import { randomBytes as fromCrypto } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const DEVICE = '/dev/urandom';
/** What is read at once: a start needs less. */
const POOL_BYTES = 512;

let pool: Buffer = Buffer.alloc(0);

/**
 * Random bytes for ids and secrets. They are the kernel's, which `node:crypto` has its own from: that module takes as long to
 * load as a twentieth of a start. It is used where the kernel has no such device.
 */
export function randomBytes(count: number): Buffer {
  if (count > POOL_BYTES) return fromCrypto(count);
  if (pool.length < count) pool = fromKernel() ?? fromCrypto(POOL_BYTES);
  const bytes = Buffer.from(pool.subarray(0, count));
  pool = pool.subarray(count);
  return bytes;
}

/** A random UUID (RFC 9562, version 4). */
export function randomUUID(): string {
  return uuidOf(randomBytes(16), 4);
}

/** A time-ordered UUID (RFC 9562, version 7): 48 bits of Unix milliseconds, then random bits. */
export function uuidV7(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  return uuidOf(bytes, 7);
}

function uuidOf(bytes: Buffer, version: 4 | 7): string {
  bytes[6] = (version << 4) | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Null: there is no such device, or less came from it. */
function fromKernel(): Buffer | null {
  let file: number;
  try {
    file = openSync(DEVICE, 'r');
  } catch {
    return null;
  }
  try {
    const bytes = Buffer.alloc(POOL_BYTES);
    return fstatSync(file).isCharacterDevice() && readSync(file, bytes) === POOL_BYTES ? bytes : null;
  } catch {
    return null;
  } finally {
    closeSync(file);
  }
}
