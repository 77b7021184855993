import { isAbsolute } from 'node:path';
import {
  type ApprovalPolicy,
  KeelError,
  type ReasoningEffort,
  type ReasoningSummary,
  type SandboxPolicy,
  type SettingsUpdate,
} from '../../foundation/protocol/index.ts';
import type { Config, ManagedSettings } from '../../storage/config/index.ts';

/** What an administrator can fix, with the setting that does. */
const MANAGED_KEYS: readonly (readonly [keyof ManagedSettings, string])[] = [
  ['model', 'model'],
  ['effort', 'model_reasoning_effort'],
  ['approvalPolicy', 'approval_policy'],
  ['sandboxMode', 'sandbox_mode'],
  ['networkAccess', 'sandbox_workspace_write.network_access'],
];

/** The settings of a session that ops can change. Those of a running turn are in its TurnContext and stay as they are. */
export interface SessionConfiguration {
  /** Absolute. */
  readonly cwd: string;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  readonly model: string;
  readonly effort: ReasoningEffort | null;
  readonly summary: ReasoningSummary;
}

export function initialConfiguration(config: Config): SessionConfiguration {
  requireAbsolute(config.cwd);
  return {
    cwd: config.cwd,
    approvalPolicy: config.approvalPolicy,
    sandboxPolicy: config.sandboxPolicy,
    model: config.model,
    effort: config.effort,
    summary: config.summary,
  };
}

/**
 * Applies overrides to the session's settings: a field that is present wins, `effort: null` clears.
 * @throws KeelError `invalidInput` for a relative cwd, or what the administrator fixes; the settings then stay as they were.
 */
export function applySettings(
  current: SessionConfiguration,
  update: SettingsUpdate,
  managed: ManagedSettings,
): SessionConfiguration {
  refuseManaged(update, managed);
  if (update.cwd !== undefined) requireAbsolute(update.cwd);
  return {
    cwd: update.cwd ?? current.cwd,
    approvalPolicy: update.approvalPolicy ?? current.approvalPolicy,
    sandboxPolicy: update.sandboxPolicy ?? current.sandboxPolicy,
    model: update.model ?? current.model,
    effort: update.effort === undefined ? current.effort : update.effort,
    summary: update.summary ?? current.summary,
  };
}

function refuseManaged(update: SettingsUpdate, managed: ManagedSettings): void {
  const { sandboxPolicy: policy } = update;
  const asked = {
    model: update.model,
    effort: update.effort,
    approvalPolicy: update.approvalPolicy,
    sandboxMode: policy?.mode,
    networkAccess: policy?.mode === 'workspace-write' ? policy.network_access : undefined,
  };
  for (const [name, key] of MANAGED_KEYS) {
    const [wanted, fixed] = [asked[name], managed[name]];
    if (wanted === undefined || fixed === undefined || wanted === fixed) continue;
    throw new KeelError('invalidInput', `${key} stays ${fixed}: the administrator of this machine fixes it`);
  }
}

/** @throws KeelError `invalidInput` */
export function requireAbsolute(cwd: string): void {
  if (isAbsolute(cwd)) return;
  throw new KeelError('invalidInput', `the working directory has to be an absolute path, got "${cwd}"`);
}
