import type { AgentRole, TurnContext } from '../../../context/index.ts';
import type { SandboxMode, SandboxPolicy, SettingsUpdate } from '../../../foundation/protocol/index.ts';
import type { Config } from '../../../storage/config/index.ts';

const REACH: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const EDITORS = ['apply_patch', 'edit_file'];

type Above = Pick<TurnContext, 'cwd' | 'approvalPolicy' | 'sandboxPolicy' | 'model' | 'effort'>;

/** The policy of the turn above, or the role's own where that reaches less far. Never more than the turn above may. */
export function tightened(above: SandboxPolicy, atMost: SandboxMode | null): SandboxPolicy {
  if (atMost === null || REACH.indexOf(atMost) >= REACH.indexOf(above.mode)) return above;
  if (atMost !== 'workspace-write') return { mode: atMost };
  return { mode: atMost, network_access: false, exclude_tmpdir_env_var: false, exclude_slash_tmp: false };
}

/** What a helper may do in its next turn: as the turn that speaks to it may now, whatever was so when it was started. */
export function agentRights(above: Above, role: AgentRole): SettingsUpdate {
  return {
    // Where a sandbox may write depends on it.
    cwd: above.cwd,
    approvalPolicy: above.approvalPolicy,
    sandboxPolicy: tightened(above.sandboxPolicy, role.sandboxMode),
  };
}

/** A helper's settings: those of the turn that starts it, but for what its role says. */
export function agentConfig(config: Config, above: Above, role: AgentRole): Config {
  return {
    ...config,
    cwd: above.cwd,
    approvalPolicy: above.approvalPolicy,
    sandboxPolicy: tightened(above.sandboxPolicy, role.sandboxMode),
    model: role.model ?? above.model.slug,
    // Another model may not know the level that this one was given.
    effort: role.effort ?? (role.model === null ? above.effort : null),
    baseInstructions: role.baseInstructions ?? config.baseInstructions,
    notify: null,
    // The snapshot of the turn above has what a helper changes.
    undo: false,
  };
}

/** Tools that a role has no use for: one that may not write is offered no editor. The sandbox holds it in any case. */
export function toolsWithheld({ sandboxMode }: AgentRole): readonly string[] {
  return sandboxMode === 'read-only' ? EDITORS : [];
}
