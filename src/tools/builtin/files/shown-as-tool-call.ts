import { monotonicMs } from '../../../foundation/util/index.ts';
import { failureReason, type ToolCall, type ToolContext, type ToolOutput } from '../../contract/index.ts';

/** Reports a tool that only reads to people: that it started, and how it ended. */
export async function shownAsToolCall(
  { callId, name, payload }: ToolCall,
  { events, turn }: ToolContext,
  work: () => Promise<ToolOutput>,
): Promise<ToolOutput> {
  const startedAt = monotonicMs();
  const args = payload.type === 'function' ? payload.arguments : '';
  const item = { type: 'toolCall', id: callId, tool: name, arguments: args } as const;
  events.itemStarted({ ...item, status: 'inProgress', durationMs: null });
  let output: ToolOutput | null = null;
  try {
    output = await work();
    return output;
  } finally {
    const durationMs = Math.round(monotonicMs() - startedAt);
    if (output?.success) events.itemCompleted({ ...item, status: 'completed', durationMs });
    else {
      const reason = output === null ? {} : { reason: failureReason(output, turn.noteMark) };
      events.itemCompleted({ ...item, status: 'failed', durationMs, ...reason });
    }
  }
}
