import type { AgentState } from '../../foundation/protocol/index.ts';

/** A subagent as the tools see it. */
export interface AgentView {
  /** The name that the model uses, e.g. `worker-1`. */
  readonly id: string;
  /** The subagent's own thread. */
  readonly threadId: string;
  /** Null: not known of one that an earlier process had. */
  readonly model: string | null;
  readonly state: AgentState;
}

export type AgentOutcome =
  | { readonly type: 'done'; readonly agent: AgentView }
  /** `message` is the whole answer to the model, one line. */
  | { readonly type: 'refused'; readonly message: string };

export type WaitOutcome =
  | { readonly type: 'done'; readonly agents: readonly AgentView[]; readonly timedOut: boolean }
  | { readonly type: 'refused'; readonly message: string };

export interface AgentStart {
  readonly role: string;
  /** The whole task. */
  readonly message: string;
}

export interface AgentMessage {
  readonly id: string;
  readonly message: string;
  /** Stop what it is doing first; else a running subagent gets the message with its next request. */
  readonly interrupt: boolean;
}

/** The subagents of a thread. The session implements it: it owns them, limits them and ends them. */
export interface AgentTools {
  /** Resolves when the subagent has started, not when it is done. */
  spawn(start: AgentStart, signal: AbortSignal): Promise<AgentOutcome>;
  send(message: AgentMessage, signal: AbortSignal): Promise<AgentOutcome>;
  /** Resolves when one of them is idle, or when the time is up. */
  wait(ids: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<WaitOutcome>;
  /** Ends a subagent and all it started. */
  close(id: string): Promise<AgentOutcome>;
  /** The states of the subagents with these ids, for people; unknown ids are skipped. */
  look(ids: readonly string[]): readonly AgentView[];
}
