import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type OldOutput, prunedOutputNote } from '../../../../context/history/index.ts';
import { reasonOf } from '../../../../foundation/util/index.ts';
import type { SessionServices } from '../../services.ts';

/**
 * Keeps the text of an output that is left out of the conversation in a file that the model's commands can read. The file is
 * named by its text, so that repeating this after a crash changes nothing.
 * @returns the note in the output's place; without a path if the text can't be kept
 */
export async function keptOutput(
  { spillPath, log }: Pick<SessionServices, 'spillPath' | 'log'>,
  { call_id: callId, text, exitCode }: OldOutput,
): Promise<string> {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const path = spillPath(`elided-${digest}-${callId}`);
  if (path === null) return prunedOutputNote({ exitCode, path });
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
    return prunedOutputNote({ exitCode, path });
  } catch (error) {
    log.warn(`the output of ${callId} can't be kept: ${reasonOf(error)}`);
    return prunedOutputNote({ exitCode, path: null });
  }
}
