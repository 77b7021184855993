import { type Config, loadConfig } from 'keel/session';
import type { TurnJob } from '../protocol.ts';

/**
 * The settings of a turn: those in the thread's home, and what the thread overrides. Keys and tokens are in this worker's
 * environment or files, and in nothing that the engine sees.
 * @throws KeelError `invalidConfig`, `missingCredentials`
 */
export function configOf({ place, settings }: Pick<TurnJob, 'place' | 'settings'>): Promise<Config> {
  const env = { ...process.env, KEEL_HOME: place.home };
  return loadConfig({ env, cwd: place.cwd, overrides: settings.overrides, flags: {} });
}
