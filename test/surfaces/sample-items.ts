import type { SessionEventOf, ThreadItemOf, TokenUsage, TokenUsageInfo } from '../../src/foundation/protocol/index.ts';

/** Items and events as a session emits them, for tests that look at what a surface makes of them. */
export function command(more: Partial<ThreadItemOf<'commandExecution'>> = {}): ThreadItemOf<'commandExecution'> {
  return {
    type: 'commandExecution',
    id: 'call_1',
    command: 'npm test',
    cwd: '/app',
    processId: null,
    source: 'agent',
    status: 'completed',
    commandActions: [],
    aggregatedOutput: 'ok\n',
    exitCode: 0,
    durationMs: 250,
    ...more,
  };
}

export function fileChange(more: Partial<ThreadItemOf<'fileChange'>> = {}): ThreadItemOf<'fileChange'> {
  const changes = [
    { path: '/app/a.ts', kind: { type: 'update' as const, movePath: null }, diff: '@@ -1 +1 @@\n-a\n+b\n' },
  ];
  return { type: 'fileChange', id: 'call_2', changes, status: 'completed', ...more };
}

export function mcpCall(more: Partial<ThreadItemOf<'mcpToolCall'>> = {}): ThreadItemOf<'mcpToolCall'> {
  return {
    type: 'mcpToolCall',
    id: 'call_3',
    server: 'docs',
    tool: 'search',
    status: 'completed',
    arguments: { query: 'x' },
    result: { content: [{ type: 'text', text: 'found' }], structuredContent: null },
    error: null,
    durationMs: 20,
    ...more,
  };
}

export function toolCall(more: Partial<ThreadItemOf<'toolCall'>> = {}): ThreadItemOf<'toolCall'> {
  return {
    type: 'toolCall',
    id: 'call_4',
    tool: 'read_file',
    status: 'completed',
    arguments: '{"path":"a.ts"}',
    durationMs: 1,
    ...more,
  };
}

export function agentCall(
  more: Partial<ThreadItemOf<'collabAgentToolCall'>> = {},
): ThreadItemOf<'collabAgentToolCall'> {
  return {
    type: 'collabAgentToolCall',
    id: 'call_5',
    tool: 'spawnAgent',
    status: 'completed',
    senderThreadId: 'thread_1',
    receiverThreadIds: ['thread_2'],
    prompt: 'look at the tests',
    agentsStates: { thread_2: { status: 'running', message: null } },
    ...more,
  };
}

export function answer(text: string, more: Partial<ThreadItemOf<'agentMessage'>> = {}): ThreadItemOf<'agentMessage'> {
  return { type: 'agentMessage', id: 'msg_1', text, ...more };
}

export function thoughts(...summary: string[]): ThreadItemOf<'reasoning'> {
  return { type: 'reasoning', id: 'rs_1', summary, content: [] };
}

export function plan(...steps: ThreadItemOf<'plan'>['steps']): ThreadItemOf<'plan'> {
  return { type: 'plan', id: 'plan_1', explanation: null, steps };
}

export function threadStarted(more: Partial<SessionEventOf<'thread.started'>> = {}): SessionEventOf<'thread.started'> {
  return {
    type: 'thread.started',
    threadId: 'thread_1',
    model: 'gpt-5',
    effort: null,
    cwd: '/app',
    rolloutPath: '/home/ada/.keel/sessions/r.jsonl',
    turns: [],
    ...more,
  };
}

export function turnStarted(turnId = 'turn_1'): SessionEventOf<'turn.started'> {
  return { type: 'turn.started', turnId, taskKind: 'regular', modelContextWindow: 200_000 };
}

export function turnCompleted(more: Partial<SessionEventOf<'turn.completed'>> = {}): SessionEventOf<'turn.completed'> {
  return {
    type: 'turn.completed',
    turnId: 'turn_1',
    status: 'completed',
    error: null,
    abortReason: null,
    lastAgentMessage: 'Done.',
    ...more,
  };
}

export function usage(total: Partial<TokenUsage>, last: Partial<TokenUsage> = total): TokenUsageInfo {
  const none = {
    input_tokens: 0,
    cached_input_tokens: 0,
    output_tokens: 0,
    reasoning_output_tokens: 0,
    total_tokens: 0,
  };
  return { total_token_usage: { ...none, ...total }, last_token_usage: { ...none, ...last } };
}

export function usageUpdated(info: TokenUsageInfo | null, costUsd?: number | null): SessionEventOf<'usage.updated'> {
  const event = { type: 'usage.updated', turnId: 'turn_1', info, rateLimits: null } as const;
  return costUsd === undefined ? event : { ...event, costUsd };
}
