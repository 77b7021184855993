import * as z from 'zod';
import type { ConfigFlags } from '../../storage/config/index.ts';

/** Arguments of the tool `keel`. Clients of other agents know these names. */
export const NewThread = z.object({
  prompt: z.string().min(1).describe('What to do.'),
  cwd: z.string().optional().describe('Directory to work in; relative to that of the server. Default: the same.'),
  model: z.string().optional().describe('Model to use. Default: as configured.'),
  profile: z.string().optional().describe('Profile of the configuration.'),
  effort: z
    .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
    .optional()
    .describe('How long the model thinks.'),
  sandbox: z
    .enum(['read-only', 'workspace-write', 'danger-full-access'])
    .optional()
    .describe('Where commands may write. Default: as configured.'),
  'approval-policy': z
    .enum(['untrusted', 'on-failure', 'on-request', 'never'])
    .optional()
    .describe('When you are asked before something is done. Default: as configured.'),
  'developer-instructions': z.string().optional().describe('Added to the instructions of the agent.'),
  config: z.record(z.string(), z.json()).optional().describe('Further settings, as in config.toml.'),
});
export type NewThread = z.infer<typeof NewThread>;

/** Arguments of the tool `keel-reply`. */
export const Reply = z.object({
  threadId: z.string().describe('The thread to continue, from an earlier result.'),
  prompt: z.string().min(1).describe('What to say next.'),
});

/** What both tools return beside the text. */
export const ThreadResult = z.object({
  threadId: z.string().describe('Continues this conversation with keel-reply.'),
  content: z.string().describe("The agent's last message."),
});

export function flagsOf(args: NewThread): ConfigFlags {
  const { model, profile, effort, sandbox } = args;
  const policy = args['approval-policy'];
  const instructions = args['developer-instructions'];
  return {
    ...(model === undefined ? {} : { model }),
    ...(profile === undefined ? {} : { profile }),
    ...(effort === undefined ? {} : { effort }),
    ...(sandbox === undefined ? {} : { sandboxMode: sandbox }),
    ...(policy === undefined ? {} : { approvalPolicy: policy }),
    ...(instructions === undefined ? {} : { instructions }),
  };
}
