import type { ToolCall, ToolContext, ToolOutput } from '../../contract/index.ts';

/** Reports a tool that only reads to people: that it started, and how it ended. */
export async function shownAsToolCall(
  { callId, name, payload }: ToolCall,
  { events }: ToolContext,
  work: () => Promise<ToolOutput>,
): Promise<ToolOutput> {
  const startedAt = performance.now();
  const args = payload.type === 'function' ? payload.arguments : '';
  const item = { type: 'toolCall', id: callId, tool: name, arguments: args } as const;
  events.itemStarted({ ...item, status: 'inProgress', durationMs: null });
  let isDone = false;
  try {
    const output = await work();
    isDone = output.success;
    return output;
  } finally {
    const status = isDone ? 'completed' : 'failed';
    events.itemCompleted({ ...item, status, durationMs: Math.round(performance.now() - startedAt) });
  }
}
