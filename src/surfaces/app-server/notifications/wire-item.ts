import type {
  AgentState,
  FileUpdate,
  ItemStatus,
  ThreadItem,
  ThreadItemOf,
  UserInput,
  WebSearchAction,
} from '../../../foundation/protocol/index.ts';
import { parseJson } from '../../../foundation/util/index.ts';

/** An item in the protocol's form; null: the protocol has none for it. A plan is there a state of the turn, not an item. */
export function wireItem(item: ThreadItem): object | null {
  switch (item.type) {
    case 'userMessage':
      return { type: item.type, id: item.id, clientId: null, content: item.content.map(wireInput) };
    case 'agentMessage':
      return { type: item.type, id: item.id, text: item.text, phase: null };
    case 'reasoning':
      return { type: item.type, id: item.id, summary: item.summary, content: item.content };
    case 'commandExecution':
      return wireCommand(item);
    case 'fileChange': {
      const { type, id, changes, status } = item;
      return { type, id, changes: changes.map(wireChange), status: toolStatus(status) };
    }
    case 'mcpToolCall':
      return { ...item, status: callStatus(item.status), arguments: item.arguments ?? null };
    case 'toolCall':
      return wireToolCall(item);
    case 'webSearch':
      return { type: item.type, id: item.id, query: item.query, action: wireSearchAction(item.action) };
    case 'imageView':
      return item;
    case 'imageGeneration':
      return wirePicture(item);
    case 'contextCompaction':
      return { type: item.type, id: item.id };
    case 'enteredReviewMode':
    case 'exitedReviewMode':
      return { type: item.type, id: item.id, review: item.review };
    case 'collabAgentToolCall':
      return wireAgentCall(item);
    case 'plan':
    case 'budgetExceeded':
    case 'undo':
      return null;
  }
}

export function wireItems(items: readonly ThreadItem[]): object[] {
  return items.flatMap((item) => wireItem(item) ?? []);
}

function wireInput(input: UserInput): object {
  return input.type === 'text' ? { ...input, text_elements: [] } : input;
}

function wireCommand(item: ThreadItemOf<'commandExecution'>): object {
  const { type, id, command, cwd, processId, source, commandActions, aggregatedOutput, exitCode, durationMs } = item;
  const shown = { type, id, command, cwd, processId, source, commandActions, aggregatedOutput, exitCode };
  return { ...shown, status: toolStatus(item.status), durationMs: whole(durationMs) };
}

function wireChange({ path, kind, diff }: FileUpdate): object {
  return { path, diff, kind: kind.type === 'update' ? { type: kind.type, move_path: kind.movePath } : kind };
}

/** A tool of keel that only reads or asks the user, or a call that failed before its tool did anything. */
function wireToolCall(item: ThreadItemOf<'toolCall'>): object {
  const { id, tool, status, arguments: text, durationMs, reason, answer = reason } = item;
  return {
    type: 'dynamicToolCall',
    id,
    tool,
    arguments: parseJson(text) ?? text,
    status: callStatus(status),
    contentItems: answer === undefined ? null : [{ type: 'inputText', text: answer }],
    success: status === 'inProgress' ? null : status === 'completed',
    durationMs: whole(durationMs),
  };
}

function wireSearchAction(action: WebSearchAction | null): object | null {
  return action?.type === 'search' ? { ...action, queries: [action.query] } : action;
}

function wirePicture({ type, id, prompt, url, interrupted }: ThreadItemOf<'imageGeneration'>): object {
  const status = interrupted ? 'failed' : url === null ? 'in_progress' : 'completed';
  return { type, id, status, revisedPrompt: prompt || null, result: url?.replace(/^[^,]*,/, '') ?? '' };
}

function wireAgentCall(item: ThreadItemOf<'collabAgentToolCall'>): object {
  const states = Object.entries(item.agentsStates).map(([id, state]) => [id, wireAgentState(state)]);
  return {
    ...item,
    status: item.status === 'declined' ? 'failed' : item.status,
    agentsStates: Object.fromEntries(states),
  };
}

const AGENT_STATUS: Readonly<Record<AgentState['status'], string>> = {
  running: 'running',
  completed: 'completed',
  failed: 'errored',
  interrupted: 'interrupted',
  closed: 'shutdown',
};

function wireAgentState({ status, message }: AgentState): object {
  return { status: AGENT_STATUS[status], message };
}

/** The protocol knows no interrupted command or change. */
function toolStatus(status: ItemStatus): string {
  return status === 'interrupted' ? 'failed' : status;
}

/** Nor calls that were declined. */
function callStatus(status: ItemStatus): string {
  return status === 'interrupted' || status === 'declined' ? 'failed' : status;
}

function whole(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
