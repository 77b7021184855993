import * as z from 'zod/mini';
import { ReviewOutput } from './review.ts';
import { UserInput } from './user-input.ts';

/** What one command of a pipeline does, for display only. */
export const CommandAction = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('read'), command: z.string(), name: z.string(), path: z.string() }),
    z.object({ type: z.literal('listFiles'), command: z.string(), path: z.nullable(z.string()) }),
    z.object({
      type: z.literal('search'),
      command: z.string(),
      query: z.nullable(z.string()),
      path: z.nullable(z.string()),
    }),
    z.object({ type: z.literal('unknown'), command: z.string() }),
  ]),
);
export type CommandAction = z.infer<typeof CommandAction>;

/**
 * Work that a person can see start and end. `declined`: refused by the user or a rule, nothing ran. `interrupted`: the turn was
 * stopped before it ended.
 */
export const ItemStatus = z.enum(['inProgress', 'completed', 'failed', 'declined', 'interrupted']);
export type ItemStatus = z.infer<typeof ItemStatus>;

/** One file of a patch. `diff` is a unified diff of that file, or its whole text for an added or deleted one. */
export const FileUpdate = z.lazy(() =>
  z.object({
    /** Absolute path; for a move, where the file was. */
    path: z.string(),
    kind: z.discriminatedUnion('type', [
      z.object({ type: z.literal('add') }),
      z.object({ type: z.literal('delete') }),
      z.object({ type: z.literal('update'), movePath: z.nullable(z.string()) }),
    ]),
    diff: z.string(),
  }),
);
export type FileUpdate = z.infer<typeof FileUpdate>;

export const PlanStep = z.lazy(() =>
  z.object({ step: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) }),
);
export type PlanStep = z.infer<typeof PlanStep>;

/** Set when the turn was stopped before the item was whole: what it has is a part, and the model does not know of it. */
const interrupted = z.optional(z.literal(true));

export const UserMessageThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('userMessage'),
    id: z.string(),
    content: z.array(UserInput),
  }),
);
export const AgentMessageThreadItem = z.lazy(() =>
  z.object({ type: z.literal('agentMessage'), id: z.string(), text: z.string(), interrupted }),
);
export const ReasoningThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('reasoning'),
    id: z.string(),
    /** One entry a summary part. */
    summary: z.array(z.string()),
    /** Raw reasoning, only where configuration shows it. */
    content: z.array(z.string()),
    interrupted,
  }),
);
export const CommandExecutionThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('commandExecution'),
    /** The model's call id. */
    id: z.string(),
    /** The argument list, quoted for a shell. */
    command: z.string(),
    cwd: z.string(),
    /** Id of a session that continues to run, for `write_stdin`. */
    processId: z.nullable(z.string()),
    source: z.enum(['agent', 'userShell']),
    status: ItemStatus,
    commandActions: z.array(CommandAction),
    /** Both streams in order of arrival; at most 256 KiB, with a line about what was left out of the middle. Null until known. */
    aggregatedOutput: z.nullable(z.string()),
    exitCode: z.nullable(z.number()),
    durationMs: z.nullable(z.number()),
    /** What confined it, or `none`; absent: it has not run, or the user typed it. */
    sandbox: z.optional(z.enum(['none', 'bwrap', 'landlock', 'seatbelt'])),
    /** Why it did not run to completion, in a few words: `timed out after 10 s`. */
    reason: z.optional(z.string()),
  }),
);
export const FileChangeThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('fileChange'),
    id: z.string(),
    changes: z.array(FileUpdate),
    status: ItemStatus,
    /** Why it was declined or failed. */
    reason: z.optional(z.string()),
  }),
);
export const McpToolCallThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('mcpToolCall'),
    id: z.string(),
    server: z.string(),
    tool: z.string(),
    status: ItemStatus,
    arguments: z.unknown(),
    result: z.nullable(z.object({ content: z.array(z.unknown()), structuredContent: z.unknown() })),
    error: z.nullable(z.object({ message: z.string() })),
    durationMs: z.nullable(z.number()),
    /** How far the server says that it is, one line; of a call that runs, and only then. */
    progress: z.optional(z.string()),
  }),
);
/** What the provider's search did: looked for something, opened a page, or looked for something on one. */
export const WebSearchAction = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('search'), query: z.string() }),
    z.object({ type: z.literal('openPage'), url: z.string() }),
    z.object({ type: z.literal('findInPage'), url: z.string(), pattern: z.string() }),
    z.object({ type: z.literal('other') }),
  ]),
);
export type WebSearchAction = z.infer<typeof WebSearchAction>;

