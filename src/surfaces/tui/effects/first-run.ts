import { type Config, type LocalServerKind, recordSettings, storeKey } from '../../../storage/config/index.ts';
import type { FoundServer } from '../message.ts';

const KINDS: readonly LocalServerKind[] = ['ollama', 'lmstudio'];
/** A server of this machine answers at once, or there is none. */
const LOOK_MS = 2_000;

/** The servers of models that answer on this machine. */
export async function localServers(config: Config, stop: AbortSignal): Promise<readonly FoundServer[]> {
  const { localServer } = await import('../../../models/local/index.ts');
  const signal = AbortSignal.any([stop, AbortSignal.timeout(LOOK_MS)]);
  const looks = KINDS.map(async (kind): Promise<FoundServer[]> => {
    try {
      const { name, models } = await localServer(kind, { config, signal });
      return [{ kind, name, models: models ?? [] }];
    } catch {
      // None runs here.
      return [];
    }
  });
  return (await Promise.all(looks)).flat();
}

/** Keeps the choice of a server for this and later starts. @throws KeelError `invalidConfig`, `storageFailed` */
export async function useLocalServer({ home }: Config, kind: LocalServerKind, model: string | null): Promise<void> {
  const provider = { table: [], key: 'model_provider', value: kind };
  await recordSettings(home, [provider, ...(model === null ? [] : [{ table: [], key: 'model', value: model }])]);
}

/** @throws KeelError `storageFailed` */
export function keepKey({ home, credentialStores }: Config, key: string): void {
  storeKey({ home, store: credentialStores.login }, key);
}
