import * as z from 'zod/mini';
import { ApprovalPolicy, ReasoningEffort, SandboxPolicy, SessionSource, Verbosity } from './policy.ts';
import { ResponseItem } from './response-item.ts';
import { AgentStatus } from './thread-item.ts';
import { RateLimitSnapshot, TokenUsage, TokenUsageInfo } from './usage.ts';

/** First line of a rollout: which thread this is and where it began. `timestamp` is UTC with milliseconds. */
export const SessionMeta = z.lazy(() =>
  z.looseObject({
    id: z.string(),
    timestamp: z.string(),
    cwd: z.string(),
    originator: z.optional(z.nullable(z.string())),
    cli_version: z.optional(z.nullable(z.string())),
    instructions: z.optional(z.nullable(z.string())),
    source: z.optional(z.nullable(SessionSource)),
    model_provider: z.optional(z.nullable(z.string())),
    /** The thread that began this one for itself. */
    parent_thread_id: z.optional(z.nullable(z.string())),
    forked_from_id: z.optional(z.nullable(z.string())),
    git: z.optional(z.nullable(z.looseObject({}))),
    /** The hash of the digests in the thread's record, and of its mark for notes; absent: SHA-256. */
    digests: z.optional(z.literal('cyrb53')),
  }),
);
export type SessionMeta = z.infer<typeof SessionMeta>;

/** Written before every model request. */
export const TurnContextRecord = z.lazy(() =>
  z.looseObject({
    turn_id: z.optional(z.nullable(z.string())),
    cwd: z.string(),
    approval_policy: ApprovalPolicy,
    sandbox_policy: SandboxPolicy,
    model: z.string(),
    effort: z.optional(z.nullable(ReasoningEffort)),
    summary: z.optional(z.nullable(z.string())),
    /** Whether somebody answered approvals, and the local date (`YYYY-MM-DD`): parts of what the model was sent. */
    can_ask: z.optional(z.boolean()),
    date: z.optional(z.string()),
    /** Names of the tools that MCP servers gave it; absent: none. */
    mcp_tools: z.optional(z.array(z.string())),
  }),
);
export type TurnContextRecord = z.infer<typeof TurnContextRecord>;

export const CompactedRecord = z.lazy(() =>
  z.looseObject({
    message: z.string(),
    replacement_history: z.optional(z.nullable(z.array(z.unknown()))),
  }),
);
export type CompactedRecord = z.infer<typeof CompactedRecord>;

/** An output that is left out of the conversation from here on: the nth with its call id, from 0, and what replaces it. */
export const ElidedOutput = z.lazy(() => z.object({ call_id: z.string(), nth: z.number(), output: z.string() }));
export type ElidedOutput = z.infer<typeof ElidedOutput>;
/** State of a subagent of the thread; the newest line of one counts. */
export const AgentStatusRecord = z.lazy(() =>
  z.looseObject({
    type: z.literal('agent_status'),
    /** By which the model names it. */
    agent_id: z.string(),
    agent_type: z.string(),
    /** The thread that it is. */
    thread_id: z.string(),
    /** The beginning of the message, for people. */
    task: z.string(),
    status: AgentStatus,
    message: z.nullable(z.string()),
    /** Whether the model knows of it. */
    told: z.boolean(),
  }),
);
export type AgentStatusRecord = z.infer<typeof AgentStatusRecord>;

/** What a provider refused to take in a request that is sound otherwise. */
export const RefusedContent = z.lazy(() =>
  z.object({
    content: z.enum(['pictures', 'thoughts']),
    /** The newest item with such content, or every one. */
    which: z.enum(['newest', 'all']),
    /** For the model: what is in the place of a picture. */
    note: z.string(),
  }),
);
export type RefusedContent = z.infer<typeof RefusedContent>;

/** What the user approved for the session, by the keys of `ApprovalCache`. */
export const SessionApprovalRecord = z.lazy(() =>
  z.looseObject({ type: z.literal('approved_for_session'), keys: z.array(z.string()) }),
);

