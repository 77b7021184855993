import type {
  SessionEvent,
  SessionEventOf,
  ThreadItem,
  ThreadItemOf,
  Turn,
} from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import { NO_USAGE_YET, type State, type Usage } from '../state.ts';
import {
  abandoned,
  closedGroups,
  entriesOfTurns,
  INTERRUPTED,
  type Transcript,
  withDelta,
  withEntry,
  withItem,
} from '../transcript/index.ts';
import { withAgents } from './agents.ts';
import { notified, onApproval, withoutApproval } from './on-approval.ts';
import { withDelivered, withMessage, withNextQueued, withReturned } from './outbox.ts';
import { only, type Step, step, withNotice } from './step.ts';

/** Turns that took longer than this end with a line that says so, s. */
const LONG_TURN_SECONDS = 60;

/** What a session's event changes. */
export function onSession(state: State, event: SessionEvent, at: number): Step {
  switch (event.type) {
    case 'thread.started':
      return onThread(state, event);
    case 'thread.rolledBack': {
      const turns = event.removed === 1 ? 'Your last turn is' : `Your last ${event.removed} turns are`;
      const thread = state.thread && { ...state.thread, messages: messagesOf(event.turns) };
      return only(
        withNotice({ ...state, thread }, 'info', `${turns} out of the conversation. Files are as they were.`),
      );
    }
    case 'turn.started': {
      const turn = { id: event.turnId, kind: event.taskKind, startedAt: at, header: null, wait: null, hooks: [] };
      const timing = { pausedMs: 0, pausedSince: null, isStopping: false };
      return only({ ...state, turn: { ...turn, ...timing }, hint: null });
    }
    case 'turn.completed':
      return onTurnEnd(state, event, at);
    case 'item.started':
    case 'item.updated':
      return only(withShownItem(withoutWait(state), event.item, { isDone: false, at }));
    case 'item.completed':
      return only(onItemDone(withoutWait(state), event.item, at));
    case 'item.delta':
      return only(onDelta(withoutWait(state), event));
    case 'approval.requested':
      return onApproval(state, event, at);
    case 'approval.resolved':
      return only(withoutApproval(state, event.questionId, at));
    case 'elicitation.completed':
      return only(withNotice(state, 'info', `The MCP server ${event.server} reports that its page is done.`));
    case 'usage.updated':
      return only({ ...withoutWait(state), usage: withUsed(state, event) });
    case 'hook.started':
    case 'hook.completed':
      return only(withHook(state, event));
    case 'submissions.dropped':
      return only(withReturned(state, event.ids));
    case 'warning':
      return only(withNotice(state, 'warning', event.message));
    case 'error':
      return only(onError(state, event));
    case 'events.lost':
      return only(
        withNotice(state, 'warning', `${event.dropped} events were too fast for the screen and are not shown.`),
      );
    case 'turn.diff':
    case 'rawItem.recorded':
    case 'historyEntry.answered':
    case 'submission.joined':
    case 'thread.closed':
      return only(state);
    default:
      return assertNever(event, 'event');
  }
}

/** A thread is open: what is shown of it begins with its record. Messages that waited for it are sent. */
function onThread(
  state: State,
  { threadId, model, effort, cwd, rolloutPath, turns }: SessionEventOf<'thread.started'>,
): Step {
  const settings = state.setup?.settings;
  if (settings === undefined) return only(state);
  const version = state.setup?.version ?? '';
  const header = { type: 'header', version, model, effort, cwd } as const;
  const recorded = state.opening?.shown === threadId ? [] : entriesOfTurns(turns);
  const { gone, past, open } = abandoned(state.transcript);
  const transcript: Transcript = { gone, past: [...past, ...open, header, ...recorded], open: [] };
  const opened: State = {
    ...state,
    transcript,
    turn: null,
    approvals: [],
    agents: turns.flatMap(({ items }) => items).reduce<State['agents']>((all, item) => withAgents(all, item, null), []),
    usage: { ...NO_USAGE_YET, isEarlier: turns.length > 0 },
    lastAnswer: lastAnswerOf(turns.flatMap(({ items }) => items)),
    thread: {
      id: threadId,
      name: null,
      settings: { ...(state.opening?.settings ?? settings), model, effort, cwd },
      rolloutPath,
      messages: messagesOf(turns),
    },
    opening: null,
  };
  const changes = state.opening?.changes ?? [];
  const noted = changes.reduce((next, change) => withNotice(next, 'info', `Changed: ${change}.`), opened);
  const { firstMessage, isQueuePaused } = noted;
  if (firstMessage !== null) return withMessage({ ...noted, firstMessage: null }, firstMessage, 'steer');
  return isQueuePaused ? only(noted) : withNextQueued(noted);
}

