import { existsSync } from 'node:fs';

/** Where Linux shows this process its descriptors: a path through one leads to the very file that it refers to. */
export const OWN_DESCRIPTORS = '/proc/self/fd';

let isThere: boolean | null = null;

/** Whether descriptors have names here. Looked up once. */
export function hasOwnDescriptors(): boolean {
  isThere ??= process.platform === 'linux' && existsSync(OWN_DESCRIPTORS);
  return isThere;
}
