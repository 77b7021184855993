import type { ToolContext } from './tool.ts';
import type { ToolCall } from './tool-call.ts';

/** Reports a call that could not be done, of which people would see nothing otherwise. */
export function showFailedCall({ callId, name, payload }: ToolCall, { events }: ToolContext, reason: string): void {
  const args = payload.type === 'function' ? payload.arguments : '';
  const item = { type: 'toolCall', id: callId, tool: name, arguments: args, durationMs: null, reason } as const;
  events.itemStarted({ ...item, status: 'inProgress' });
  events.itemCompleted({ ...item, status: 'failed' });
}
