import * as z from 'zod/mini';
import { ApprovalDecision } from './approval.ts';
import { ApprovalPolicy, ReasoningEffort, ReasoningSummary, SandboxPolicy } from './policy.ts';
import { ReviewTarget } from './review.ts';
import { SettingsUpdate } from './settings.ts';
import { UserInput } from './user-input.ts';

/** What a surface asks of a session. */
export const Op = z.lazy(() =>
  z.discriminatedUnion('type', [
    /** Starts a turn with the session's settings, or is handed to the running one. */
    z.object({ type: z.literal('userInput'), items: z.array(UserInput), outputSchema: z.optional(z.unknown()) }),
    /** Like `userInput`, after replacing the settings whole: an absent `effort` clears it. The schema is for this turn only. */
    z.object({
      type: z.literal('userTurn'),
      items: z.array(UserInput),
      cwd: z.string(),
      approvalPolicy: ApprovalPolicy,
      sandboxPolicy: SandboxPolicy,
      model: z.string(),
      effort: z.optional(z.nullable(ReasoningEffort)),
      summary: ReasoningSummary,
      outputSchema: z.optional(z.unknown()),
    }),
    /** Changes the settings of later turns. Starts nothing, emits nothing. */
    z.object({ type: z.literal('overrideTurnContext'), settings: SettingsUpdate }),
    /** Stops the running turn; nothing happens when there is none. */
    z.object({ type: z.literal('interrupt') }),
    /** Answers one question. One that isn't waiting, or no longer, is passed over: its answer never meets another question. */
    z.object({ type: z.literal('approval'), questionId: z.string(), decision: ApprovalDecision }),
    /** Puts a handover in place of the conversation so far: now, or when the running turn has ended. */
    z.object({ type: z.literal('compact'), focus: z.optional(z.string()) }),
    /**
     * Has a separate reviewer look at a change; replaces a running turn. The turn fails before any request if there is no such
     * branch or commit. With a schema, the review is JSON that fits it.
     */
    z.object({ type: z.literal('review'), target: ReviewTarget, outputSchema: z.optional(z.unknown()) }),
    /** Runs a command with the user's own rights: by itself, or beside the running turn. */
    z.object({ type: z.literal('userShell'), command: z.string().check(z.minLength(1)) }),
    /** Takes back what the newest turn did to files, and again the one before; replaces a running turn. */
    z.object({ type: z.literal('undo') }),
    /**
     * Takes the user's last turns out of the conversation, with all that followed the first of them; files stay as they are.
     * Refused while a turn runs. Reported by `thread.rolledBack`, or by an `error` without a turn.
     */
    z.object({ type: z.literal('rollback'), turns: z.int().check(z.gte(1)) }),
    /** Keeps what the user typed for later recall, in all threads. Surfaces send it for messages only, not for commands. */
    z.object({ type: z.literal('addToHistory'), text: z.string() }),
    /**
     * Asks for something the user typed earlier, in any thread; `offset` counts from the oldest, 0. Without a `logId` it counts
     * in the file that is there now. Answered by `historyEntry.answered`.
     */
    z.object({
      type: z.literal('getHistoryEntry'),
      offset: z.int().check(z.gte(0)),
      logId: z.optional(z.number()),
    }),
    /** Stops everything, flushes the rollout, ends the event stream. */
    z.object({ type: z.literal('shutdown') }),
  ]),
);
export type Op = z.infer<typeof Op>;
