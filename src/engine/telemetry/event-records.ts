import type {
  ErrorInfo,
  SessionEvent,
  SessionEventOf,
  ThreadItem,
  UserInput,
} from '../../foundation/protocol/index.ts';
import { toolCallOf } from './tool-calls.ts';

export type RecordAttributes = Readonly<Record<string, string | number | boolean>>;

/** An event of a session as a line of a log. Its names are those that collectors get. */
export interface EventRecord {
  readonly name: string;
  readonly severity: 'info' | 'warn' | 'error';
  readonly attributes: RecordAttributes;
}

/** Which content of the conversation may be in a record. */
export interface ContentPolicy {
  readonly prompts: boolean;
  /** Arguments and output of calls. */
  readonly calls: boolean;
}

const REDACTED = '[REDACTED]';

/** Null: the event is no record of its own. Without a policy that allows it, a record has no content of the conversation. */
export function eventRecord(event: SessionEvent, policy: ContentPolicy): EventRecord | null {
  switch (event.type) {
    case 'thread.started':
      return info('keel.conversation_starts', {
        model: event.model,
        reasoning_effort: event.effort,
        is_resumed: event.turns.length > 0,
      });
    case 'thread.closed':
      return info('keel.conversation_ends', {});
    case 'turn.started':
      return info('keel.turn_starts', { turn_id: event.turnId, task_kind: event.taskKind });
    case 'turn.completed':
      return turnRecord(event);
    case 'usage.updated':
      return requestRecord(event);
    case 'item.completed':
      return itemRecord(event.item, event.turnId, policy);
    case 'approval.requested': {
      const { turnId, request } = event;
      const callId = 'callId' in request ? request.callId : null;
      const asked = { turn_id: turnId, question_id: request.questionId, kind: request.type, call_id: callId };
      return info('keel.tool_question', asked);
    }
    case 'approval.resolved': {
      const { turnId, questionId, decision = null } = event;
      const snake = decision?.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) ?? null;
      return info('keel.tool_decision', { turn_id: turnId, question_id: questionId, decision: snake });
    }
    case 'warning':
      return { ...info('keel.warning', { turn_id: event.turnId, message: event.message }), severity: 'warn' };
    case 'error': {
      const attributes = given({ turn_id: event.turnId, ...errorAttributes(event.error), will_retry: event.willRetry });
      return { name: 'keel.error', severity: event.willRetry ? 'warn' : 'error', attributes };
    }
    case 'events.lost':
      return { ...info('keel.events_lost', { dropped: event.dropped }), severity: 'warn' };
    default:
      return null;
  }
}

function turnRecord({ turnId, status, error, abortReason }: SessionEventOf<'turn.completed'>): EventRecord {
  const attributes = given({ turn_id: turnId, status, abort_reason: abortReason, ...errorAttributes(error) });
  return { name: 'keel.turn_ends', severity: status === 'failed' ? 'error' : 'info', attributes };
}

function requestRecord({ turnId, info: usage, request }: SessionEventOf<'usage.updated'>): EventRecord | null {
  if (request === undefined) return null;
  const last = usage?.last_token_usage;
  return info('keel.api_request', {
    turn_id: turnId,
    model: request.model,
    provider_name: request.provider,
    duration_ms: request.durationMs,
    first_token_ms: request.firstTokenMs,
    cost_usd: request.costUsd,
    cache_miss: request.cacheMiss,
    input_token_count: last?.input_tokens,
    cached_token_count: last?.cached_input_tokens,
    output_token_count: last?.output_tokens,
    reasoning_token_count: last?.reasoning_output_tokens,
  });
}

function itemRecord(item: ThreadItem, turnId: string, policy: ContentPolicy): EventRecord | null {
  if (item.type === 'userMessage') {
    const prompt = item.content.flatMap(textOf).join('\n');
    return info('keel.user_prompt', {
      turn_id: turnId,
      prompt_length: prompt.length,
      prompt: policy.prompts ? prompt : REDACTED,
    });
  }
  const call = toolCallOf(item);
  if (call === null) return null;
  return info('keel.tool_result', {
    turn_id: turnId,
    tool_name: call.tool,
    mcp_server: call.server,
    call_id: call.id,
    success: call.status === 'completed',
    outcome: call.status,
    sandbox: call.sandbox,
    exit_code: call.exitCode,
    duration_ms: 'durationMs' in item ? item.durationMs : null,
    ...(policy.calls ? call.content : {}),
  });
}

function textOf(part: UserInput): string[] {
  return part.type === 'text' ? [part.text] : [];
}

function errorAttributes(error: ErrorInfo | null) {
  if (error === null) return {};
  return { error_kind: error.kind, message: error.message, 'http.response.status_code': error.httpStatus };
}

type Known = Readonly<Record<string, string | number | boolean | null | undefined>>;

function info(name: string, known: Known): EventRecord {
  return { name, severity: 'info', attributes: given(known) };
}

/** What is known of them. */
function given(known: Known): RecordAttributes {
  const entries = Object.entries(known).flatMap(([name, value]) => (value == null ? [] : [[name, value] as const]));
  return Object.fromEntries(entries);
}
