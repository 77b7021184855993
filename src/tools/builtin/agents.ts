import * as z from 'zod/mini';
import { DEFAULT_AGENT_ROLE } from '../../context/index.ts';
import type { ThreadItemOf } from '../../foundation/protocol/index.ts';
import { byteLength, cutBytesEnd } from '../../foundation/util/index.ts';
import type { AgentOutcome, AgentTools, AgentView } from '../agents.ts';
import { argumentNames, parseArguments } from '../arguments.ts';
import type { ToolCall, ToolOutput } from '../tool-call.ts';
import type { ToolContext, ToolHandler } from '../types.ts';
import { DEFAULT_WAIT_MS, MAX_WAIT_MS, MIN_WAIT_MS } from './specs/agents.ts';

/** Of all reports in one output, UTF-8 bytes: below what any output may hold, so that its JSON is never cut. */
const MAX_REPORTS_BYTES = 8_192;
const MAX_WAITED = 16;

type Tool = ThreadItemOf<'collabAgentToolCall'>['tool'];

const id = z.string().check(z.minLength(1));
const message = z.string().check(z.refine((value) => value.trim() !== '', { error: 'a text that is not empty' }));
const spawnArguments = z.object({ message, agent_type: z.optional(z.string()) });
const sendArguments = z.object({ id, message, interrupt: z.optional(z.boolean()) });
const waitArguments = z.object({
  ids: z.array(id).check(z.minLength(1), z.maxLength(MAX_WAITED)),
  timeout_ms: z.optional(z.number()),
});
const closeArguments = z.object({ id });
const aliases = {
  spawn: { message: ['prompt', 'task'], agent_type: ['role', 'type'] },
  send: { id: ['agent_id'], message: ['input', 'prompt'] },
  wait: { ids: ['agent_ids'] },
  close: { id: ['agent_id'] },
};

/** `spawn_agent`: starts a helper and names it; the helper works on by itself. */
export const spawnAgentHandler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(spawnArguments, aliases.spawn),
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsOf(call), spawnArguments, { aliases: aliases.spawn });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const { message: task, agent_type: role = DEFAULT_AGENT_ROLE } = parsed.value;
    const shown = { tool: 'spawnAgent', prompt: task, ids: [] } as const;
    return showing(call, context, shown, async (agents) =>
      worded(await agents.spawn({ role, message: task }, signal), ({ id }) => ({ id })),
    );
  },
};

/** `send_input`: a message into a helper's turn, or a new turn of it. */
export const sendInputHandler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(sendArguments, aliases.send),
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsOf(call), sendArguments, { aliases: aliases.send });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const { id: to, message: text, interrupt = false } = parsed.value;
    return showing(call, context, { tool: 'sendInput', prompt: text, ids: [to] }, async (agents) =>
      worded(await agents.send({ id: to, message: text, interrupt }, signal), ({ id, state }) => ({
        id,
        status: state.status,
      })),
    );
  },
};

/** `wait`: for the first of some helpers to end its turn. Reads only, so that it may stand beside other calls. */
export const waitHandler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(waitArguments, aliases.wait),
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsOf(call), waitArguments, { aliases: aliases.wait });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const ids = [...new Set(parsed.value.ids)];
    const timeoutMs = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, parsed.value.timeout_ms ?? DEFAULT_WAIT_MS));
    return showing(call, context, { tool: 'wait', prompt: null, ids }, async (agents) => {
      const outcome = await agents.wait(ids, timeoutMs, signal);
      if (outcome.type === 'refused') return { output: { body: outcome.message, success: false }, agents: [] };
      const body = { status: reportsOf(outcome.agents), timed_out: outcome.timedOut };
      return { output: { body: JSON.stringify(body), success: true }, agents: outcome.agents };
    });
  },
};

/** `close_agent`: ends a helper, whatever it is doing. */
export const closeAgentHandler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(closeArguments, aliases.close),
  parallel: false,
  repeat: 'ledger',
  async run(call, context) {
    const parsed = parseArguments(argumentsOf(call), closeArguments, { aliases: aliases.close });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const { id: which } = parsed.value;
    return showing(call, context, { tool: 'closeAgent', prompt: null, ids: [which] }, async (agents) =>
      worded(await agents.close(which), ({ id, state }) => ({ id, status: state.status })),
    );
  },
};

interface Done {
  readonly output: ToolOutput;
  /** The helpers that the call was about. */
  readonly agents: readonly AgentView[];
}

interface Shown {
  readonly tool: Tool;
  readonly prompt: string | null;
  readonly ids: readonly string[];
}

/** Shows people that the model works with helpers, and how they stand afterwards. */
async function showing(
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
    agentsStates: Object.fromEntries(views.map(({ threadId, state }) => [threadId, bounded(state, views.length)])),
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

function worded(outcome: AgentOutcome, body: (agent: AgentView) => object): Done {
  if (outcome.type === 'refused') return { output: { body: outcome.message, success: false }, agents: [] };
  return { output: { body: JSON.stringify(body(outcome.agent)), success: true }, agents: [outcome.agent] };
}

function reportsOf(agents: readonly AgentView[]): Readonly<Record<string, object>> {
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
  // What JSON escapes takes more room than it has bytes.
  let kept = cutBytesEnd(report, room);
  while (byteLength(JSON.stringify(kept)) > room) kept = cutBytesEnd(kept, Math.floor(byteLength(kept) * 0.8));
  return { status, message: `${kept} [cut: ${byteLength(kept)} of ${byteLength(report)} bytes]` };
}

function argumentsOf({ payload }: ToolCall): string {
  return payload.type === 'function' ? payload.arguments : '';
}
