import { isAbsolute } from 'node:path';
import {
  type ApprovalPolicy,
  KeelError,
  type ReasoningEffort,
  type ReasoningSummary,
  type SandboxPolicy,
  type SettingsUpdate,
} from '../../foundation/protocol/index.ts';
import type { Config } from '../../storage/config/index.ts';

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
 * @throws KeelError `invalidInput` for a relative cwd; the settings then stay as they were.
 */
export function applySettings(current: SessionConfiguration, update: SettingsUpdate): SessionConfiguration {
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

/** @throws KeelError `invalidInput` */
export function requireAbsolute(cwd: string): void {
  if (isAbsolute(cwd)) return;
  throw new KeelError('invalidInput', `the working directory has to be an absolute path, got "${cwd}"`);
}
