/**
 * A scripted model over the real wire, to test agents with: yours or keel itself.
 *
 * @example
 * ```ts
 * import { functionCall, message, respond, startModelServer } from 'keel/testing';
 *
 * await using server = await startModelServer([
 *   respond(functionCall('exec_command', { cmd: 'npm test' }, 'call_1')),
 *   respond(message('All tests pass.')),
 * ]);
 * // Point the agent at server.url, run it, then look at what it sent:
 * server.requests[1]?.outputOf('call_1');
 * ```
 */
export { type ModelServer, type ModelServerOptions, type Script, startModelServer } from './model-server.ts';
export { RecordedRequest } from './recorded-request.ts';
export {
  customCall,
  cut,
  delay,
  failed,
  functionCall,
  hang,
  hold,
  httpError,
  incomplete,
  type Json,
  keepOpen,
  localShellCall,
  type MessageOptions,
  message,
  type Part,
  plainItem,
  type RateLimits,
  type ReasoningOptions,
  type Response,
  rateLimits,
  rawEvent,
  rawText,
  reasoning,
  reset,
  respond,
  silence,
  type Usage,
  usage,
  webSearchCall,
} from './script.ts';
