/**
 * A scripted model over the real wire (HTTP and server-sent events) of the Responses API or, where it is asked at
 * `/v1/messages`, of Anthropic's Messages API, to test agents with: yours or keel itself. It answers from a script,
 * remembers every request, and can misbehave as networks and providers do.
 *
 * @example
 * ```ts
 * import { functionCall, message, respond, startModelServer, usage } from 'keel/testing';
 *
 * await using server = await startModelServer([
 *   respond(functionCall('exec_command', { cmd: 'npm test' }, 'call_1'), usage({ input: 1200, output: 40 })),
 *   respond(message('All tests pass.')),
 * ]);
 * // Point the agent at server.url, run it, then look at what it sent:
 * const [first, second] = server.requests;
 * second?.outputOf('call_1');
 * if (first) second?.assertExtends(first); // byte for byte, so that prompt caches serve it
 * server.assertDone(); // the whole script was used, and nothing else was asked for
 * ```
 *
 * @example A connection that breaks, a server that is busy, and a text that comes when the test says so.
 * ```ts
 * const gate = Promise.withResolvers<void>();
 * await using server = await startModelServer([
 *   respond(message('Half an ans', { unfinished: true }), reset()),
 *   httpError(503, 'busy', { 'retry-after': '1' }),
 *   respond(message('Here it is.', { deltas: ['Here ', hold(gate.promise), 'it is.'] })),
 * ]);
 * ```
 */
export { type FileModelOptions, startFileModel } from './file-model.ts';
export {
  type CallOptions,
  customCall,
  type Deltas,
  functionCall,
  imageGenerationCall,
  localShellCall,
  type MessageOptions,
  message,
  plainItem,
  type ReasoningOptions,
  reasoning,
  type StreamOptions,
  webSearchCall,
} from './items.ts';
export {
  type Answer,
  type ModelServer,
  type ModelServerOptions,
  type Script,
  startModelServer,
} from './model-server.ts';
export { RecordedRequest } from './recorded-request.ts';
export {
  cut,
  delay,
  type Ending,
  type Framing,
  failed,
  framing,
  hang,
  headers,
  hold,
  httpError,
  type ItemPart,
  incomplete,
  type Json,
  keepOpen,
  type Part,
  type Pause,
  type RateLimit,
  type RateLimits,
  type Response,
  rateLimitHeaders,
  rateLimits,
  rawEvent,
  rawText,
  reset,
  resetBeforeHeaders,
  respond,
  silence,
  type Usage,
  usage,
} from './script.ts';
export { type Api, assertStrict, requestFaults, type StrictRules } from './strict/strict-request.ts';
