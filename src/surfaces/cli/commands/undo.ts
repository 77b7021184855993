import type { ThreadOrigin } from '../../../engine/session/index.ts';
import { KeelError, type SessionEvent } from '../../../foundation/protocol/index.ts';
import { resolveHome } from '../../../storage/config/index.ts';
import { threadIdOf } from '../../../storage/rollout/index.ts';
import { findRollout, ThreadIndex } from '../../../storage/threads/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { openRecorded } from '../open-thread.ts';
import { say } from '../output.ts';
import { countOf } from '../session-options.ts';

const spec = {
  usage: ['undo [THREAD] [--turns N]'],
  about: [
    'Restore files to their state before the newest turn that changed some. Without THREAD, an id or a name, that is the newest thread of this directory. The conversation stays; its model learns which files were restored. Ignored files, and everything outside the working directory, stay as they are.',
  ],
  options: {
    turns: { type: 'string', value: 'N', about: 'the newest N turns that changed files; default 1' },
  },
} as const satisfies CommandSpec;

export const undoCommand: Command = { spec, run: undo };

async function undo(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [thread, ...more] = positionals;
  refuseMore(more);
  const turns = countOf('turns', values.turns, 1) ?? 1;
  const { origin, cwd } = await placeOf(io, thread);
  await using session = await openRecorded(io, origin, cwd);
  const messages = undone(session.events());
  for (let turn = 0; turn < turns; turn += 1) {
    session.submit({ type: 'undo' });
    const { value } = await messages.next();
    if (value === undefined) throw new KeelError('internal', 'the thread was closed before the undo ended');
    say(io, `${value.message}\n`);
    if (!value.isDone) return 1;
  }
  return 0;
}

/** A thread that is named is undone where its newest turns ran. */
async function placeOf(
  io: CommandIo,
  thread: string | undefined,
): Promise<{ readonly origin: ThreadOrigin; readonly cwd: string }> {
  if (thread === undefined) return { origin: { type: 'resumeLast', anyDirectory: false }, cwd: io.cwd };
  const home = resolveHome(io.env);
  const path = findRollout(home, { type: 'id', id: thread });
  using index = new ThreadIndex(home);
  const known = await index.get(threadIdOf(path) ?? '');
  return { origin: { type: 'resume', id: path }, cwd: known?.cwd ?? io.cwd };
}

/** How each undo ended. */
async function* undone(
  events: AsyncIterable<SessionEvent>,
): AsyncGenerator<{ readonly isDone: boolean; readonly message: string }> {
  for await (const event of events) {
    if (event.type === 'error') throw new KeelError(event.error.kind, event.error.message);
    if (event.type !== 'item.completed' || event.item.type !== 'undo') continue;
    yield { isDone: event.item.status === 'completed', message: event.item.message };
  }
}
