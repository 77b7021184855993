import * as z from 'zod/mini';
import { type AgentRole, DEFAULT_AGENT_ROLE } from '../../context/index.ts';
import type { FunctionToolSpec } from '../../models/prompt/index.ts';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import { agentMessage, showing, worded } from './agents/agent-call.ts';

export const SPAWN_AGENT = 'spawn_agent';
const MAX_LISTED_ROLES = 8;
const MAX_DESCRIPTION_CHARS = 40;

const spawnArguments = z.object({ message: agentMessage, agent_type: z.optional(z.string()) });
const aliases = { message: ['prompt', 'task'], agent_type: ['role', 'type'] };

/** The spec lists the roles of this thread; the rest is the same for every thread. */
function spawnAgentSpec(roles: readonly AgentRole[]): FunctionToolSpec {
  return functionSpec({
    name: SPAWN_AGENT,
    description:
      'Start a helper agent on one bounded task and get its id at once; `wait` gives its answer. It works in these same files but sees nothing of this conversation, so put into `message` the goal, the facts and paths it needs, what it may change and what to report. Good for separate questions or parts that touch different files, side by side. Not for what two calls of your own would settle. Check its answer before you rely on it; its tokens count towards your budget.',
    required: ['message'],
    properties: {
      message: described(textSchema, 'The whole task.'),
      agent_type: described(textSchema, `${listed(roles)}. ${capitalised(DEFAULT_AGENT_ROLE)} if absent.`),
    },
  });
}

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(spawnArguments, aliases),
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), spawnArguments, { aliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { message: task, agent_type: role = DEFAULT_AGENT_ROLE } = parsed.value;
    const shown = { tool: 'spawnAgent', prompt: task, ids: [] } as const;
    return showing(call, context, shown, async (agents) =>
      worded(await agents.spawn({ role, message: task }, signal), ({ id }) => ({ id })),
    );
  },
};

/** `spawn_agent`: starts a subagent and returns its id; the subagent works by itself. */
export function spawnAgentTool(roles: readonly AgentRole[]): Tool {
  const spec = spawnAgentSpec(roles);
  return { name: spec.name, spec, handler };
}

function listed(roles: readonly AgentRole[]): string {
  const names = roles.slice(0, MAX_LISTED_ROLES).map(({ name, description }) => {
    const line = description.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
    return line === '' ? name : `${name} (${[...line].slice(0, MAX_DESCRIPTION_CHARS).join('')})`;
  });
  return [names.slice(0, -1).join(', '), names.at(-1) ?? ''].filter((part) => part !== '').join(' or ');
}

function capitalised(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
