/** A JSON Schema. Its keys are sent in the order in which they are written, which must be a fixed one. */
export type JsonSchema = { readonly [key: string]: unknown };

export interface FunctionToolSpec {
  readonly type: 'function';
  readonly name: string;
  readonly description: string;
  readonly strict: boolean;
  readonly parameters: JsonSchema;
}

/** A freeform tool: its input is a plain text that the grammar describes. */
export interface CustomToolSpec {
  readonly type: 'custom';
  readonly name: string;
  readonly description: string;
  readonly format: { readonly type: 'grammar'; readonly syntax: 'lark' | 'regex'; readonly definition: string };
}

interface LocalShellToolSpec {
  readonly type: 'local_shell';
}

/** Runs at the provider; no handler answers it. */
interface WebSearchToolSpec {
  readonly type: 'web_search';
}

/** A tool as it is offered to the model, in the wire form of the Responses API. */
export type ToolSpec = FunctionToolSpec | CustomToolSpec | LocalShellToolSpec | WebSearchToolSpec;

/** The name by which a call of this tool is routed. */
export function toolName(spec: ToolSpec): string {
  return spec.type === 'function' || spec.type === 'custom' ? spec.name : spec.type;
}
