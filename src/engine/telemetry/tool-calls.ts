import type { ItemStatus, ThreadItem } from '../../foundation/protocol/index.ts';

/** A call of a tool, as its item shows it. */
export interface ToolCallFacts {
  readonly id: string;
  readonly tool: string;
  /** The MCP server that has the tool. */
  readonly server?: string;
  readonly status: ItemStatus;
  /** What confined it; absent: it was no command, or has not run. */
  readonly sandbox?: string | undefined;
  readonly exitCode?: number | undefined;
  /** What the call says and what it returned: content of the conversation. */
  readonly content: { readonly arguments: string; readonly output: string };
}

/** Null: the item is no call of a tool. */
export function toolCallOf(item: ThreadItem): ToolCallFacts | null {
  switch (item.type) {
    case 'commandExecution': {
      const { id, status, sandbox, exitCode, command, aggregatedOutput } = item;
      const content = { arguments: command, output: aggregatedOutput ?? item.reason ?? '' };
      return { id, tool: 'command', status, sandbox, exitCode: exitCode ?? undefined, content };
    }
    case 'fileChange': {
      const paths = item.changes.map(({ path }) => path).join('\n');
      const content = { arguments: paths, output: item.reason ?? '' };
      return { id: item.id, tool: 'apply_patch', status: item.status, content };
    }
    case 'mcpToolCall': {
      const { id, tool, server, status, arguments: args, result, error } = item;
      const output = error === null ? JSON.stringify(result?.content ?? []) : error.message;
      return { id, tool, server, status, content: { arguments: JSON.stringify(args) ?? '', output } };
    }
    case 'toolCall': {
      const { id, tool, status, arguments: args, reason = '', answer = reason } = item;
      return { id, tool, status, content: { arguments: args, output: answer } };
    }
    case 'webSearch':
      return {
        id: item.id,
        tool: 'web_search',
        status: item.interrupted ? 'interrupted' : 'completed',
        content: { arguments: item.query, output: '' },
      };
    case 'imageGeneration':
      return {
        id: item.id,
        tool: 'image_generation',
        status: item.interrupted ? 'interrupted' : 'completed',
        content: { arguments: item.prompt, output: '' },
      };
    case 'imageView':
      return { id: item.id, tool: 'view_image', status: 'completed', content: { arguments: item.path, output: '' } };
    case 'collabAgentToolCall':
      return {
        id: item.id,
        tool: item.tool,
        status: item.status,
        content: { arguments: item.prompt ?? '', output: '' },
      };
    default:
      return null;
  }
}
