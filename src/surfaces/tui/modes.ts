import { type Mode, modeOf, modes } from '../../engine/threads/index.ts';
import type { SandboxPolicy } from '../../foundation/protocol/index.ts';
import type { ThreadSettings } from './message.ts';

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
