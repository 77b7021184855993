import type { AgentRole, TurnContext } from '../../../context/index.ts';
import type { SandboxMode, SandboxPolicy, SettingsUpdate } from '../../../foundation/protocol/index.ts';
import type { Config } from '../../../storage/config/index.ts';

const REACH: readonly SandboxMode[] = ['read-only', 'workspace-write', 'danger-full-access'];
const EDITORS = ['apply_patch', 'edit_file'];

type Above = Pick<TurnContext, 'cwd' | 'approvalPolicy' | 'sandboxPolicy' | 'model' | 'effort'>;

/** The policy of the turn above, or the role's own where that allows less. */
function tightened(above: SandboxPolicy, atMost: SandboxMode | null): SandboxPolicy {
  if (atMost === null || REACH.indexOf(atMost) >= REACH.indexOf(above.mode)) return above;
  if (atMost !== 'workspace-write') return { mode: atMost };
  return { mode: atMost, network_access: false, exclude_tmpdir_env_var: false, exclude_slash_tmp: false };
}

/** The rights of a subagent's next turn: those of the turn that sends it the message, whatever it was started with. */
export function agentRights(above: Above, role: AgentRole): SettingsUpdate {
  return {
    // The directories that a sandbox lets it write depend on it.
    cwd: above.cwd,
    approvalPolicy: above.approvalPolicy,
    sandboxPolicy: tightened(above.sandboxPolicy, role.sandboxMode),
  };
}

/** A subagent's settings: those of the turn that starts it, but for what its role says. */
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
    // The snapshot of the turn above covers what a subagent changes.
    undo: false,
  };
}

/** Tools that a role is not offered: one that is not allowed to write gets no editor. The sandbox confines it in any case. */
export function toolsWithheld({ sandboxMode }: AgentRole): readonly string[] {
  return sandboxMode === 'read-only' ? EDITORS : [];
}
