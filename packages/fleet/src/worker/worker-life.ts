import { randomUUID } from 'node:crypto';

/**
 * Each answer of a worker names the process that gives it. An address alone does not: after a worker's death another one, or another
 * program, may listen there.
 */
export const LIFE_HEADER = 'x-keel-worker';

/** The address of this process, for a lease: as its fragment it has the name of the process. @throws TypeError for what is no URL */
export function newWorkerAddress(reachedAt: string): string {
  const url = new URL(reachedAt);
  url.hash = randomUUID();
  return url.href;
}

/** Null: the address was written by a worker of an earlier version. */
export function lifeIn(address: string): string | null {
  return URL.parse(address)?.hash.slice(1) || null;
}
