import { createRequire } from 'node:module';
import type koffi from 'koffi';

/** Functions of the C library that Node does not offer, and what it takes to call them. */
export interface CLibrary {
  readonly native: typeof koffi;
  readonly functions: ReturnType<typeof koffi.load>;
}

let loaded: CLibrary | null = null;

/**
 * Loaded when first asked for, once for the thread.
 * @throws where the native module has no build for the platform, or was not installed
 */
export function cLibrary(): CLibrary {
  if (loaded !== null) return loaded;
  const native = nativeModule();
  loaded = { native, functions: native.load(null) };
  return loaded;
}

/** The one that is in use already; null if nothing has needed it yet. */
export function loadedCLibrary(): CLibrary | null {
  return loaded;
}

/** The package's own entry takes 5 ms to look for what nearly always lies in the same place, where it takes 1 ms. */
function nativeModule(): typeof koffi {
  const require = createRequire(import.meta.url);
  const { platform, arch } = process;
  try {
    return require(`@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`);
  } catch {
    // Another layout, or another C library than glibc.
    return require('koffi');
  }
}
