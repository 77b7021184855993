import * as z from 'zod/mini';

/**
 * Items as the model sees them, in the wire form of the Responses API (snake_case) from the stream to the disk to the
 * next request: they are never re-shaped, so that a request extends the one before byte for byte.
 */
export const ContentItem = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('input_text'), text: z.string() }),
    z.object({ type: z.literal('input_image'), image_url: z.string() }),
    z.object({
      type: z.literal('output_text'),
      text: z.string(),
      /** What the text was taken from, such as `url_citation`s of a web search. Kept, never sent. */
      annotations: z.optional(z.array(z.looseObject({ type: z.string() }))),
    }),
  ]),
);
export type ContentItem = z.infer<typeof ContentItem>;

export const OutputContentItem = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('input_text'), text: z.string() }),
    z.object({ type: z.literal('input_image'), image_url: z.string() }),
  ]),
);
export type OutputContentItem = z.infer<typeof OutputContentItem>;

const itemId = z.optional(z.nullable(z.string()));

const fields = z.record(z.string(), z.unknown());
/** Fields beyond the published API, as their provider sent them; they go back to that provider and to nobody else. */
export const ProviderFields = z.lazy(() =>
  z.object({
    /** Id of the provider in the configuration. */
    provider: z.string(),
    fields,
    /** Chat: those of a call's `function`. */
    function: z.optional(fields),
    /** Chat: those of the message, on the first call of a message without text. */
    message: z.optional(fields),
  }),
);
export type ProviderFields = z.infer<typeof ProviderFields>;
const providerFields = z.optional(ProviderFields);
/** Marks what came in one response, on items without ids: for some APIs that is one message. Never sent. */
const response = z.optional(z.string());

export const MessageItem = z.lazy(() =>
  z.object({
    type: z.literal('message'),
    id: itemId,
    role: z.string(),
    content: z.array(ContentItem),
    /** What the model meant it for, such as `commentary` or `final_answer`. The Responses API wants it back. */
    phase: z.optional(z.nullable(z.string())),
    extra: providerFields,
    response,
  }),
);
export type MessageItem = z.infer<typeof MessageItem>;

/** Where servers of the Chat Completions API put what a model thinks. `content`: parts of the message's content. */
export const CHAT_THOUGHT_FIELDS = [
  'reasoning',
  'reasoning_content',
  'reasoning_details',
  'thinking_blocks',
  'content',
] as const;
export type ChatThoughtField = (typeof CHAT_THOUGHT_FIELDS)[number];

export const ReasoningItem = z.lazy(() =>
  z.object({
    type: z.literal('reasoning'),
    id: itemId,
    summary: z.array(z.object({ type: z.literal('summary_text'), text: z.string() })),
    content: z.optional(z.nullable(z.array(z.object({ type: z.enum(['reasoning_text', 'text']), text: z.string() })))),
    encrypted_content: z.optional(z.nullable(z.string())),
    /**
     * Who thought it: it means nothing to anybody else. `field`: how it came and has to go back; without one it came by the
     * Responses API. Absent in old records.
     */
    origin: z.optional(
      z.object({
        provider: z.string(),
        model: z.string(),
        field: z.optional(z.enum([...CHAT_THOUGHT_FIELDS, 'thinking', 'redacted_thinking'])),
      }),
    ),
    extra: providerFields,
    response,
  }),
);
export type ReasoningItem = z.infer<typeof ReasoningItem>;

export const FunctionCallItem = z.lazy(() =>
  z.object({
    type: z.literal('function_call'),
    id: itemId,
    name: z.string(),
    /** JSON text exactly as the model wrote it. */
    arguments: z.string(),
    call_id: z.string(),
    extra: providerFields,
    response,
  }),
);
export type FunctionCallItem = z.infer<typeof FunctionCallItem>;

/**
 * `misfit`: an edit whose text does not fit the file or its form. `notRun`: nothing was asked of the tool. `unknown`: keel was
 * stopped while it ran.
 */
export const CALL_OUTCOMES = ['done', 'failed', 'misfit', 'notRun', 'unknown'] as const;

/**
 * How a call went, as keel saw it: kept beside the output for keel itself, never sent. Records of earlier versions have the
 * output alone.
 */
