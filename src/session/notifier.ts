import { startProgram } from '../process/index.ts';
import { findProgram, reasonOf } from '../util/index.ts';
import type { Log } from './log.ts';

/** What a program of the user's is told after a turn; the names are those that such programs read already. */
export interface TurnNotice {
  readonly threadId: string;
  readonly turnId: string;
  readonly cwd: string;
  readonly inputMessages: readonly string[];
  readonly lastAssistantMessage: string | null;
}

/**
 * Starts the program that the user configured (`notify`) with one more argument: a JSON object. Not waited for; a failure
 * is a line in the log. It belongs to the user and outlives the session. None is taken from the work tree by its name alone.
 */
export function notifyUser(argv: readonly string[] | null, notice: TurnNotice, log: Log): void {
  const [name, ...args] = argv ?? [];
  if (!name) return;
  const program = name.includes('/') ? name : findProgram(name, process.env['PATH'] ?? '', notice.cwd)?.path;
  if (program === undefined) {
    log.warn(`notify: ${name} is not in PATH, or in the work tree only`);
    return;
  }
  const payload = JSON.stringify({
    type: 'agent-turn-complete',
    'thread-id': notice.threadId,
    'turn-id': notice.turnId,
    cwd: notice.cwd,
    'input-messages': notice.inputMessages,
    'last-assistant-message': notice.lastAssistantMessage,
  });
  const warn = (error: unknown) => log.warn(`notify: ${program} can't be started: ${reasonOf(error)}`);
  try {
    startProgram(program, [...args, payload], { stdio: 'ignore', detached: true })
      .once('error', warn)
      .unref();
  } catch (error) {
    warn(error);
  }
}
