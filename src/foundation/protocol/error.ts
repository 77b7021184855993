import * as z from 'zod/mini';
import { reasonOf } from '../util/index.ts';

/** What kind of failure it is; a surface may act on this, never on the words. */
export const ErrorKind = z.enum([
  'contextWindowExceeded',
  'usageLimitExceeded',
  'quotaExceeded',
  /** The budget that the user set for a request is used up. */
  'budgetExceeded',
  'serverOverloaded',
  'unauthorized',
  'badRequest',
  'httpConnectionFailed',
  'responseStreamDisconnected',
  /** A response came to its end and answers nothing: no words, no call, or not in the form that was asked for. */
  'noAnswer',
  'responseTooManyFailedAttempts',
  'missingCredentials',
  'invalidConfig',
  'invalidInput',
  'threadNotFound',
  'threadBusy',
  /** Another process has taken the thread over from this one. */
  'threadTaken',
  'rolloutCorrupt',
  'storageFailed',
  'sandboxError',
  /** A hook of the user's dropped the prompt, or ended the turn. */
  'stoppedByHook',
  'interrupted',
  'sessionClosed',
  'internal',
]);
export type ErrorKind = z.infer<typeof ErrorKind>;

/** The shape in which an error crosses a border (event, rollout, API). */
export const ErrorInfo = z.lazy(() =>
  z.object({
    kind: ErrorKind,
    /** What happened, where, and what to do, for a person. Holds no secret and no stack trace. */
    message: z.string(),
    /** HTTP status of the provider's answer, where there was one. */
    httpStatus: z.optional(z.number()),
  }),
);
export type ErrorInfo = z.infer<typeof ErrorInfo>;

export interface KeelErrorOptions {
  /** May the same attempt succeed if it is made again? Only the turn loop acts on it. */
  readonly retryable?: boolean;
  readonly httpStatus?: number;
  /** Delay before a retry that the server asked for, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Every failure that can reach a user. */
export class KeelError extends Error {
  static {
    // A minified class has another name, which Node prints beside `name`.
    Object.defineProperty(KeelError, 'name', { value: 'KeelError' });
  }

  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly httpStatus: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: ErrorKind, message: string, options: KeelErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KeelError';
    this.kind = kind;
    this.retryable = options.retryable ?? false;
    this.httpStatus = options.httpStatus;
    this.retryAfterMs = options.retryAfterMs;
  }

  toInfo(): ErrorInfo {
    const info: ErrorInfo = { kind: this.kind, message: this.message };
    return this.httpStatus === undefined ? info : { ...info, httpStatus: this.httpStatus };
  }
}

/** Turns anything thrown into a KeelError. What was not one already is a bug in keel and says so. */
export function toKeelError(error: unknown): KeelError {
  if (error instanceof KeelError) return error;
  const message = reasonOf(error);
  return new KeelError('internal', `internal error: ${message}`, { cause: error });
}
