import type { ApprovalRequest, SessionEventOf } from '../../../foundation/protocol/index.ts';
import type { Effect, Setup } from '../message.ts';
import type { State } from '../state.ts';
import { only, type Step, step } from './step.ts';

/** A question of the thread's or a child's takes its place behind those that wait already. */
export function onApproval(state: State, event: SessionEventOf<'approval.requested'>, at: number): Step {
  const { request, agent } = event;
  const settings = state.thread?.settings;
  if (settings === undefined || state.approvals.some((one) => one.request.questionId === request.questionId)) {
    return only(state);
  }
  const asked = { request, agent: agent ?? null, policy: settings.sandboxPolicy, cwd: settings.cwd };
  const view = {
    ...asked,
    paintedAt: null,
    selected: 0,
    isTouched: false,
    armed: null,
    below: 0,
    denial: null,
    form: {},
    fault: null,
  } as const;
  const turn = state.turn && { ...state.turn, pausedSince: state.turn.pausedSince ?? at };
  return step(
    { ...state, approvals: [...state.approvals, view], turn },
    ...notified(state, 'approval-requested', noticeOf(request)),
  );
}

function noticeOf(request: ApprovalRequest): string {
  if (request.type === 'questions')
    return `The agent asks: ${request.questions.map(({ question }) => question).join(' ')}`;
  const what = request.type === 'command' ? request.command.join(' ') : request.type === 'network' ? request.host : '';
  return `Approval needed${what === '' ? '' : `: ${what}`}`;
}

/** A question is settled; the clock of the turn runs again when none is left. */
export function withoutApproval(state: State, questionId: string, at: number): State {
  const approvals = state.approvals.filter(({ request }) => request.questionId !== questionId);
  const { turn } = state;
  if (turn === null || turn.pausedSince === null || approvals.length > 0) return { ...state, approvals };
  const pausedMs = turn.pausedMs + at - turn.pausedSince;
  return { ...state, approvals, turn: { ...turn, pausedMs, pausedSince: null } };
}

/** Without a report of the focus, nobody is there who has typed nothing for so long, ms. */
const AWAY_MS = 30_000;

/** A notification, if the user wants those of its kind and looks elsewhere. */
export function notified(
  { isFocused, now, lastInputAt, setup }: State,
  what: Setup['notifications'][number],
  text: string,
): Effect[] {
  const isAway = isFocused === null ? now - lastInputAt > AWAY_MS : !isFocused;
  const isWanted = setup?.notifications.includes(what) ?? false;
  return isAway && isWanted ? [{ type: 'notify', text }] : [];
}
