import { type Op, toKeelError } from '../../foundation/protocol/index.ts';
import { assertNever } from '../../foundation/util/index.ts';
import type { SessionDeps } from './session-deps.ts';
import type { Submission, SubmissionQueue } from './submission-queue.ts';
import { reviewTask } from './tasks/review-task.ts';
import { compactTask, undoTask } from './tasks/tasks.ts';
import type { Turns } from './turn/turns.ts';

/**
 * Handles the ops of a session one after the other until it is shut down. It waits for a task to start or to be aborted,
 * never for one to end, so that an interrupt or an answer always gets through.
 * @param release asked at the end: how long a running turn has to be let go, ms; null: it is ended
 */
export async function runSubmissionLoop(
  queue: SubmissionQueue,
  turns: Turns,
  deps: SessionDeps,
  release: () => number | null,
): Promise<void> {
  for (let next = await queue.next(); next !== null; next = await queue.next()) {
    if (next.op.type === 'shutdown') break;
    try {
      await dispatch(next, next.op, turns, deps);
    } catch (error) {
      const known = toKeelError(error);
      if (known.kind === 'internal') deps.services.log.crash(error);
      deps.emit({ type: 'error', turnId: null, error: known.toInfo(), willRetry: false });
    }
  }
  queue.close();
  const graceMs = release();
  if (graceMs === null) await turns.abort('shutdown');
  else await turns.release(graceMs);
}

async function dispatch({ id }: Submission, op: Exclude<Op, { type: 'shutdown' }>, turns: Turns, deps: SessionDeps) {
  switch (op.type) {
    case 'userInput':
      return turns.submitInput({ submissionId: id, items: op.items, settings: {}, outputSchema: op.outputSchema });
    case 'userTurn': {
      const { cwd, approvalPolicy, sandboxPolicy, model, summary } = op;
      const settings = { cwd, approvalPolicy, sandboxPolicy, model, effort: op.effort ?? null, summary };
      return turns.submitInput({ submissionId: id, items: op.items, settings, outputSchema: op.outputSchema });
    }
    case 'overrideTurnContext':
      return deps.state.configure(op.settings);
    case 'interrupt':
      return turns.abort('interrupted');
    case 'compact':
      return turns.startWhenIdle(compactTask(op.focus ?? null), id);
    case 'undo':
      return turns.replace(undoTask, id);
    case 'rollback':
      return turns.rollBack(op.turns);
    case 'userShell':
      return turns.userShell(op.command, id);
    case 'review':
      return turns.replace(reviewTask(op), id);
    case 'addToHistory':
      return deps.services.typedMessages.add(op.text);
    case 'getHistoryEntry':
      return deps.services.typedMessages.answer({ offset: op.offset, logId: op.logId ?? null }, id, deps.emit);
    case 'approval':
      if (!(await turns.answer(op.questionId, op.decision))) {
        deps.services.log.warn(`an answer came for the question ${op.questionId}, which isn't waiting`);
      }
      return;
    default:
      return assertNever(op, 'op');
  }
}
