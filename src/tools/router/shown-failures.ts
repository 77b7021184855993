import type { ThreadItem } from '../../foundation/protocol/index.ts';
import { failureReason, type ToolCall, type ToolContext, type ToolOutput } from '../contract/index.ts';

/** Runs a call, and shows people one that fails before its tool has shown anything of it: no failure goes unseen. */
export async function withFailureShown(
  call: ToolCall,
  context: ToolContext,
  signal: AbortSignal,
  run: (context: ToolContext) => Promise<ToolOutput>,
): Promise<ToolOutput> {
  let isShown = false;
  const itemStarted = (item: ThreadItem) => {
    isShown ||= item.id === call.callId;
    context.events.itemStarted(item);
  };
  const output = await run({ ...context, events: { ...context.events, itemStarted } });
  // The end of the turn shows what was stopped.
  if (!output.success && !isShown && !signal.aborted)
    showFailure(call, context, failureReason(output, context.turn.noteMark));
  return output;
}

/** Reports a call of which its tool shows nothing. */
export function showFailure(
  { callId, name, payload }: ToolCall,
  { events }: Pick<ToolContext, 'events'>,
  reason: string,
): void {
  const args = payload.type === 'function' ? payload.arguments : '';
  const item = { type: 'toolCall', id: callId, tool: name, arguments: args, durationMs: null } as const;
  events.itemStarted({ ...item, status: 'inProgress' });
  events.itemCompleted({ ...item, status: 'failed', reason });
}