/** What the newest request of the user has used of its budget so far, its subagents' part included. */
export const BudgetUsedRecord = z.lazy(() =>
  z.looseObject({
    type: z.literal('budget_used'),
    tokens: z.number(),
    minutes: z.number(),
    /** US dollars; null: what a response cost is not known. */
    cost: z.nullable(z.number()),
  }),
);
export type BudgetUsedRecord = z.infer<typeof BudgetUsedRecord>;

/** Facts about a turn that no response item contains. Kinds not named here are kept and passed over by readers. */
export const EventRecord = z.lazy(() =>
  z.union([
    // By its type, since a union tries one after the other, and a long thread has many.
    z.discriminatedUnion('type', [
      AgentStatusRecord,
      SessionApprovalRecord,
      BudgetUsedRecord,
      z.looseObject({ type: z.literal('user_message'), message: z.string() }),
      z.looseObject({ type: z.literal('agent_message'), message: z.string() }),
      z.looseObject({
        type: z.literal('token_count'),
        info: z.optional(z.nullable(TokenUsageInfo)),
        rate_limits: z.optional(z.nullable(RateLimitSnapshot)),
        /** What of it came from a helper since the line before. */
        foreign: z.optional(TokenUsage),
      }),
      z.looseObject({
        type: z.literal('task_started'),
        turn_id: z.optional(z.nullable(z.string())),
        /** A TurnSetup. */
        setup: z.optional(z.unknown()),
      }),
      z.looseObject({ type: z.literal('task_complete'), turn_id: z.optional(z.nullable(z.string())) }),
      z.looseObject({
        type: z.literal('turn_aborted'),
        turn_id: z.optional(z.nullable(z.string())),
        reason: z.optional(z.nullable(z.string())),
      }),
      z.looseObject({ type: z.literal('outputs_elided'), outputs: z.array(ElidedOutput) }),
      /** Content that the provider refused was taken out of the conversation: a RefusedContent. */
      z.looseObject({ type: z.literal('content_refused') }),
    ]),
    z.looseObject({ type: z.string() }),
  ]),
);
export type EventRecord = z.infer<typeof EventRecord>;

/**
 * What a request consisted of, in digests `<hex>:<bytes>`: its instructions, its tools, and all that is neither these nor
 * input. Of the input, what differs from the request before: of that one the first `cut` items are gone, the next `kept`
 * are the same, and `items` follow.
 */
export const RequestFingerprint = z.lazy(() =>
  z.object({
    instructions: z.string(),
    tools: z.string(),
    options: z.string(),
    cut: z.int().check(z.gte(0)),
    kept: z.int().check(z.gte(0)),
    items: z.array(z.string()),
  }),
);
export type RequestFingerprint = z.infer<typeof RequestFingerprint>;