export const CallFacts = z.lazy(() =>
  z.object({
    outcome: z.enum(CALL_OUTCOMES),
    /** Tools of servers that a search found. */
    found: z.optional(z.array(z.string())),
    /** Files that a patch changed, as its result names them. */
    changed: z.optional(z.array(z.string())),
  }),
);
export type CallFacts = z.infer<typeof CallFacts>;
/** Facts of a later version are worth less than the output beside them. */
const facts = z.catch(z.optional(CallFacts), undefined);

export const FunctionCallOutputItem = z.lazy(() =>
  z.object({
    type: z.literal('function_call_output'),
    call_id: z.string(),
    output: z.union([z.string(), z.array(OutputContentItem)]),
    facts,
  }),
);
export type FunctionCallOutputItem = z.infer<typeof FunctionCallOutputItem>;

export const CustomToolCallItem = z.lazy(() =>
  z.object({
    type: z.literal('custom_tool_call'),
    id: itemId,
    status: z.optional(z.nullable(z.string())),
    call_id: z.string(),
    name: z.string(),
    input: z.string(),
    extra: providerFields,
    response,
  }),
);
export type CustomToolCallItem = z.infer<typeof CustomToolCallItem>;

export const CustomToolCallOutputItem = z.lazy(() =>
  z.object({
    type: z.literal('custom_tool_call_output'),
    call_id: z.string(),
    output: z.string(),
    facts,
  }),
);
export type CustomToolCallOutputItem = z.infer<typeof CustomToolCallOutputItem>;

export const LocalShellCallItem = z.lazy(() =>
  z.object({
    type: z.literal('local_shell_call'),
    id: itemId,
    call_id: z.optional(z.nullable(z.string())),
    status: z.enum(['completed', 'in_progress', 'incomplete']),
    action: z.object({
      type: z.literal('exec'),
      command: z.array(z.string()),
      timeout_ms: z.optional(z.nullable(z.number())),
      working_directory: z.optional(z.nullable(z.string())),
      env: z.optional(z.nullable(z.record(z.string(), z.string()))),
      user: z.optional(z.nullable(z.string())),
    }),
  }),
);
export type LocalShellCallItem = z.infer<typeof LocalShellCallItem>;

export const WebSearchCallItem = z.lazy(() =>
  z.object({
    type: z.literal('web_search_call'),
    id: itemId,
    status: z.optional(z.nullable(z.string())),
    action: z.optional(
      z.nullable(
        z.looseObject({
          type: z.string(),
          query: z.optional(z.nullable(z.string())),
          url: z.optional(z.nullable(z.string())),
          pattern: z.optional(z.nullable(z.string())),
        }),
      ),
    ),
  }),
);
export type WebSearchCallItem = z.infer<typeof WebSearchCallItem>;

/** A picture that the provider's model made. */
export const ImageGenerationItem = z.lazy(() =>
  z.object({
    type: z.literal('image_generation_call'),
    /** The provider knows the picture by it, and nobody else does. */
    id: z.string(),
    status: z.string(),
    /** Base64; null: there is none. */
    result: z.optional(z.nullable(z.string())),
    revised_prompt: z.optional(z.nullable(z.string())),
    /** Who made it. */
    provider: z.optional(z.string()),
  }),
);
export type ImageGenerationItem = z.infer<typeof ImageGenerationItem>;

/** Made by keel, never sent to a model: a commit that holds the work tree as it was before a turn. */
export const GhostSnapshotItem = z.lazy(() =>
  z.object({
    type: z.literal('ghost_snapshot'),
    ghost_commit: z.looseObject({
      id: z.string(),
      parent: z.optional(z.nullable(z.string())),
      preexisting_untracked_files: z._default(z.array(z.string()), []),
      preexisting_untracked_dirs: z._default(z.array(z.string()), []),
    }),
  }),
);
export type GhostSnapshotItem = z.infer<typeof GhostSnapshotItem>;

export const ResponseItem = z.lazy(() =>
  z.discriminatedUnion('type', [
    MessageItem,
    ReasoningItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    LocalShellCallItem,
    WebSearchCallItem,
    ImageGenerationItem,
    GhostSnapshotItem,
  ]),
);
export type ResponseItem = z.infer<typeof ResponseItem>;

/** An item that asks for a tool to be run. */
export type CallItem = FunctionCallItem | CustomToolCallItem | LocalShellCallItem;
/** An item that answers a call. */
export type OutputItem = FunctionCallOutputItem | CustomToolCallOutputItem;
