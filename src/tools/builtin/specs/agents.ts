import type { AgentRole } from '../../../context/index.ts';
import type { FunctionToolSpec } from '../../../models/prompt/index.ts';
import { boolean, described, functionSpec, number, text } from './schema.ts';

export const DEFAULT_WAIT_MS = 30_000;
/** A shorter wait is a busy one: each costs a request. */
export const MIN_WAIT_MS = 10_000;
export const MAX_WAIT_MS = 3_600_000;

const MAX_LISTED_ROLES = 8;
const MAX_DESCRIPTION_CHARS = 40;

/** Which roles there are is part of what the model is told; the rest is the same for every thread. */
export function spawnAgentSpec(roles: readonly AgentRole[], defaultRole: string): FunctionToolSpec {
  return functionSpec({
    name: 'spawn_agent',
    description:
      'Start a helper agent on one bounded task and get its id at once; `wait` gives its answer. It works in these same files but sees nothing of this conversation, so put into `message` the goal, the facts and paths it needs, what it may change and what to report. Good for separate questions or parts that touch different files, side by side. Not for what two calls of your own would settle. Check its answer before you rely on it; its tokens count towards your budget.',
    required: ['message'],
    properties: {
      message: described(text, 'The whole task.'),
      agent_type: described(text, `${listed(roles)}. ${capitalised(defaultRole)} if absent.`),
    },
  });
}

export const sendInputSpec = functionSpec({
  name: 'send_input',
  description: 'Send a further message to a helper agent, for instance a correction or a next task.',
  required: ['id', 'message'],
  properties: { id: text, message: text, interrupt: described(boolean, 'True stops what it is doing first.') },
});

export const waitSpec = functionSpec({
  name: 'wait',
  description:
    'Wait until one of these helper agents finishes, and get its last message. Returns early only on a finish or at the time limit.',
  required: ['ids'],
  properties: {
    ids: { type: 'array', items: text },
    timeout_ms: described(number, `${DEFAULT_WAIT_MS} if absent.`),
  },
});

export const closeAgentSpec = functionSpec({
  name: 'close_agent',
  description: 'Stop a helper agent and all it started. Changes it made to files stay.',
  required: ['id'],
  properties: { id: text },
});

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
