import type { ToolCall, ToolCallStatus } from '@agentclientprotocol/sdk';
import type { ItemStatus, ThreadItem, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import { changeContents, changeKind, changeLocations, changeTitle } from './change-view.ts';
import { commandContent, commandKind, commandLocations } from './command-view.ts';
import { type CallView, resultBlock, textContent, titleOf } from './content.ts';
import { toolCallView } from './tool-view.ts';

/** An item that the client sees as a tool call. */
export type WorkItem = ThreadItemOf<
  | 'commandExecution'
  | 'fileChange'
  | 'mcpToolCall'
  | 'toolCall'
  | 'webSearch'
  | 'imageView'
  | 'imageGeneration'
  | 'collabAgentToolCall'
>;

const AGENT_VERBS = {
  spawnAgent: 'Start a subagent',
  sendInput: 'Send a message to a subagent',
  wait: 'Wait for subagents',
  closeAgent: 'Close a subagent',
} as const;

export function isWork(item: ThreadItem): item is WorkItem {
  switch (item.type) {
    case 'commandExecution':
    case 'fileChange':
    case 'mcpToolCall':
    case 'toolCall':
    case 'webSearch':
    case 'imageView':
    case 'imageGeneration':
    case 'collabAgentToolCall':
      return true;
    default:
      return false;
  }
}

/**
 * An item as a tool call. What an item without a state of its own shows is done once it is `isOver`.
 * @param isLive whether files are now as the item found or left them, so that diffs can be of whole files
 */
export function callView(item: WorkItem, { isOver, isLive }: { isOver: boolean; isLive: boolean }): CallView {
  const status = 'status' in item ? statusOf(item.status) : isOver ? 'completed' : 'in_progress';
  switch (item.type) {
    case 'commandExecution':
      return {
        title: titleOf(item.command),
        kind: commandKind(item),
        status: status === 'completed' && (item.exitCode ?? 0) !== 0 ? 'failed' : status,
        locations: commandLocations(item),
        rawInput: { command: item.command, cwd: item.cwd },
        content: [textContent(commandContent(item))],
        ...(isOver ? { rawOutput: { exitCode: item.exitCode, durationMs: item.durationMs } } : {}),
      };
    case 'fileChange':
      return {
        title: titleOf(changeTitle(item.changes)),
        kind: changeKind(item.changes),
        status,
        locations: changeLocations(item.changes),
        content: [
          ...changeContents(item.changes, isLive),
          ...(item.reason === undefined ? [] : [textContent(item.reason)]),
        ],
      };
    case 'mcpToolCall':
      return {
        title: titleOf(`${item.server}: ${item.tool}`),
        name: item.tool,
        kind: 'other',
        status,
        rawInput: item.arguments,
        content: mcpContent(item),
        ...(item.result === null ? {} : { rawOutput: item.result.structuredContent ?? item.result.content }),
      };
    case 'toolCall':
      return { ...toolCallView(item), status };
    case 'webSearch':
      return {
        title: titleOf(item.query === '' ? 'Search the web' : `Search the web: ${item.query}`),
        kind: 'fetch',
        status,
        content: [textContent(item.query)],
      };
    case 'imageView':
      return {
        title: titleOf(`View ${item.path}`),
        kind: 'read',
        status,
        locations: [{ path: item.path }],
        content: [textContent(`Viewed the image ${item.path}.`)],
      };
    case 'imageGeneration':
      return { title: titleOf(`Make a picture: ${item.prompt}`), kind: 'other', status, content: pictureContent(item) };
    case 'collabAgentToolCall':
      return { title: titleOf(agentTitle(item)), kind: 'other', status, content: agentContent(item) };
    default:
      return assertNever(item, 'work item');
  }
}

function statusOf(status: ItemStatus): ToolCallStatus {
  if (status === 'inProgress') return 'in_progress';
  return status === 'completed' ? 'completed' : 'failed';
}

function mcpContent({
  result,
  error,
  status,
  progress,
}: ThreadItemOf<'mcpToolCall'>): NonNullable<ToolCall['content']> {
  if (error !== null) return [textContent(error.message)];
  const blocks = (result?.content ?? []).map(resultBlock);
  if (blocks.length > 0) return blocks.map((content) => ({ type: 'content', content }));
  if (status === 'inProgress') return progress === undefined ? [] : [textContent(progress)];
  return [textContent('The tool returned nothing.')];
}

function pictureContent({ url }: ThreadItemOf<'imageGeneration'>): NonNullable<ToolCall['content']> {
  const [, mimeType, data] = /^data:([^;]+);base64,(.*)$/.exec(url ?? '') ?? [];
  if (mimeType === undefined || data === undefined) return [];
  return [{ type: 'content', content: { type: 'image', mimeType, data } }];
}

function agentTitle({ tool, prompt }: ThreadItemOf<'collabAgentToolCall'>): string {
  return prompt === null ? AGENT_VERBS[tool] : `${AGENT_VERBS[tool]}: ${prompt}`;
}

function agentContent(item: ThreadItemOf<'collabAgentToolCall'>): NonNullable<ToolCall['content']> {
  const states = Object.values(item.agentsStates).map(({ status, message }) => `${status}: ${message ?? ''}`.trim());
  return [textContent([agentTitle(item), ...states].join('\n\n'))];
}
