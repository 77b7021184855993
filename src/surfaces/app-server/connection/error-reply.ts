import { type ErrorKind, KeelError } from '../../../foundation/protocol/index.ts';
import { ErrorCode, MethodError } from '../methods/method.ts';

/** What a client can put right by another request. */
const CLIENT_FAULTS: readonly ErrorKind[] = [
  ...(['invalidInput', 'invalidConfig', 'threadNotFound', 'threadBusy', 'rolloutCorrupt', 'sessionClosed'] as const),
  ...(['missingCredentials', 'unauthorized', 'sandboxError', 'interrupted'] as const),
];

export interface ErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** An error as a client sees it. What was not expected is not described: `isBug` says so. */
export function errorReply(error: unknown): { readonly body: ErrorBody; readonly isBug: boolean } {
  if (error instanceof MethodError) {
    const { code, message, data } = error;
    return { body: { code, message, ...(data === undefined ? {} : { data }) }, isBug: false };
  }
  if (error instanceof KeelError && error.kind !== 'internal') {
    const { kind, message } = error;
    const code = CLIENT_FAULTS.includes(kind) ? ErrorCode.invalidRequest : ErrorCode.internal;
    return { body: { code, message, data: { kind } }, isBug: false };
  }
  return { body: { code: ErrorCode.internal, message: 'Internal error' }, isBug: true };
}