/** Settings that shape a turn's steps or requests and are nowhere else in the record; absent where they are the default. */
export const TurnSetup = z.lazy(() =>
  z.looseObject({
    task: z.string(),
    /** The model that the turn began with; absent in records of earlier versions. A turn can continue with another one. */
    model: z.optional(z.string()),
    /** Names of the tools that the model was offered. */
    tools: z.array(z.string()),
    /** Further attempts: to open a request, after a stream that broke. */
    retries: z.object({ request: z.number(), stream: z.number() }),
    without_tools: z.optional(z.array(z.string())),
    tool_set: z.optional(z.enum(['session', 'shell', 'lean', 'reader'])),
    context_window: z.optional(z.number()),
    auto_compact_token_limit: z.optional(z.number()),
    max_output_tokens: z.optional(z.number()),
    supports_reasoning_summaries: z.optional(z.boolean()),
    verbosity: z.optional(Verbosity),
    base_instructions: z.optional(z.string()),
    /** They follow the instructions. */
    added_instructions: z.optional(z.string()),
    output_schema: z.optional(z.unknown()),
    compact_prompt: z.optional(z.string()),
    compact_model: z.optional(z.string()),
    /** It answers where the model stays overloaded. */
    fallback_model: z.optional(z.string()),
    /** What a compaction was asked to keep. */
    focus: z.optional(z.string()),
    /** How many levels of helper agents may be below the thread; absent: it may start none. */
    agent_levels: z.optional(z.number()),
    /** Roles of helpers that the user has added or changed; `description` null: as built in. */
    agent_roles: z.optional(z.array(z.object({ name: z.string(), description: z.nullable(z.string()) }))),
    /** False: old outputs are not left out. */
    elide_outputs: z.optional(z.boolean()),
    /** The turn was to be asked, before its end, about what it leaves open. */
    verify: z.optional(z.boolean()),
    /** And about what its subagents left unchecked. */
    verify_tree: z.optional(z.boolean()),
    budget: z.optional(
      z.object({
        tokens: z.nullable(z.number()),
        minutes: z.nullable(z.number()),
        /** Responses of the model; earlier versions had no such limit. */
        turns: z.optional(z.nullable(z.number())),
        /** US dollars; earlier versions had no such limit. */
        cost: z.optional(z.nullable(z.number())),
      }),
    ),
    /** Patterns of hosts that commands could reach. */
    allowed_hosts: z.optional(z.array(z.string())),
    /** False: the tools had no fields for escalation. */
    escalation: z.optional(z.boolean()),
    /** The tools had a field by which a program may outlive the run. */
    keep_running: z.optional(z.boolean()),
    /** The form in which the model edited, where it is not the usual one of its family. */
    patch_form: z.optional(z.enum(['freeform', 'function', 'editFile'])),
    /** The model could fetch pages. */
    web_fetch: z.optional(z.boolean()),
    /** Whether the model is offered `request_user_input`. */
    questions: z.optional(z.boolean()),
    web_search: z.optional(z.boolean()),
    /** Commands could commit. */
    allow_git_commit: z.optional(z.boolean()),
    /** The provider keeps responses, and items go with their ids. */
    store: z.optional(z.boolean()),
    /** The API that was spoken (absent: the Responses API) and the provider's id, absent in old records. */
    wire_api: z.optional(z.enum(['chat', 'anthropic'])),
    provider: z.optional(z.string()),
  }),
);
export type TurnSetup = z.infer<typeof TurnSetup>;

/**
 * A step of a turn begins or has ended. Replay takes the `value` of its end instead of doing the work again. The items that
 * it recorded are the `response_item` lines that name it, so that nothing is stored twice.
 */
export const StepRecord = z.lazy(() =>
  z.looseObject({
    turn: z.string(),
    id: z.string(),
    kind: z.enum(['sampling', 'tool', 'compact', 'mcp', 'io', 'external', 'input', 'race']),
    state: z.enum(['begin', 'end']),
    version: z.number(),
    value: z.optional(z.unknown()),
    /** With the beginning: what the step asks of the world, in short. Of a request its fingerprint. */
    asks: z.optional(z.unknown()),
  }),
);
export type StepRecord = z.infer<typeof StepRecord>;

/** Which process owns the thread from here on; `pid` null gives it up. */
export const LeaseRecord = z.lazy(() => z.looseObject({ owner: z.string(), pid: z.nullable(z.number()) }));
export type LeaseRecord = z.infer<typeof LeaseRecord>;

/** What one line says. The last six fields of `RolloutLine` apart, these are the reference's line types and keel's own. */
export const RolloutItem = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('session_meta'), payload: SessionMeta }),
    /** `turn` and `step` name the step that recorded the item; an item of no step (context, notes) has neither. */
    z.object({
      type: z.literal('response_item'),
      payload: ResponseItem,
      turn: z.optional(z.string()),
      step: z.optional(z.string()),
    }),
    z.object({ type: z.literal('turn_context'), payload: TurnContextRecord }),
    z.object({ type: z.literal('compacted'), payload: CompactedRecord }),
    z.object({ type: z.literal('event_msg'), payload: EventRecord }),
    z.object({ type: z.literal('step'), payload: StepRecord }),
    z.object({ type: z.literal('lease'), payload: LeaseRecord }),
  ]),
);
export type RolloutItem = z.infer<typeof RolloutItem>;

/** One line of a rollout. `timestamp` is when it was written, UTC with milliseconds; `ordinal` counts lines from 0. */
export type RolloutLine = RolloutItem & { readonly timestamp: string; readonly ordinal?: number };
