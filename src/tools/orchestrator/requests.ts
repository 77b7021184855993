import type { TurnContext } from '../../context/index.ts';
import type { CommandAction, FileUpdate } from '../../foundation/protocol/index.ts';
import type {
  CommandSpec,
  Denial,
  EndedCommand,
  ExecPlan,
  HiddenOptions,
  ProtectionOptions,
} from '../../system/sandbox/index.ts';
import type { McpQuestion } from './requirement.ts';

/** The result of a call that needs approval: its value, or what the model is shown instead. */
export type Orchestrated<T> =
  | {
      readonly type: 'done';
      readonly value: T;
      /** What the sandbox of the last attempt seems to have refused to a command that ended like that. */
      readonly denialAt?: (end: EndedCommand) => Denial | null;
      /** Hosts that the sandbox refused to the command. */
      readonly refusedHosts?: readonly string[];
    }
  | { readonly type: 'refused'; readonly message: string };

/** The turn of a call with its policies, the environment of its commands, and the paths that are protected. */
export interface CallPlace {
  readonly turn: TurnContext;
  readonly env: Readonly<Record<string, string>>;
  readonly protection: ProtectionOptions & HiddenOptions;
}

export interface CommandRequest<T> {
  readonly callId: string;
  readonly spec: CommandSpec;
  readonly escalated: boolean;
  readonly justification: string | null;
  readonly commandActions: readonly CommandAction[];
  /**
   * One attempt. Called a second time only if the sandbox stopped the first one and the user approved a run without it.
   * Call `ended` when the program itself has ended, which may be after the attempt.
   */
  readonly run: (plan: ExecPlan, ended: () => void) => Promise<T>;
  /** How an attempt ended; null while it still runs, or if it never started. */
  readonly endOf: (value: T) => EndedCommand | null;
}

export interface PatchRequest<T> {
  readonly callId: string;
  readonly changes: readonly FileUpdate[];
  /** Every path the patch touches, absolute; the targets of moves too. */
  readonly paths: readonly string[];
  readonly apply: (mayWrite: (path: string) => boolean) => Promise<T>;
}

export interface McpCallRequest<T> extends Pick<McpQuestion, 'annotations' | 'approval'> {
  readonly callId: string;
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly run: () => Promise<T>;
}

/** A call of one of keel's own tools that needs no approval by itself. */
export type HookAsksFor = Pick<McpCallRequest<never>, 'callId' | 'tool' | 'arguments'>;
