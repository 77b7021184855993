import type { Session } from '../../engine/threads/index.ts';
import { KeelError, type SessionEvent, type SessionEventOf, type UserInput } from '../../foundation/protocol/index.ts';
import type { ExecOptions } from './exec-options.ts';
import type { RunEvent } from './printer.ts';

/** How a run ended. `message`: the agent's last message, or the review where there was one. */
export type RunEnd =
  | { readonly type: 'ended'; readonly turn: SessionEventOf<'turn.completed'>; readonly message: string | null }
  /** Stopped before a turn could start. */
  | { readonly type: 'stopped' };

/** Where a run is on its way to the end of its turn. */
type Phase =
  | { readonly type: 'opening' }
  /** Turns are being taken out of the conversation before the prompt is submitted. */
  | { readonly type: 'rollingBack' }
  /** The prompt is submitted, or an unfinished turn is about to continue. */
  | { readonly type: 'submitted' }
  | { readonly type: 'running'; readonly review: string | null }
  | RunEnd;

export interface Run {
  readonly session: Pick<Session, 'events' | 'submit'>;
  readonly options: ExecOptions;
  /** Receives every event but the last. */
  readonly show: (event: RunEvent) => void;
  readonly stop: AbortSignal;
}

/**
 * Submits what was asked for as soon as the thread is open, and shows events until its turn has ended. The last event,
 * `turn.completed`, is left to the caller.
 * @throws KeelError for what keeps the turn from starting
 */
export async function followRun(run: Run): Promise<RunEnd> {
  let phase: Phase = { type: 'opening' };
  for await (const event of run.session.events({ deltas: false })) {
    phase = afterEvent(phase, event, run);
    if (phase.type === 'ended' || phase.type === 'stopped') return phase;
  }
  if (run.stop.aborted) return { type: 'stopped' };
  throw new KeelError('internal', 'the session ended before its turn did');
}

function afterEvent(phase: Phase, event: SessionEvent, run: Run): Phase {
  if (event.type === 'turn.completed') {
    const review = phase.type === 'running' && event.status === 'completed' ? phase.review : null;
    return { type: 'ended', turn: event, message: event.lastAgentMessage ?? review };
  }
  if (phase.type === 'opening' && event.type === 'thread.started') return afterOpening(event, run);
  // An error of no turn, before there is one, means that none will start.
  if (phase.type !== 'running' && event.type === 'error' && event.turnId === null) {
    throw new KeelError(event.error.kind, event.error.message);
  }
  run.show(event);
  if (phase.type === 'rollingBack' && event.type === 'thread.rolledBack') return submitPrompt(run);
  if (event.type === 'turn.started') return { type: 'running', review: null };
  if (phase.type === 'running' && event.type === 'item.completed' && event.item.type === 'exitedReviewMode') {
    return { type: 'running', review: event.item.review };
  }
  return phase;
}

function afterOpening(event: SessionEventOf<'thread.started'>, run: Run): Phase {
  const { prompt, review, rollback } = run.options;
  if (run.stop.aborted) return { type: 'stopped' };
  if (prompt === null && !review && event.turns.at(-1)?.status !== 'inProgress') {
    throw new KeelError('invalidInput', 'this thread has no unfinished turn: give a prompt to continue it');
  }
  run.show(event);
  if (rollback === null) return submitPrompt(run);
  run.session.submit({ type: 'rollback', turns: rollback });
  return { type: 'rollingBack' };
}

/** A run that was stopped submits nothing: its turn would start after the interrupt. */
function submitPrompt({ session, options, stop }: Run): Phase {
  if (stop.aborted) return { type: 'stopped' };
  const { prompt, review, images, outputSchema } = options;
  const schema = outputSchema === undefined ? {} : { outputSchema };
  if (review) session.submit({ type: 'review', target: review, ...schema });
  else if (prompt !== null) {
    const items: UserInput[] = images.map((path) => ({ type: 'localImage', path }));
    items.push({ type: 'text', text: prompt });
    session.submit({ type: 'userInput', items, ...schema });
  }
  return { type: 'submitted' };
}
