import { findConfiguredProgram, reasonOf } from '../../../foundation/util/index.ts';
import { type Config, programEnvironment, programSearch } from '../../../storage/config/index.ts';
import { startOutliving } from '../../../system/process/index.ts';
import type { Log } from '../log.ts';

/** The argument of the user's program after a turn; the names are those that such programs read already. */
export interface TurnNotice {
  readonly threadId: string;
  readonly turnId: string;
  readonly cwd: string;
  readonly inputMessages: readonly string[];
  readonly lastAssistantMessage: string | null;
}

/**
 * Starts the program that the user configured (`notify`) with one more argument: a JSON object. Nobody waits for it; a failure
 * is a line in the log. It belongs to the user and outlives the session. A program where commands can write is not started.
 */
export function notifyUser(config: Config, notice: TurnNotice, log: Log): void {
  const [name, ...args] = config.notify ?? [];
  if (!name) return;
  const search = programSearch(config);
  const found = findConfiguredProgram(name, { ...search, roots: [...search.roots, notice.cwd] }, config.cwd);
  if (found.type === 'missing') {
    log.warn(`notify: ${found.reason}`);
    return;
  }
  const program = found.path;
  const payload = JSON.stringify({
    type: 'agent-turn-complete',
    'thread-id': notice.threadId,
    'turn-id': notice.turnId,
    cwd: notice.cwd,
    'input-messages': notice.inputMessages,
    'last-assistant-message': notice.lastAssistantMessage,
  });
  const env = programEnvironment(config);
  const warn = (error: unknown) => log.warn(`notify: ${program} can't be started: ${reasonOf(error)}`);
  try {
    startOutliving(program, [...args, payload], { stdio: 'ignore', env })
      .once('error', warn)
      .unref();
  } catch (error) {
    warn(error);
  }
}
