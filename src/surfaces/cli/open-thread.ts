import type { Session, ThreadOrigin } from '../../engine/session/index.ts';
import { Threads } from '../../engine/threads/index.ts';
import { loadConfig } from '../../storage/config/index.ts';
import type { CommandIo } from './io.ts';

/**
 * Opens a recorded thread for a command that asks no model. `cwd` is absolute.
 * @throws KeelError `threadNotFound`, `threadBusy`
 */
export async function openRecorded(io: CommandIo, origin: ThreadOrigin, cwd: string): Promise<Session> {
  const threads = new Threads({ source: 'cli', originator: 'keel_cli', canAsk: false, ownsProcess: true });
  return await threads.open({ config: await loadConfig({ env: io.env, cwd, overrides: [], flags: {} }), origin });
}
