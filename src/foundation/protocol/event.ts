import * as z from 'zod/mini';
import { ApprovalRequest } from './approval.ts';
import { ErrorInfo } from './error.ts';
import { TaskKind } from './policy.ts';
import { RequestRecord } from './request-record.ts';
import { ResponseItem } from './response-item.ts';
import { ThreadItem } from './thread-item.ts';
import { RateLimitSnapshot, TokenUsageInfo } from './usage.ts';

const turnId = z.string();

/** What a turn did to files, as its calls and their results show. */
export const TurnWork = z.lazy(() =>
  z.object({
    changed: z.array(z.object({ path: z.string(), kind: z.enum(['add', 'delete', 'update']) })),
    /** Commands that look like checks and ran after the last change, oldest first. */
    checks: z.array(z.object({ command: z.string(), exitCode: z.number() })),
  }),
);
export type TurnWork = z.infer<typeof TurnWork>;

/** A finished or interrupted turn as read back from a rollout. */
export const Turn = z.lazy(() =>
  z.object({
    id: z.string(),
    status: z.enum(['inProgress', 'completed', 'interrupted', 'failed']),
    error: z.nullable(ErrorInfo),
    items: z.array(ThreadItem),
  }),
);
export type Turn = z.infer<typeof Turn>;

/** Something that the user typed, in any thread. `at`: Unix seconds. */
export const TypedMessage = z.lazy(() => z.object({ threadId: z.string(), at: z.number(), text: z.string() }));
export type TypedMessage = z.infer<typeof TypedMessage>;

/** A hook that runs, for surfaces to show. */
export const HookReport = z.lazy(() =>
  z.object({
    /** Names this run. */
    id: z.string(),
    event: z.string(),
    /** What its file says to show while it runs, on one line; null: nothing. */
    statusMessage: z.nullable(z.string()),
    /** Nobody waits for it. */
    isAsync: z.boolean(),
    /** The file that names it, absolute, and whose that is. */
    file: z.string(),
    source: z.enum(['user', 'project', 'plugin']),
    startedAtMs: z.number(),
  }),
);
export type HookReport = z.infer<typeof HookReport>;

/** `blocked`: it has refused what it was asked about; `stopped`: it has ended the turn; `interrupted`: it was cut off with its turn. */
const HookStatus = z.enum(['completed', 'failed', 'blocked', 'stopped', 'interrupted']);
export type HookStatus = z.infer<typeof HookStatus>;

/**
 * What a session emits, in order. The first event is `thread.started`, the last `thread.closed`. Of a turn the first is
 * `turn.started` and the last its one `turn.completed`; each `item.completed` has an earlier `item.started` with its id.
 */
