export { answerFault } from './answer-fault.ts';
export { compactLimit, effectiveWindow, modelInfo } from './catalogue.ts';
export { type Credentials, resolveCredentials, type StoredKey } from './credentials.ts';
export { noAnswer } from './failures.ts';
export { HttpTransport } from './http-transport.ts';
export { IdleWatch } from './idle-watch.ts';
export { imageDataUrl, imageFileUrl, imageInputPart } from './image-input.ts';
export { loadWire } from './load-wire.ts';
export { ModelClient, type ModelClientOptions, type RequestDescription, type StreamOptions } from './model-client.ts';
export { ModelError, type ModelErrorOptions } from './model-error.ts';
export type { ModelEvent } from './model-event.ts';
export type { ModelInfo, ModelOverrides, PatchForm, ToolSet } from './model-info.ts';
export { outputSchemaProblem } from './output-schema.ts';
export type { Prompt } from './prompt.ts';
export { proxyRoute } from './proxy-route.ts';
export { quirkSetting } from './quirk-rules.ts';
export { digestOf, RequestFingerprints } from './request-fingerprints.ts';
export { newResponseMark } from './response-mark.ts';
export { isAzure } from './responses/azure.ts';
export { freeformOutputs } from './responses/freeform-outputs.ts';
export { itemJson, type SentFormOptions, sentForm } from './responses/sent-form.ts';
export { ServerFacts } from './server-facts.ts';
export {
  type CustomToolSpec,
  type FunctionToolSpec,
  type JsonSchema,
  type LocalShellToolSpec,
  type ToolSpec,
  toolName,
  type WebSearchToolSpec,
} from './tool-spec.ts';
export type { HttpRequest, HttpResponse, Transport } from './transport.ts';
export { type UserAgentFacts, userAgent } from './user-agent.ts';
export type { Wire, WireMaker } from './wire.ts';
