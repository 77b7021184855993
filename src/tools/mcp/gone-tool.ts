import type { ToolHandler } from '../contract/index.ts';

/** Answers calls of a server's tool that is not, or no longer, there: what was begun once is never begun again. */
export const goneMcpTool: ToolHandler = {
  payloads: ['function'],
  parallel: false,
  repeat: 'asks',
  run: ({ name }) => Promise.resolve({ body: `err: the tool ${name} is not available now`, success: false }),
};
