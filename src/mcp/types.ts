import * as z from 'zod/mini';

/** What a tool says of itself. Hints of a server that may be wrong: they decide what is asked, never what is held. */
export const ToolAnnotations = z.object({
  readOnlyHint: z.optional(z.boolean()),
  destructiveHint: z.optional(z.boolean()),
  idempotentHint: z.optional(z.boolean()),
  openWorldHint: z.optional(z.boolean()),
});
export type ToolAnnotations = z.infer<typeof ToolAnnotations>;

/** A tool as its server lists it. `inputSchema` is whatever the server sent. */
export const ListedTool = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(1_024)),
  description: z.optional(z.string()),
  inputSchema: z.optional(z.unknown()),
  annotations: z.optional(ToolAnnotations),
});
export type ListedTool = z.infer<typeof ListedTool>;

/** What a server offers. */
export interface ServerOffer {
  readonly tools: readonly ListedTool[];
  readonly hasResources: boolean;
  /** How its tools are meant to be used, in its own words; null if it says nothing. */
  readonly instructions: string | null;
}

/** A tool that may be called, under the name by which the model calls it. */
export interface McpTool extends ListedTool {
  readonly server: string;
  readonly qualifiedName: string;
}

/** What a tool gave. The parts of `content` are whatever the server sent. */
export const CallResult = z.object({
  content: z._default(z.array(z.looseObject({ type: z.string() })), []),
  structuredContent: z.optional(z.unknown()),
  isError: z.optional(z.boolean()),
});
export type CallResult = z.infer<typeof CallResult>;

/** How a request to a server ended. `message` is worded for the model. */
export type McpOutcome<T> =
  | { readonly type: 'answered'; readonly value: T }
  | { readonly type: 'failed'; readonly message: string };
