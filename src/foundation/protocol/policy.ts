import * as z from 'zod/mini';

/** When the user is asked before a call runs. */
export const ApprovalPolicy = z.enum(['untrusted', 'on-failure', 'on-request', 'never']);
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

/** How far a command may reach, as named in configuration and on the command line. */
export const SandboxMode = z.enum(['read-only', 'workspace-write', 'danger-full-access']);
export type SandboxMode = z.infer<typeof SandboxMode>;

/**
 * A sandbox mode with its details, in the form that rollouts store (snake_case, tag `mode`).
 * Paths in `writable_roots` are absolute.
 */
export const SandboxPolicy = z.lazy(() =>
  z.discriminatedUnion('mode', [
    z.looseObject({ mode: z.literal('danger-full-access') }),
    z.looseObject({ mode: z.literal('read-only') }),
    z.looseObject({
      mode: z.literal('workspace-write'),
      writable_roots: z.optional(z.array(z.string())),
      network_access: z._default(z.boolean(), false),
      exclude_tmpdir_env_var: z._default(z.boolean(), false),
      exclude_slash_tmp: z._default(z.boolean(), false),
    }),
  ]),
);
export type SandboxPolicy = z.infer<typeof SandboxPolicy>;

/** How long the model thinks. Known levels are low to high; any string is passed on, since providers add their own. */
export const ReasoningEffort = z.string().check(z.minLength(1));
export type ReasoningEffort = z.infer<typeof ReasoningEffort>;

export const ReasoningSummary = z.enum(['auto', 'concise', 'detailed', 'none']);
export type ReasoningSummary = z.infer<typeof ReasoningSummary>;

export const Verbosity = z.enum(['low', 'medium', 'high']);
export type Verbosity = z.infer<typeof Verbosity>;

/** What drives a turn. Sent to the provider in the task header. */
export const TaskKind = z.enum(['regular', 'review', 'compact', 'undo', 'user_shell']);
export type TaskKind = z.infer<typeof TaskKind>;

/** Which surface opened the session. */
export const SessionSource = z.lazy(() =>
  z.union([
    z.enum(['cli', 'vscode', 'exec', 'mcp', 'appServer', 'sdk', 'acp', 'unknown']),
    z.looseObject({ subagent: z.unknown() }),
  ]),
);
export type SessionSource = z.infer<typeof SessionSource>;
