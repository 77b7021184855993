import type { AgentTools } from '../../../src/tools/index.ts';

const refused = { type: 'refused', message: 'no helper agents can be started here: do the work yourself' } as const;

/** For tools that are tested on their own: no helpers are to be had. */
export const noAgents: AgentTools = {
  spawn: async () => refused,
  send: async () => refused,
  wait: async () => refused,
  close: async () => refused,
  look: () => [],
};
