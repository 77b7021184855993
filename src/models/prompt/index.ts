export { answerFault } from './answer-fault.ts';
export { imageDataUrl, imageFileUrl, imageInputPart } from './image-input.ts';
export type { CacheUse, ModelEvent } from './model-event.ts';
export { outputSchemaProblem } from './output-schema.ts';
export type { Prompt } from './prompt.ts';
export { type CustomToolSpec, type FunctionToolSpec, type JsonSchema, type ToolSpec, toolName } from './tool-spec.ts';
