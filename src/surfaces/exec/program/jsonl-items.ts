import type { ThreadItem, ThreadItemOf, WebSearchAction } from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';

export type Json = Readonly<Record<string, unknown>>;

const agentToolNames = {
  spawnAgent: 'spawn_agent',
  sendInput: 'send_input',
  wait: 'wait',
  closeAgent: 'close_agent',
} as const;

/** The states of a subagent as other readers of this output name them. */
const agentStatusNames = {
  running: 'running',
  completed: 'completed',
  failed: 'errored',
  interrupted: 'interrupted',
  closed: 'shutdown',
} as const;

const statusNames = {
  inProgress: 'in_progress',
  completed: 'completed',
  failed: 'failed',
  declined: 'failed',
  interrupted: 'failed',
} as const;

function agentStates(states: ThreadItemOf<'collabAgentToolCall'>['agentsStates']): Json {
  return Object.fromEntries(
    Object.entries(states).map(([id, { status, message }]) => [id, { status: agentStatusNames[status], message }]),
  );
}

function searchAction(action: WebSearchAction): Json {
  switch (action.type) {
    case 'openPage':
      return { type: 'open_page', url: action.url };
    case 'findInPage':
      return { type: 'find_in_page', url: action.url, pattern: action.pattern };
    case 'search':
    case 'other':
      return action;
  }
}

/** An item as objects of this output: one a part for reasoning, none for kinds that the format has no name for. */
export function jsonlBodies(item: ThreadItem): Json[] {
  switch (item.type) {
    case 'agentMessage':
      return [{ type: 'agent_message', text: item.text }];
    case 'reasoning':
      return item.summary.map((text) => ({ type: 'reasoning', text }));
    case 'commandExecution':
      return [
        {
          type: 'command_execution',
          command: item.command,
          aggregated_output: item.aggregatedOutput ?? '',
          exit_code: item.exitCode,
          status: statusNames[item.status],
          ...(item.reason === undefined ? {} : { error: { message: item.reason } }),
        },
      ];
    case 'fileChange':
      return [
        {
          type: 'file_change',
          changes: item.changes.map((change) => ({ path: change.path, kind: change.kind.type })),
          status: statusNames[item.status],
          ...(item.reason === undefined ? {} : { error: { message: item.reason } }),
        },
      ];
    case 'mcpToolCall':
      return [
        {
          type: 'mcp_tool_call',
          server: item.server,
          tool: item.tool,
          arguments: item.arguments,
          result: item.result && { content: item.result.content, structured_content: item.result.structuredContent },
          error: item.error,
          status: statusNames[item.status],
        },
      ];
    case 'webSearch':
      return [{ type: 'web_search', query: item.query, ...(item.action && { action: searchAction(item.action) }) }];
    case 'imageGeneration':
      return [{ type: 'image_generation', prompt: item.prompt, image_url: item.url }];
    case 'plan':
      return [
        {
          type: 'todo_list',
          items: item.steps.map(({ step, status }) => ({ text: step, completed: status === 'completed' })),
        },
      ];
    case 'budgetExceeded':
      return [{ type: 'error', message: item.message }];
    case 'exitedReviewMode':
      return [{ type: 'agent_message', text: item.review }];
    case 'collabAgentToolCall':
      return [
        {
          type: 'collab_tool_call',
          tool: agentToolNames[item.tool],
          sender_thread_id: item.senderThreadId,
          receiver_thread_ids: item.receiverThreadIds,
          prompt: item.prompt,
          agents_states: agentStates(item.agentsStates),
          status: statusNames[item.status],
        },
      ];
    case 'toolCall':
      return item.reason === undefined ? [] : [{ type: 'error', message: `${item.tool}: ${item.reason}` }];
    case 'userMessage':
    case 'enteredReviewMode':
    case 'undo':
    case 'imageView':
    case 'contextCompaction':
      return [];
    default:
      return assertNever(item, 'thread item');
  }
}
