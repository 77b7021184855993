import * as z from 'zod/mini';
import {
  argumentNames,
  argumentsText,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import { agentId, showing, worded } from './agents/agent-call.ts';

const closeArguments = z.object({ id: agentId });
const aliases = { id: ['agent_id'] };

const spec = functionSpec({
  name: 'close_agent',
  description: 'Stop a helper agent and all it started. Changes it made to files stay.',
  required: ['id'],
  properties: { id: textSchema },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(closeArguments, aliases),
  parallel: false,
  repeat: 'ledger',
  async run(call, context) {
    const parsed = parseArguments(argumentsText(call), closeArguments, { aliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { id: which } = parsed.value;
    return showing(call, context, { tool: 'closeAgent', prompt: null, ids: [which] }, async (agents) =>
      worded(await agents.close(which), ({ id, state }) => ({ id, status: state.status })),
    );
  },
};

/** `close_agent`: ends a subagent, whatever it is doing. */
export const closeAgentTool: Tool = { name: spec.name, spec, handler };
