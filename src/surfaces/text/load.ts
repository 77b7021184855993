import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/**
 * Loads a package when it is first needed, at once: they take tens of milliseconds, which neither a start nor a first paint
 * has, and what is painted may not depend on when a package arrives.
 */
export function loadPackage(name: string): unknown {
  return load(name);
}
