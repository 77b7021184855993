import type { TurnContext } from '../../context/index.ts';
import type { PlanStep, SessionEventOf, ThreadItem, UserInput, UserQuestion } from '../../foundation/protocol/index.ts';
import type { ToolSpec } from '../../models/prompt/index.ts';
import type { ExecSessions, Processes } from '../../system/process/index.ts';
import type { HiddenOptions, ProtectionOptions } from '../../system/sandbox/index.ts';
import type { CommandJudge } from '../approvals/index.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import type { TurnDiffTracker } from '../patch/index.ts';
import type { AgentTools } from './agent-tools.ts';
import type { ClientDocuments } from './client-documents.ts';
import type { ToolCall, ToolOutput, ToolPayload } from './tool-call.ts';

/** The code of a tool: reads the arguments, does the work through the context, and writes the result. */
export interface ToolHandler {
  /** Payload kinds it understands; the router answers a call of another kind. */
  readonly payloads: readonly ToolPayload['type'][];
  /** The names of its arguments; others are reported as ignored. Absent: the schema of a server decides. */
  readonly fields?: readonly string[];
  /** Whether it may run beside other parallel tools of the same response. */
  readonly parallel: boolean;
  /**
   * What a crash means for a call. `safe`: it may run again. `ledger`: it runs at most once, its start is recorded before `run`,
   * and an unknown end is reported to the model. `asks`: as `ledger`, but every effect goes through the orchestrator, which
   * records the start once policy and user have allowed it.
   */
  readonly repeat: 'safe' | 'ledger' | 'asks';
  /** Whether this call is known to only read. Such a call may run again after a crash though it isn't `safe`. Absent: as `repeat` says. */
  onlyReads?(call: ToolCall, context: Pick<ToolContext, 'judge' | 'shell'>): boolean;
  /** Stops soon after `signal` aborts, having ended what it started. Throws only for a bug in keel. */
  run(call: ToolCall, context: ToolContext, signal: AbortSignal): Promise<ToolOutput>;
}

/** A tool: the name a model calls it by, what the model is shown of it, and who answers. */
export interface Tool {
  readonly name: string;
  /** Null for a tool that is never offered: an older name that models still use. */
  readonly spec: ToolSpec | null;
  readonly handler: ToolHandler;
}

/** Where tools report their work. The session implements it; after the turn has ended its methods do nothing. */
export interface TurnEvents {
  itemStarted(item: ThreadItem): void;
  itemUpdated(item: ThreadItem): void;
  itemCompleted(item: ThreadItem): void;
  /** Live output of a running item; coalesced and bounded by the receiver. */
  delta(delta: Pick<SessionEventOf<'item.delta'>, 'itemId' | 'part' | 'delta'>): void;
  /** The plan of the turn was set; the receiver keeps one plan item a turn. */
  planUpdated(explanation: string | null, steps: readonly PlanStep[]): void;
  warning(message: string): void;
}

/** By the id of its question: what the user chose, or wrote. Questions without an answer are absent. */
export type UserAnswers = Readonly<Record<string, readonly string[]>>;

/** Everything a handler may use. Made once a turn. */
export interface ToolContext {
  readonly turn: TurnContext;
  readonly events: TurnEvents;
  readonly orchestrator: Orchestrator;
  readonly processes: Processes;
  readonly sessions: ExecSessions;
  readonly diff: TurnDiffTracker;
  /** The subagents of the thread; every call is refused where none can be started. */
  readonly agents: AgentTools;
  /**
   * Asks the user. The answer is a step of the turn: it survives a crash, and a question without one is asked again after it.
   * @returns the answers by the ids of the questions; null: the user gave none, or `signal` has aborted
   */
  askUser(questions: readonly UserQuestion[], signal: AbortSignal): Promise<UserAnswers | null>;
  /** Puts input before the model's next request, as if the user had sent it (an attached image). False: no turn runs. */
  injectInput(items: readonly UserInput[]): boolean;
  /** Where the whole output of a call is kept: a path that the model's own commands can read. Null: not kept. */
  spillPath(callId: string): string | null;
  /** Upper bound of one spilled output, bytes. */
  readonly spillMaxBytes: number;
  /** Milliseconds of the turn so far in which a question waited for the user: they don't count towards a command's time limit. */
  waitedForUserMs(): number;
  /** Judges command lines, and describes them for people. */
  readonly judge: CommandJudge;
  /** Paths that patches may not write and no tool may read, the same as for commands. */
  readonly protection: ProtectionOptions & HiddenOptions;
  /** Environment for commands of this turn, without secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Text files by the client; null: those on the disk. */
  readonly documents: ClientDocuments | null;
  /** Whether the syntax of a file is checked after an edit. */
  readonly checksSyntax: boolean;
  /** The user's shell for command strings, e.g. `/bin/bash`. */
  readonly shell: string;
}
