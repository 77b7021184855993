import { join } from 'node:path';
import { FileLog } from '../../engine/session/index.ts';
import { secretsOf } from '../../foundation/secrets/index.ts';
import { resolveHome } from '../../storage/config/index.ts';
import type { CommandIo } from './io.ts';

/** Keeps the stack of a bug in the log file: a user is told in a sentence, never with a stack. */
export async function reportCrash(io: CommandIo, error: unknown): Promise<void> {
  try {
    new FileLog(join(resolveHome(io.env), 'log', 'keel.log'), Date.now, () => secretsOf(io.env)).crash(error);
  } catch {
    // The home can't be found; the sentence on stderr has to do.
  }
}
