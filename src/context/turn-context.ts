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
 * The settings of a turn: the session's, with this turn's overrides applied in one place when the turn starts. Immutable, and
 * passed instead of bare ids to everything that works for the turn.
 */
export interface TurnContext {
  readonly threadId: string;
  readonly turnId: string;
  readonly taskKind: TaskKind;
  /** Absolute. */
  readonly cwd: string;
  /** The user's local date when the turn started, `YYYY-MM-DD`. */
  readonly date: string;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  /** The only hosts that commands may reach, as listed by the user; null: no list, the policy alone decides. */
  readonly allowedHosts: readonly string[] | null;
  /** False when nobody can answer an approval request: the effective policy is then `never`. */
  readonly canAsk: boolean;
  /** Whether the tools that run commands have fields by which a call asks for escalation. */
  readonly offersEscalation: boolean;
  /** Whether they have a field by which a program may outlive the run: in a thread that began without a sandbox. */
  readonly offersKeepRunning: boolean;
  /** Whether commands may write what a commit writes in `.git`. */
  readonly allowsCommits: boolean;
  readonly model: ModelInfo;
  readonly effort: ReasoningEffort | null;
  readonly summary: ReasoningSummary;
  /** The `instructions` of every request of this turn. */
  readonly instructions: string;
  /** JSON Schema of the final message, for this turn only. */
  readonly outputSchema: unknown;
  readonly shellEnvironmentPolicy: ShellEnvironmentPolicy;
  /** Prefix of every line that keel itself adds to a tool result, e.g. `keel:4b7e1c`. */
  readonly noteMark: string;
}
