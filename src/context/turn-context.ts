import type {
  ApprovalPolicy,
  ReasoningEffort,
  ReasoningSummary,
  SandboxPolicy,
  TaskKind,
} from '../foundation/protocol/index.ts';
import type { ModelInfo } from '../models/catalogue/index.ts';
import type { ShellEnvironmentPolicy } from '../storage/config/index.ts';

/**
 * What a turn knows: the session's settings and this turn's overrides, met in one place when the turn starts. Immutable;
 * passed in place of bare ids to everything that works for the turn.
 */
export interface TurnContext {
  readonly threadId: string;
  readonly turnId: string;
  readonly taskKind: TaskKind;
  /** Absolute. */
  readonly cwd: string;
  /** The user's local date when the turn began, `YYYY-MM-DD`. */
  readonly date: string;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  /** Hosts that commands reach, as they were listed, and no others; null: none are listed, the policy alone counts. */
  readonly allowedHosts: readonly string[] | null;
  /** False when nobody can answer an approval request: the effective policy is then `never`. */
  readonly canAsk: boolean;
  readonly model: ModelInfo;
  readonly effort: ReasoningEffort | null;
  readonly summary: ReasoningSummary;
  /** The `instructions` of every request of this turn. */
  readonly instructions: string;
  /** JSON Schema of the final message, for this turn only. */
  readonly outputSchema: unknown;
  readonly shellEnvironmentPolicy: ShellEnvironmentPolicy;
  /** Begins every line that keel itself adds to a tool result, e.g. `keel:4b7e1c`. */
  readonly noteMark: string;
}
