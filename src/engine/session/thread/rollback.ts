import { ThreadFacts } from '../../../context/history/index.ts';
import { rollbackNote } from '../../../context/index.ts';
import { KeelError, type RolloutItem, type SessionEvent } from '../../../foundation/protocol/index.ts';
import { planRollback, readRollout, threadLog } from '../../../storage/rollout/index.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';
import { rebuildHistory, threadFacts, toldContext } from './rebuild-history.ts';
import { toldTurns } from './shown-turns.ts';
import type { ThreadRecord } from './thread-record.ts';

export interface RollbackParts {
  readonly services: SessionServices;
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly emit: (event: SessionEvent) => void;
}

/**
 * Takes the user's last turns out of the conversation. The state is made anew from the lines that hold, as a resume would
 * make it, and no earlier than the file says so: live and resumed are the same.
 * @throws KeelError `invalidInput` if there is no turn to take back, or the thread is not kept; then nothing has changed
 */
export async function rollBack(turns: number, { services, state, record, emit }: RollbackParts): Promise<void> {
  const { recorder, log } = services;
  if (recorder.path === null) throw new KeelError('invalidInput', "a thread without a record can't be rolled back");
  const rollout = readRollout(recorder.path);
  const plan = planRollback(rollout.lines, turns, state.tokenInfo?.total_token_usage ?? null);
  if (plan === null) throw new KeelError('invalidInput', 'there is no turn to take back in this thread');
  const left = threadLog({ ...rollout, lines: [...rollout.lines, plan.line] });
  const history = rebuildHistory(left.history, (what) => log.error(what));
  const note = rollbackNote({ turns: plan.turns, files: changedFiles(plan.dropped) });
  record.addLines([plan.line, { type: 'response_item', payload: note }]);
  state.rollBack(history, threadFacts(left.history), toldContext(left));
  record.keepItems([note], null);
  await record.sync();
  emit({ type: 'thread.rolledBack', removed: plan.turns, turns: toldTurns(left, { openTurnEnded: true }) });
  emit({ type: 'usage.updated', turnId: null, info: state.tokenInfo, rateLimits: state.rateLimits });
}

function changedFiles(lines: readonly RolloutItem[]): readonly string[] {
  const facts = new ThreadFacts();
  for (const line of lines) if (line.type === 'response_item') facts.note(line.payload);
  return facts.changedFiles;
}