export const SessionEvent = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('thread.started'),
      threadId: z.string(),
      model: z.string(),
      effort: z.nullable(z.string()),
      cwd: z.string(),
      /** Null for a thread that is not recorded. */
      rolloutPath: z.nullable(z.string()),
      /** Turns read back on resume or fork, oldest first; empty for a new thread. */
      turns: z.array(Turn),
    }),
    z.object({ type: z.literal('thread.closed'), threadId: z.string() }),
    /** Turns were taken out of the conversation. */
    z.object({
      type: z.literal('thread.rolledBack'),
      /** How many of the user's turns: no more than there were. */
      removed: z.number(),
      /** All that are left, oldest first. */
      turns: z.array(Turn),
    }),
    z.object({
      type: z.literal('turn.started'),
      turnId,
      taskKind: TaskKind,
      modelContextWindow: z.nullable(z.number()),
    }),
    z.object({
      type: z.literal('turn.completed'),
      turnId,
      status: z.enum(['completed', 'interrupted', 'failed']),
      /** Set when `status` is `failed`. */
      error: z.nullable(ErrorInfo),
      /** Why an interrupted turn ended. */
      abortReason: z.nullable(z.enum(['interrupted', 'replaced', 'shutdown'])),
      lastAgentMessage: z.nullable(z.string()),
      /** What keel itself saw of its changes; absent: no file was changed. */
      work: z.optional(TurnWork),
    }),
    z.object({ type: z.literal('item.started'), turnId, item: ThreadItem }),
    z.object({ type: z.literal('item.updated'), turnId, item: ThreadItem }),
    z.object({ type: z.literal('item.completed'), turnId, item: ThreadItem }),
    /** Live text of an item that is not completed yet; best effort, the completed item is authoritative. */
    z.object({
      type: z.literal('item.delta'),
      turnId,
      itemId: z.string(),
      part: z.enum(['agentMessage', 'reasoningSummary', 'reasoningText', 'commandOutput']),
      /** Which summary or content part, counted from 0, for the reasoning parts. */
      index: z.optional(z.number()),
      delta: z.string(),
    }),
    z.object({
      type: z.literal('usage.updated'),
      turnId: z.nullable(z.string()),
      /** Null before the first response of the thread. */
      info: z.nullable(TokenUsageInfo),
      rateLimits: z.nullable(RateLimitSnapshot),
      /** What the session's requests cost since it was opened, with those of its children, US dollars. Null: not known. */
      costUsd: z.optional(z.nullable(z.number())),
      /** The request whose answer used `last_token_usage`; absent: something else changed, such as a limit. */
      request: z.optional(RequestRecord),
    }),
    /** The whole change of the turn so far as one unified diff. */
    z.object({ type: z.literal('turn.diff'), turnId, diff: z.string() }),
    z.object({
      type: z.literal('approval.requested'),
      turnId,
      /** The thread that asks: this one, or a child's. */
      threadId: z.string(),
      /** What the child that asks is for; absent for the thread itself. */
      agent: z.optional(z.string()),
      request: ApprovalRequest,
    }),
    z.object({
      type: z.literal('approval.resolved'),
      turnId,
      questionId: z.string(),
      decision: z.optional(z.enum(['approved', 'approvedForSession', 'approvedAndRemembered', 'denied', 'abort'])),
    }),
    /**
     * What the user did at a page that an MCP server asked them to open (`elicitationUrl`) is over, as the server says. It may come after the
     * turn, and while the question still waits, which is then settled with a yes.
     */
    z.object({ type: z.literal('elicitation.completed'), questionId: z.string(), server: z.string() }),
    /** A response item as it entered the history, for clients that keep their own. */
    z.object({ type: z.literal('rawItem.recorded'), turnId: z.nullable(z.string()), item: ResponseItem }),
    /** Answers `getHistoryEntry`. */
    z.object({
      type: z.literal('historyEntry.answered'),
      /** The op's id. */
      requestId: z.string(),
      offset: z.number(),
      /** Which file of messages there is now; 0 if there is none. Offsets count in this one. */
      logId: z.number(),
      entryCount: z.number(),
      /** Null: the offset is past the end, the file asked for is gone, or the line is damaged. */
      entry: z.nullable(TypedMessage),
    }),
    /** Input that came while a turn ran, and that this turn is to take; input that comes too late for it starts a turn of its own. */
    z.object({ type: z.literal('submission.joined'), turnId, id: z.string() }),
    /**
     * Submissions that waited for the running turn and are not carried out: it was stopped, or a newer one replaces them. A
     * surface may offer their text again.
     */
    z.object({ type: z.literal('submissions.dropped'), turnId, ids: z.array(z.string()) }),
    /** Null as a turn's id: nothing waits for the hook, and it may outlive the turn. Events of other hooks come before the turn's end. */
    z.object({ type: z.literal('hook.started'), turnId: z.nullable(z.string()), hook: HookReport }),
    z.object({
      type: z.literal('hook.completed'),
      turnId: z.nullable(z.string()),
      hook: HookReport,
      status: HookStatus,
      durationMs: z.number(),
    }),
    /** Something the user should know that did not stop the work. */
    z.object({ type: z.literal('warning'), turnId: z.nullable(z.string()), message: z.string() }),
    /** A failure. `willRetry`: keel continues by itself; otherwise the turn ends with it. */
    z.object({ type: z.literal('error'), turnId: z.nullable(z.string()), error: ErrorInfo, willRetry: z.boolean() }),
    /** This reader was too slow: `dropped` events before this one were lost to it (and to no other reader). */
    z.object({ type: z.literal('events.lost'), dropped: z.number() }),
  ]),
);
export type SessionEvent = z.infer<typeof SessionEvent>;
export type SessionEventOf<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>;
