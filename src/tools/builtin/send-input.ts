import * as z from 'zod/mini';
import {
  argumentNames,
  argumentsText,
  booleanSchema,
  described,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import { agentId, agentMessage, showing, worded } from './agents/agent-call.ts';

const sendArguments = z.object({ id: agentId, message: agentMessage, interrupt: z.optional(z.boolean()) });
const aliases = { id: ['agent_id'], message: ['input', 'prompt'] };

const spec = functionSpec({
  name: 'send_input',
  description: 'Send a further message to a helper agent, for instance a correction or a next task.',
  required: ['id', 'message'],
  properties: {
    id: textSchema,
    message: textSchema,
    interrupt: described(booleanSchema, 'True stops what it is doing first.'),
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(sendArguments, aliases),
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), sendArguments, { aliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { id: to, message: text, interrupt = false } = parsed.value;
    return showing(call, context, { tool: 'sendInput', prompt: text, ids: [to] }, async (agents) =>
      worded(await agents.send({ id: to, message: text, interrupt }, signal), ({ id, state }) => ({
        id,
        status: state.status,
      })),
    );
  },
};

/** `send_input`: sends a message into a subagent's turn, or starts a new turn of it. */
export const sendInputTool: Tool = { name: spec.name, spec, handler };
