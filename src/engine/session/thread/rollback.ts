import { ThreadFacts } from '../../../context/history/index.ts';
import { rollbackNote } from '../../../context/index.ts';
import { KeelError, type RolloutItem } from '../../../foundation/protocol/index.ts';
import { planRollback, readRollout, threadLog } from '../../../storage/rollout/index.ts';
import type { SessionDeps } from '../session-deps.ts';
import { rebuildConversation } from './rebuild-conversation.ts';
import { shownTurns } from './shown-turns.ts';

/**
 * Takes the user's last turns out of the conversation. The state is rebuilt from the lines that are left, as a resume would
 * rebuild it, once the file says so: a live thread and a resumed one are the same.
 * @throws KeelError `invalidInput` if there is no turn to take back, or the thread is not kept; then nothing has changed
 */
export async function rollBack({ services, state, record, emit }: SessionDeps, turns: number): Promise<void> {
  const { recorder, log } = services;
  if (recorder.path === null) throw new KeelError('invalidInput', "a thread without a record can't be rolled back");
  const rollout = readRollout(recorder.path);
  const plan = planRollback(rollout.lines, turns, state.history.tokenInfo?.total_token_usage ?? null);
  if (plan === null) throw new KeelError('invalidInput', 'there is no turn to take back in this thread');
  const left = threadLog({ ...rollout, lines: [...rollout.lines, plan.line] });
  const conversation = rebuildConversation(left, left.history, (what) => log.error(what));
  const note = rollbackNote({ turns: plan.turns, files: changedFiles(plan.dropped) });
  record.addLines(plan.line, { type: 'response_item', payload: note });
  state.replace(conversation);
  services.requests.rewritten('rolledBack');
  record.keepItems([note], null);
  await record.sync();
  emit({ type: 'thread.rolledBack', removed: plan.turns, turns: shownTurns(left, { openTurnEnded: true }) });
  const { history, rateLimits } = state;
  const { costUsd } = services.requests;
  emit({ type: 'usage.updated', turnId: null, info: history.tokenInfo, rateLimits, costUsd });
}

function changedFiles(lines: readonly RolloutItem[]): readonly string[] {
  const facts = new ThreadFacts();
  for (const line of lines) if (line.type === 'response_item') facts.note(line.payload);
  return facts.changedFiles;
}
