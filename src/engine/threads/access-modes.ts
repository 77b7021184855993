import type { ApprovalPolicy, SandboxPolicy } from '../../foundation/protocol/index.ts';

/** What the agent may do without asking. */
export type ModeName = 'read-only' | 'ask' | 'auto' | 'full access';

export interface Mode {
  readonly name: ModeName;
  readonly summary: string;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
}

const READ_ONLY: SandboxPolicy = { mode: 'read-only' };
const FULL: SandboxPolicy = { mode: 'danger-full-access' };
/** What a workspace mode has where the configuration describes none. */
const PLAIN_WORKSPACE: SandboxPolicy = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
};

/** The policy of the modes that write in the workspace: as configured, if that is one. */
export function workspacePolicyOf(configured: SandboxPolicy): SandboxPolicy {
  return configured.mode === 'workspace-write' ? configured : PLAIN_WORKSPACE;
}

/** The modes, most careful first. `workspacePolicy`: how the user configured what may be written. */
export function modes(workspacePolicy: SandboxPolicy): readonly Mode[] {
  return [
    {
      name: 'read-only',
      summary: 'reads files; asks before it changes anything or uses the network',
      approvalPolicy: 'on-request',
      sandboxPolicy: READ_ONLY,
    },
    {
      name: 'ask',
      summary: 'asks before every command that is not known to only read',
      approvalPolicy: 'untrusted',
      sandboxPolicy: workspacePolicy,
    },
    {
      name: 'auto',
      summary: 'works in the workspace by itself; asks to leave the sandbox',
      approvalPolicy: 'on-request',
      sandboxPolicy: workspacePolicy,
    },
    {
      name: 'full access',
      summary: 'no sandbox and no questions: it can change and send anything that you can',
      approvalPolicy: 'never',
      sandboxPolicy: FULL,
    },
  ];
}

/** The mode that settings amount to; null for a combination of the user's own. */
export function modeOf({
  approvalPolicy,
  sandboxPolicy,
}: Pick<Mode, 'approvalPolicy' | 'sandboxPolicy'>): ModeName | null {
  const found = modes({ ...sandboxPolicy }).find(
    (mode) => mode.approvalPolicy === approvalPolicy && mode.sandboxPolicy.mode === sandboxPolicy.mode,
  );
  if (found?.name === 'ask' || found?.name === 'auto')
    return sandboxPolicy.mode === 'workspace-write' ? found.name : null;
  return found?.name ?? null;
}
