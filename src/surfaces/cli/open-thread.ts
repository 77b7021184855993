import { openSession, type Session, type ThreadOrigin } from '../../engine/session/index.ts';
import { version } from '../../foundation/util/index.ts';
import { loadConfig } from '../../storage/config/index.ts';
import type { CommandIo } from './io.ts';

/**
 * Opens a recorded thread for a command that asks no model. `cwd` is absolute.
 * @throws KeelError `threadNotFound`, `threadBusy`
 */
export async function openRecorded(io: CommandIo, origin: ThreadOrigin, cwd: string): Promise<Session> {
  return await openSession({
    config: await loadConfig({ env: io.env, cwd, overrides: [], flags: {} }),
    origin,
    source: 'cli',
    originator: 'keel_cli',
    version,
    ephemeral: false,
    canAsk: false,
    orphans: 'end',
    unfinishedTurn: 'interrupt',
  });
}
