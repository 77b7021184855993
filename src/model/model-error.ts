import { type ErrorKind, KeelError, type KeelErrorOptions, type RateLimitSnapshot } from '../protocol/index.ts';

export interface ModelErrorOptions extends KeelErrorOptions {
  /** `request`: no usable answer began. `stream`: the answer began, or was awaited in vain, and did not complete. */
  readonly phase: 'request' | 'stream';
  readonly rateLimits?: RateLimitSnapshot | null;
}

/**
 * Why one request to a model gave no complete response. The two phases have retry budgets of their own. The message
 * holds no credential, and at most 2,048 bytes of what the server said.
 */
export class ModelError extends KeelError {
  readonly phase: 'request' | 'stream';
  /** The provider's limits as told with the failure; null when it told none. */
  readonly rateLimits: RateLimitSnapshot | null;

  constructor(kind: ErrorKind, message: string, options: ModelErrorOptions) {
    super(kind, message, options);
    this.name = 'ModelError';
    this.phase = options.phase;
    this.rateLimits = options.rateLimits ?? null;
  }
}
