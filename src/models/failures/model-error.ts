import {
  type ErrorKind,
  KeelError,
  type KeelErrorOptions,
  type RateLimitSnapshot,
} from '../../foundation/protocol/index.ts';
import type { RefusedContent } from './refused-content.ts';

/**
 * `request`: no usable answer started. `stream`: the answer started, or was awaited in vain, and did not complete. `answer`: it
 * was complete, with nothing in it to use.
 */
export type FailurePhase = 'request' | 'stream' | 'answer';

export interface ModelErrorOptions extends KeelErrorOptions {
  readonly phase: FailurePhase;
  readonly rateLimits?: RateLimitSnapshot | null;
  /** `minute`: without a delay of the server's own, retries are spread over the minute that its limits are counted in. */
  readonly pace?: 'minute';
  /** The model's true context window in tokens, where a server that found the request too long names it. */
  readonly windowTokens?: number;
  /** The request may be sound without content of this kind. */
  readonly refused?: RefusedContent;
  /** When the limit ends that was met, Unix milliseconds: only for a limit that no retry outlasts. */
  readonly resetsAt?: number | null;
  /** Name of the quirk (`quirkNamed`) with which the server may accept the request. */
  readonly quirk?: string;
}

/**
 * Why one request to a model gave no complete response. The phases have retry budgets of their own. The message contains no
 * credential, and at most 2,048 bytes of what the server said.
 */
export class ModelError extends KeelError {
  readonly phase: FailurePhase;
  /** The provider's limits as reported with the failure; null when it reported none. */
  readonly rateLimits: RateLimitSnapshot | null;
  readonly pace: 'minute' | null;
  readonly windowTokens: number | null;
  readonly refused: RefusedContent | null;
  readonly resetsAt: number | null;
  readonly quirk: string | null;

  constructor(kind: ErrorKind, message: string, options: ModelErrorOptions) {
    super(kind, message, options);
    this.name = 'ModelError';
    this.phase = options.phase;
    this.rateLimits = options.rateLimits ?? null;
    this.pace = options.pace ?? null;
    this.windowTokens = options.windowTokens ?? null;
    this.refused = options.refused ?? null;
    this.resetsAt = options.resetsAt ?? null;
    this.quirk = options.quirk ?? null;
  }
}
