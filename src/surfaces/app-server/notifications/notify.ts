import type { SessionEvent, SessionEventOf, TokenUsage } from '../../../foundation/protocol/index.ts';
import type { ThreadView } from '../threads/thread-view.ts';
import { ofHook } from './wire-hook.ts';
import { wireItem } from './wire-item.ts';
import { wireError } from './wire-turn.ts';

export interface Notification {
  readonly method: string;
  readonly params: object;
}

/**
 * What subscribers of a thread are sent for an event of its session. Turns, status, questions and the thread's end are left
 * to `SharedThread`, which knows the state around them. `view` is the state before the event.
 */
export function notificationsOf(threadId: string, event: SessionEvent, view: ThreadView): readonly Notification[] {
  switch (event.type) {
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      return ofItem(threadId, event);
    case 'item.delta':
      return ofDelta(threadId, event, view);
    case 'usage.updated':
      return ofUsage(threadId, event);
    case 'turn.diff':
      return [{ method: 'turn/diff/updated', params: { threadId, turnId: event.turnId, diff: event.diff } }];
    case 'thread.rolledBack':
      return [{ method: 'thread/reverted', params: { threadId } }];
    case 'hook.started':
    case 'hook.completed':
      return ofHook(threadId, event);
    case 'warning':
      return [warning(threadId, event.message)];
    case 'submissions.dropped':
      return [warning(threadId, `Not carried out, since the turn was stopped: ${event.ids.length} waiting request(s)`)];
    case 'events.lost':
      return [warning(threadId, `${event.dropped} events were lost; read the thread again`)];
    case 'error': {
      const { turnId, error, willRetry } = event;
      if (turnId === null) return [warning(threadId, error.message)];
      return [{ method: 'error', params: { threadId, turnId, error: wireError(error), willRetry } }];
    }
    default:
      return [];
  }
}

function warning(threadId: string, message: string): Notification {
  return { method: 'warning', params: { threadId, message } };
}

type ItemEvent = SessionEventOf<'item.started' | 'item.updated' | 'item.completed'>;

function ofItem(threadId: string, { type, turnId, item: given }: ItemEvent): readonly Notification[] {
  if (given.type === 'plan') return type === 'item.completed' ? [] : [planNotification(threadId, turnId, given)];
  if (given.type === 'budgetExceeded') return type === 'item.completed' ? [warning(threadId, given.message)] : [];
  if (given.type === 'mcpToolCall' && type === 'item.updated') {
    const { id: itemId, progress: message = '' } = given;
    return [{ method: 'item/mcpToolCall/progress', params: { threadId, turnId, itemId, message } }];
  }
  const item = wireItem(given);
  if (item === null || type === 'item.updated') return [];
  const now = Date.now();
  return type === 'item.started'
    ? [{ method: 'item/started', params: { threadId, turnId, item, startedAtMs: now } }]
    : [{ method: 'item/completed', params: { threadId, turnId, item, completedAtMs: now } }];
}

export function planNotification(
  threadId: string,
  turnId: string,
  { explanation, steps }: Extract<ItemEvent['item'], { type: 'plan' }>,
): Notification {
  const plan = steps.map(({ step, status }) => ({ step, status: status === 'in_progress' ? 'inProgress' : status }));
  return { method: 'turn/plan/updated', params: { threadId, turnId, explanation, plan } };
}

function ofDelta(threadId: string, event: SessionEventOf<'item.delta'>, view: ThreadView): readonly Notification[] {
  const { turnId, itemId, index = 0, delta } = event;
  const params = { threadId, turnId, itemId, delta };
  switch (event.part) {
    case 'agentMessage':
      return [{ method: 'item/agentMessage/delta', params }];
    case 'commandOutput':
      return [{ method: 'item/commandExecution/outputDelta', params }];
    case 'reasoningText':
      return [{ method: 'item/reasoning/textDelta', params: { ...params, contentIndex: index } }];
    case 'reasoningSummary': {
      const item = view.itemInWork(itemId);
      const isNew = item?.type === 'reasoning' && index >= item.summary.length;
      const place = { threadId, turnId, itemId, summaryIndex: index };
      return [
        ...(isNew ? [{ method: 'item/reasoning/summaryPartAdded', params: place }] : []),
        { method: 'item/reasoning/summaryTextDelta', params: { ...place, delta } },
      ];
    }
  }
}

export function ofUsage(
  threadId: string,
  { turnId, info, rateLimits }: SessionEventOf<'usage.updated'>,
): Notification[] {
  const notifications: Notification[] = [];
  if (turnId !== null && info !== null) {
    const tokenUsage = {
      total: wireUsage(info.total_token_usage),
      last: wireUsage(info.last_token_usage),
      modelContextWindow: info.model_context_window ?? null,
    };
    notifications.push({ method: 'thread/tokenUsage/updated', params: { threadId, turnId, tokenUsage } });
  }
  if (rateLimits !== null) {
    const [primary, secondary] = [rateLimits.primary, rateLimits.secondary].map((window) =>
      window === null
        ? null
        : {
            usedPercent: Math.round(window.used_percent),
            windowDurationMins: window.window_minutes,
            resetsAt: window.resets_at,
          },
    );
    const snapshot = { limitId: null, limitName: null, primary, secondary, credits: null, planType: null };
    notifications.push({ method: 'account/rateLimits/updated', params: { rateLimits: snapshot } });
  }
  return notifications;
}

function wireUsage(usage: TokenUsage): object {
  return {
    totalTokens: usage.total_tokens,
    inputTokens: usage.input_tokens,
    cachedInputTokens: usage.cached_input_tokens,
    outputTokens: usage.output_tokens,
    reasoningOutputTokens: usage.reasoning_output_tokens,
  };
}
