import type { ApprovalPolicy, SandboxPolicy } from '../../foundation/protocol/index.ts';
import type { ThreadSettings } from './message.ts';

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
export function modeOf({ approvalPolicy, sandboxPolicy }: ThreadSettings): ModeName | null {
  const found = modes({ ...sandboxPolicy }).find(
    (mode) => mode.approvalPolicy === approvalPolicy && mode.sandboxPolicy.mode === sandboxPolicy.mode,
  );
  if (found?.name === 'ask' || found?.name === 'auto')
    return sandboxPolicy.mode === 'workspace-write' ? found.name : null;
  return found?.name ?? null;
}

/** The mode after this one, for the key that goes through them; full access is only chosen from the list. */
export function nextMode(settings: ThreadSettings, workspacePolicy: SandboxPolicy): Mode | undefined {
  const round = modes(workspacePolicy).slice(0, 3);
  const at = round.findIndex(({ name }) => name === modeOf(settings));
  return round[(at + 1) % round.length];
}

/** Where commands can write, and whether they reach the network. */
export function sandboxLabel({ sandboxPolicy }: ThreadSettings): string {
  if (sandboxPolicy.mode === 'danger-full-access') return 'no sandbox';
  if (sandboxPolicy.mode === 'read-only') return 'sandbox: read-only';
  const more = sandboxPolicy.writable_roots?.length ?? 0;
  return `sandbox: workspace${more === 0 ? '' : ` +${more}`}${sandboxPolicy.network_access ? ', network' : ''}`;
}

/** The mode in words, for the footer. */
export function modeLabel(settings: ThreadSettings): string {
  return modeOf(settings) ?? `${settings.sandboxPolicy.mode}, ${settings.approvalPolicy}`;
}
