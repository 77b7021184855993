import type { Gate } from '../gate/gate.ts';
import type { NetworkProxy } from './proxy.ts';

/** The classes that judge destinations and that serve programs. */
export interface ProxyModules {
  readonly Gate: typeof Gate;
  readonly NetworkProxy: typeof NetworkProxy;
}

/** Loads them, which only a session with a list of hosts does. */
export async function loadProxy(): Promise<ProxyModules> {
  const [{ Gate }, { NetworkProxy }] = await Promise.all([import('../gate/gate.ts'), import('./proxy.ts')]);
  return { Gate, NetworkProxy };
}
