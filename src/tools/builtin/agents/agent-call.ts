import * as z from 'zod/mini';
import type { ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { byteLength, cutBytesEnd } from '../../../foundation/util/index.ts';
import type { AgentOutcome, AgentTools, AgentView, ToolCall, ToolContext, ToolOutput } from '../../contract/index.ts';

/** Limit for all reports in one output, UTF-8 bytes: below the limit for outputs, so that the JSON is never cut. */
const MAX_REPORTS_BYTES = 8_192;

/** The id of a subagent in arguments. */
export const agentId = z.string().check(z.minLength(1));

/** A message to a subagent in arguments. */
export const agentMessage = z
  .string()
  .check(z.refine((value) => value.trim() !== '', { error: 'a text that is not empty' }));

interface Done {
  readonly output: ToolOutput;
  /** The subagents that the call was about. */
  readonly agents: readonly AgentView[];
}

interface Shown {
  readonly tool: ThreadItemOf<'collabAgentToolCall'>['tool'];
  readonly prompt: string | null;
  readonly ids: readonly string[];
}

/** Reports the call to people, with the states of the subagents afterwards. */
export async function showing(
  { callId }: ToolCall,
  { events, agents, turn }: ToolContext,
  { tool, prompt, ids }: Shown,
  work: (agents: AgentTools) => Promise<Done>,
): Promise<ToolOutput> {
  const item = (views: readonly AgentView[], status: ThreadItemOf<'collabAgentToolCall'>['status']) => ({
    type: 'collabAgentToolCall' as const,
    id: callId,
    tool,
    status,
    senderThreadId: turn.threadId,
    receiverThreadIds: views.map(({ threadId }) => threadId),
    prompt: prompt === null ? null : cutBytesEnd(prompt, MAX_REPORTS_BYTES),
    agentsStates: Object.fromEntries(views.map((view) => [view.threadId, shown(view, views.length)])),
  });
  events.itemStarted(item(agents.look(ids), 'inProgress'));
  let done: Done | null = null;
  try {
    done = await work(agents);
    return done.output;
  } finally {
    events.itemCompleted(item(done?.agents ?? agents.look(ids), done?.output.success ? 'completed' : 'failed'));
  }
}

function shown({ id, model, state }: AgentView, among: number) {
  return { ...bounded(state, among), name: id, ...(model === null ? {} : { model }) };
}

export function worded(outcome: AgentOutcome, body: (agent: AgentView) => object): Done {
  if (outcome.type === 'refused') return { output: { body: outcome.message, success: false }, agents: [] };
  return { output: { body: JSON.stringify(body(outcome.agent)), success: true }, agents: [outcome.agent] };
}

export function reportsOf(agents: readonly AgentView[]): Readonly<Record<string, object>> {
  return Object.fromEntries(
    agents.map(({ id, state }) => {
      const { status, message: report } = bounded(state, agents.length);
      return [id, report === null ? { status } : { status, message: report }];
    }),
  );
}

function bounded({ status, message: report }: AgentView['state'], among: number): AgentView['state'] {
  if (report === null) return { status, message: null };
  const room = Math.floor(MAX_REPORTS_BYTES / among);
  if (byteLength(JSON.stringify(report)) <= room) return { status, message: report };
  // Characters that JSON escapes take more room than their bytes.
  let kept = cutBytesEnd(report, room);
  while (byteLength(JSON.stringify(kept)) > room) kept = cutBytesEnd(kept, Math.floor(byteLength(kept) * 0.8));
  return { status, message: `${kept} [cut: ${byteLength(kept)} of ${byteLength(report)} bytes]` };
}
