export { serverText } from './error-text.ts';
export {
  connectionFailed,
  type FailureContext,
  incompleteResponse,
  noAnswer,
  proxyAdvice,
  responseFailure,
  statusFailure,
  streamLost,
} from './failures.ts';
export { ModelError } from './model-error.ts';
export { rateLimitsOf } from './rate-limits.ts';
export { failureIn } from './stream-failure.ts';
export { namedFailure, readFailure, type WireFailure } from './wire-failure.ts';
