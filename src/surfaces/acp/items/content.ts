import type { ContentBlock, ToolCall, ToolCallContent, ToolCallStatus } from '@agentclientprotocol/sdk';

/** A tool call as far as it is known, but for its id. */
export type CallView = Omit<ToolCall, 'toolCallId' | 'status'> & { readonly status: ToolCallStatus };

const TITLE_CHARS = 200;

/** On one line, bounded. */
export function titleOf(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= TITLE_CHARS ? line : `${line.slice(0, TITLE_CHARS - 1).toWellFormed()}…`;
}

/** Text of a call that every client can show. */
export function textContent(text: string): ToolCallContent {
  return { type: 'content', content: { type: 'text', text } };
}

/** Text as a block of code that nothing in it can close. */
export function fenced(text: string, language = ''): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text.endsWith('\n') ? text : `${text}\n`}${fence}`;
}

/** A part of the result of an MCP tool: text and images as they are, the rest as JSON. */
export function resultBlock(part: unknown): ContentBlock {
  const { type, text, data, mimeType } = fieldsOf(part);
  if (type === 'text' && typeof text === 'string') return { type, text };
  if (type === 'image' && typeof data === 'string' && typeof mimeType === 'string') return { type, data, mimeType };
  return { type: 'text', text: fenced(JSON.stringify(part, null, 2) ?? '', 'json') };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
