import { createRequire } from 'node:module';
import type koffi from 'koffi';

/** Functions of the C library that Node does not offer, and what it takes to call them. */
export interface CLibrary {
  readonly native: typeof koffi;
  readonly functions: ReturnType<typeof koffi.load>;
}

let loaded: CLibrary | null = null;

/**
 * Loaded when first asked for, once for the thread: some milliseconds.
 * @throws where the native module has no build for the platform, or was not installed
 */
export function cLibrary(): CLibrary {
  if (loaded !== null) return loaded;
  // As a CommonJS module it is there in half the time that an import takes.
  const native: typeof koffi = createRequire(import.meta.url)('koffi');
  loaded = { native, functions: native.load(null) };
  return loaded;
}
