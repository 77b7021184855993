export { modelInfo } from './catalogue.ts';
export { type Credentials, resolveCredentials, type StoredKey } from './credentials.ts';
export { ModelError, type ModelErrorOptions } from './model-error.ts';
export type { ModelEvent } from './model-event.ts';
export type { ModelInfo, ModelOverrides, PatchForm, ToolSet } from './model-info.ts';
export type { Prompt } from './prompt.ts';
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
