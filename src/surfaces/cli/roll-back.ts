import { KeelError } from '../../foundation/protocol/index.ts';
import type { CommandIo } from './io.ts';
import { openRecorded } from './open-thread.ts';
import { say } from './output.ts';

/**
 * Takes the last turns out of a thread that no process has open; asks no model.
 * @throws KeelError `threadBusy`, `invalidInput` if there is no turn to remove
 */
export async function rollBackThread(
  io: CommandIo,
  { path, turns }: { readonly path: string; readonly turns: number },
): Promise<void> {
  await using session = await openRecorded(io, { type: 'resume', id: path }, io.cwd);
  const events = session.events();
  session.submit({ type: 'rollback', turns });
  for await (const event of events) {
    if (event.type === 'error') throw new KeelError(event.error.kind, event.error.message);
    if (event.type !== 'thread.rolledBack') continue;
    say(io, `Turns removed: ${event.removed}, left: ${event.turns.length}. Files are unchanged.\n`);
    return;
  }
}
