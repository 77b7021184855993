import type { ErrorInfo } from '../../../foundation/protocol/index.ts';

/** Work for a child session: a thread of its own, whose calls and questions the parent's user sees. */
export interface DelegateOptions {
  /** What it is for, as people are told who asks. */
  readonly role: string;
  /** Replaces the base instructions. */
  readonly instructions: string;
  readonly prompt: string;
  /** JSON Schema of its last message; absent: free text. */
  readonly outputSchema?: unknown;
  /** A last message that does not fit the schema is asked for again, then fails the child's turn. */
  readonly checksOutput: boolean;
  /** Null: the parent's. */
  readonly model: string | null;
  readonly effort: string | null;
  /** Tools that it is not offered. */
  readonly withoutTools: readonly string[];
}

export type DelegateResult =
  | { readonly type: 'completed'; readonly lastMessage: string | null }
  | { readonly type: 'failed'; readonly error: ErrorInfo }
  | { readonly type: 'interrupted' };

/** Runs a child session to its end; `signal` really stops it. */
export type RunDelegate = (options: DelegateOptions, signal: AbortSignal) => Promise<DelegateResult>;
