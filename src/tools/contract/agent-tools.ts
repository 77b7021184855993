import type { AgentState } from '../../foundation/protocol/index.ts';

/** A helper agent as the tools see it. */
export interface AgentView {
  /** By which the model names it, e.g. `worker-1`. */
  readonly id: string;
  /** The thread that it is. */
  readonly threadId: string;
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
  /** Stop what it is doing first; else a running helper gets the message with its next request. */
  readonly interrupt: boolean;
}

/** The helper agents of a thread. The session implements it: it owns them, bounds them and ends them. */
export interface AgentTools {
  /** Resolves when the helper is at work, not when it is done. */
  spawn(start: AgentStart, signal: AbortSignal): Promise<AgentOutcome>;
  send(message: AgentMessage, signal: AbortSignal): Promise<AgentOutcome>;
  /** Resolves when one of them is not at work (any more), or when the time is up. */
  wait(ids: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<WaitOutcome>;
  /** Ends a helper and all it started. */
  close(id: string): Promise<AgentOutcome>;
  /** How the helpers stand whose names are known; for what people are shown. */
  look(ids: readonly string[]): readonly AgentView[];
}
