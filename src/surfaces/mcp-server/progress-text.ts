import type { ThreadItem } from '../../foundation/protocol/index.ts';

/** What the agent does now, in a line; null for what is no work. */
export function progressText(item: ThreadItem): string | null {
  switch (item.type) {
    case 'commandExecution':
      return `runs ${item.command}`;
    case 'fileChange':
      return `changes ${item.changes.map(({ path }) => path).join(', ')}`;
    case 'mcpToolCall':
      return `calls ${item.server}.${item.tool}`;
    case 'toolCall':
      return item.tool === 'request_user_input' ? 'asks the user' : `calls ${item.tool}`;
    case 'webSearch':
      return `searches for ${item.query}`;
    case 'imageGeneration':
      return 'makes a picture';
    case 'reasoning':
      return 'thinks';
    case 'agentMessage':
      return 'writes';
    default:
      return null;
  }
}
