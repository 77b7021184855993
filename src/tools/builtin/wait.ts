import * as z from 'zod/mini';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  numberSchema,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import { agentId, reportsOf, showing } from './agents/agent-call.ts';

const DEFAULT_WAIT_MS = 30_000;
/** A shorter wait is a busy one: each costs a request. */
const MIN_WAIT_MS = 10_000;
const MAX_WAIT_MS = 3_600_000;
const MAX_WAITED = 16;

const waitArguments = z.object({
  ids: z.array(agentId).check(z.minLength(1), z.maxLength(MAX_WAITED)),
  timeout_ms: z.optional(z.number()),
});
const aliases = { ids: ['agent_ids'] };

const spec = functionSpec({
  name: 'wait',
  description:
    'Wait until one of these helper agents finishes, and get its last message. Returns early only on a finish or at the time limit.',
  required: ['ids'],
  properties: {
    ids: { type: 'array', items: textSchema },
    timeout_ms: described(numberSchema, `${DEFAULT_WAIT_MS} if absent.`),
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(waitArguments, aliases),
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), waitArguments, { aliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
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

/** `wait`: waits for the first of some subagents to end its turn. It only reads, so it may run beside other calls. */
export const waitTool: Tool = { name: spec.name, spec, handler };