export const WebSearchThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('webSearch'),
    id: z.string(),
    /** The action in a few words; empty until it is known. */
    query: z.string(),
    /** Null until it is known. */
    action: z._default(z.nullable(WebSearchAction), null),
    interrupted,
  }),
);
export const ToolCallThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('toolCall'),
    id: z.string(),
    /**
     * A built-in tool that only reads (`read_file`, `list_dir`, `grep_files`) or asks the user (`request_user_input`). Also any call
     * that failed before its tool did anything.
     */
    tool: z.string(),
    status: ItemStatus,
    arguments: z.string(),
    durationMs: z.nullable(z.number()),
    /** Why it failed: there is no such tool, its arguments can't be read, there is no such file. */
    reason: z.optional(z.string()),
    /** What the user answered, a line a question. */
    answer: z.optional(z.string()),
  }),
);
export const ImageViewThreadItem = z.lazy(() =>
  z.object({ type: z.literal('imageView'), id: z.string(), path: z.string() }),
);
/** A picture that the provider's model made. */
export const ImageGenerationThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('imageGeneration'),
    id: z.string(),
    /** What the provider had drawn, in its words; empty: it does not say. */
    prompt: z.string(),
    /** A data URL; null: it is not finished, or there is none. */
    url: z.nullable(z.string()),
    interrupted,
  }),
);
/** The plan of a turn: started with its first version, updated with each later one, completed when the turn ends. */
export const PlanThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('plan'),
    id: z.string(),
    explanation: z.nullable(z.string()),
    steps: z.array(PlanStep),
  }),
);
export const ContextCompactionThreadItem = z.lazy(() =>
  z.object({ type: z.literal('contextCompaction'), id: z.string(), interrupted }),
);

/** The budget of the request is used up: the turn was stopped before it was finished. */
export const BudgetExceededThreadItem = z.lazy(() =>
  z.object({ type: z.literal('budgetExceeded'), id: z.string(), message: z.string() }),
);

/** A reviewer looks at a change from here on; `review` says at which. */
export const EnteredReviewModeThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('enteredReviewMode'),
    id: z.string(),
    review: z.string(),
  }),
);
/** What it found, for people and for programs; `output` null: it was interrupted. */
export const ExitedReviewModeThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('exitedReviewMode'),
    id: z.string(),
    review: z.string(),
    output: z.nullable(ReviewOutput),
  }),
);

/** The user takes back what a turn did to files; `message` says what came of it. */
export const UndoThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('undo'),
    id: z.string(),
    status: ItemStatus,
    message: z.string(),
  }),
);

export const AgentStatus = z.enum(['running', 'completed', 'failed', 'interrupted', 'closed']);

/** State of a subagent. `message`: its last one, or what went wrong. */
export const AgentState = z.lazy(() =>
  z.object({
    status: AgentStatus,
    message: z.nullable(z.string()),
  }),
);
export type AgentState = z.infer<typeof AgentState>;

/** A subagent as people see it. Records of earlier versions have neither its name nor its model. */
export const ShownAgent = z.lazy(() =>
  z.object({
    status: AgentStatus,
    message: z.nullable(z.string()),
    /** What the model calls it: its role with a number. */
    name: z.optional(z.string()),
    model: z.optional(z.string()),
  }),
);

/** The model works with helper agents, which are threads of their own. */
export const CollabAgentToolCallThreadItem = z.lazy(() =>
  z.object({
    type: z.literal('collabAgentToolCall'),
    /** The model's call id. */
    id: z.string(),
    tool: z.enum(['spawnAgent', 'sendInput', 'wait', 'closeAgent']),
    status: ItemStatus,
    senderThreadId: z.string(),
    /** The threads of the helpers that the call is about. */
    receiverThreadIds: z.array(z.string()),
    /** What is sent to a subagent; null where nothing is. */
    prompt: z.nullable(z.string()),
    /** By thread. */
    agentsStates: z.record(z.string(), ShownAgent),
  }),
);

/** What a person sees of a thread: one type for every surface. */
export const ThreadItem = z.lazy(() =>
  z.discriminatedUnion('type', [
    UserMessageThreadItem,
    AgentMessageThreadItem,
    ReasoningThreadItem,
    CommandExecutionThreadItem,
    FileChangeThreadItem,
    McpToolCallThreadItem,
    WebSearchThreadItem,
    ToolCallThreadItem,
    ImageViewThreadItem,
    ImageGenerationThreadItem,
    PlanThreadItem,
    ContextCompactionThreadItem,
    BudgetExceededThreadItem,
    EnteredReviewModeThreadItem,
    ExitedReviewModeThreadItem,
    UndoThreadItem,
    CollabAgentToolCallThreadItem,
  ]),
);
export type ThreadItem = z.infer<typeof ThreadItem>;
export type ThreadItemOf<T extends ThreadItem['type']> = Extract<ThreadItem, { type: T }>;