/** The status line shows what hooks that run have to say, the newest one first. */
function withHook(state: State, event: SessionEventOf<'hook.started' | 'hook.completed'>): State {
  const { id, statusMessage: text } = event.hook;
  if (state.turn === null || text === null) return state;
  const others = state.turn.hooks.filter((one) => one.id !== id);
  const hooks = event.type === 'hook.started' ? [{ id, text }, ...others] : others;
  return { ...state, turn: { ...state.turn, hooks } };
}

function withUsed(
  { usage }: State,
  { info, rateLimits, costUsd = usage.cost }: SessionEventOf<'usage.updated'>,
): Usage {
  return { isEarlier: false, info, rateLimits, cost: costUsd };
}

/** What the user said in these turns, in order. */
function messagesOf(turns: readonly Turn[]): string[] {
  return turns.flatMap(({ items }) => items.flatMap((item) => (item.type === 'userMessage' ? messageText(item) : [])));
}

function messageText({ content }: ThreadItemOf<'userMessage'>): string {
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

function lastAnswerOf(items: readonly ThreadItem[]): string | null {
  return items.findLast((item) => item.type === 'agentMessage')?.text ?? null;
}

function onTurnEnd(state: State, event: SessionEventOf<'turn.completed'>, at: number): Step {
  const { turn } = state;
  const seconds = turn === null ? 0 : (at - turn.startedAt - turn.pausedMs) / 1_000;
  const isInterrupted = event.status === 'interrupted';
  let transcript = isInterrupted ? abandoned(state.transcript) : closedGroups(state.transcript);
  if (isInterrupted && event.abortReason === 'interrupted') transcript = withEntry(transcript, INTERRUPTED);
  if (event.work !== undefined) transcript = withEntry(transcript, { type: 'work', ...event.work });
  if (!isInterrupted && seconds >= LONG_TURN_SECONDS) transcript = withEntry(transcript, { type: 'turnEnd', seconds });
  const ended: State = { ...state, transcript: abandoned(transcript), turn: null, approvals: [] };
  const answer = event.lastAgentMessage ?? 'The turn has ended.';
  const notice = isInterrupted ? [] : notified(state, 'agent-turn-complete', answer);
  if (isInterrupted) {
    const isQueuePaused = ended.outbox.some(({ status }) => status === 'queued');
    return step({ ...ended, isQueuePaused }, { type: 'readBranch' });
  }
  const isWaiting = ended.isQueuePaused || ended.outbox.some(({ status }) => status === 'sent');
  const next = isWaiting ? only(ended) : withNextQueued(ended);
  return { state: next.state, effects: [...next.effects, ...notice, { type: 'readBranch' }] };
}

function onItemDone(state: State, item: ThreadItem, at: number): State {
  if (item.type === 'plan') return state;
  const shown = withShownItem(state, item, { isDone: true, at });
  if (item.type === 'userMessage') {
    const { thread } = shown;
    const said = thread && { ...thread, messages: [...thread.messages, messageText(item)] };
    return withDelivered({ ...shown, thread: said });
  }
  if (item.type !== 'agentMessage') return shown;
  return { ...shown, lastAnswer: item.text, turn: shown.turn && { ...shown.turn, header: null } };
}

/** Every version of a plan is shown as it came; its end is no news. */
function withShownItem(state: State, item: ThreadItem, how: { readonly isDone: boolean; readonly at: number }): State {
  if (item.type === 'reasoning' && state.setup?.hidesReasoning) return state;
  if (item.type === 'userMessage' && !how.isDone) return state;
  const isDone = how.isDone || item.type === 'plan';
  const agents = withAgents(state.agents, item, how.at);
  return { ...state, agents, transcript: withItem(state.transcript, item, { isDone, at: how.at }) };
}

function onDelta(state: State, { part, itemId, delta }: SessionEventOf<'item.delta'>): State {
  const transcript = withDelta(state.transcript, itemId, delta);
  if (part !== 'reasoningSummary' || state.turn === null) return { ...state, transcript };
  const entry = transcript.open.find((one) => one.type === 'item' && one.item.id === itemId);
  const heading = entry?.type === 'item' ? [...entry.live.matchAll(/\*\*([^*\n]{1,200})\*\*/g)].at(-1)?.[1] : undefined;
  return { ...state, transcript, turn: { ...state.turn, header: heading ?? state.turn.header } };
}

/** Something has come: the turn waits for nothing any more. */
function withoutWait(state: State): State {
  return state.turn === null || state.turn.wait === null ? state : { ...state, turn: { ...state.turn, wait: null } };
}

function onError(state: State, { error, willRetry }: SessionEventOf<'error'>): State {
  if (!willRetry) return withNotice(state, 'error', error.message);
  return { ...state, turn: state.turn && { ...state.turn, wait: error.message } };
}
