// What a client, the thread object, the turn workflow and a worker pass to each other. All of it is written to the engine's journal:
// no secrets, no outputs, and as little as does the work.
import { ApprovalDecision, ApprovalRequest, Op, type UserInput, UserQuestion } from 'keel/protocol';
import * as z from 'zod/mini';

/** What a text that the user wrote is to a session. */
export function promptOp(text: string): Op {
  return { type: 'userInput', items: [{ type: 'text', text }] };
}

/** Where a thread works and keeps its record, both on the directory that all workers share. */
export const Place = z.object({
  /** The directory that the thread works in, absolute. */
  cwd: z.string(),
  /** keel's home for this thread: settings are read from here, its rollout is kept here. */
  home: z.string(),
});
export type Place = z.infer<typeof Place>;

/** How the turns of a thread differ from the settings in its home. Overrides are those of `keel -c key=value`. */
export const ThreadSettings = z.object({
  overrides: z.array(z.string()),
});
export type ThreadSettings = z.infer<typeof ThreadSettings>;

/** What arrives for a turn that runs, waits for a person, or waits for its start. `at`: its number in the turn, from 1. */
export const TurnInput = z.object({
  at: z.int(),
  input: z.discriminatedUnion('type', [
    z.object({ type: z.literal('answer'), questionId: z.string(), decision: ApprovalDecision }),
    /** `images`: their URLs. */
    z.object({ type: z.literal('steer'), text: z.string(), images: z.optional(z.array(z.string())) }),
    z.object({ type: z.literal('interrupt') }),
  ]),
});
export type TurnInput = z.infer<typeof TurnInput>;

/** A steering input as a session takes it. */
export function steerOp({ text, images = [] }: { readonly text: string; readonly images?: string[] | undefined }): Op {
  const texts: UserInput[] = text === '' && images.length > 0 ? [] : [{ type: 'text', text }];
  return { type: 'userInput', items: [...texts, ...images.map((url): UserInput => ({ type: 'image', url }))] };
}

/** The id under which a steering input is submitted to the session: a second delivery is recognised by it. */
export function steerId(turnId: string, at: number): string {
  return `${turnId}-steer-${at}`;
}

/** One stage of a turn: from its start, or from where it was parked, until it ends or parks. */
export const TurnJob = z.object({
  threadId: z.string(),
  turnId: z.string(),
  /** 0 at the turn's start; one more each time that it is continued after a wait for a person. */
  stage: z.int(),
  op: Op,
  place: Place,
  settings: ThreadSettings,
  inputs: z.array(TurnInput),
});
export type TurnJob = z.infer<typeof TurnJob>;

/** A question that a turn waits with. */
export const Question = z.object({
  questionId: z.string(),
  /** In one line, as `ls` shows it. */
  about: z.string(),
  /** What the model wants to know, whose length its tool bounds. Absent: it is about a call, or from an earlier worker. */
  asked: z.optional(z.array(UserQuestion)),
  /** The call that it is about, as a live session asks about it. Absent: it is too long for the journal, or from an earlier worker. */
  call: z.optional(ApprovalRequest),
});
export type Question = z.infer<typeof Question>;

/** How a stage ended. Texts are cut: the rollout has them whole. */
export const TurnOutcome = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ended'),
    status: z.enum(['completed', 'interrupted', 'failed']),
    message: z.nullable(z.string()),
    error: z.nullable(z.string()),
    /** Of the thread so far; null: nothing was asked of the model. */
    tokens: z.nullable(z.number()),
    /** Numbers of the steering inputs that are in the conversation. */
    taken: z.array(z.int()),
  }),
  /** Released: it waits for an answer to one of these questions. */
  z.object({ type: z.literal('parked'), questions: z.array(Question) }),
]);
export type TurnOutcome = z.infer<typeof TurnOutcome>;

/** At most `max` turns at once of all threads that name this limit: a provider's key, a repository. */
export const Limit = z.object({ name: z.string(), max: z.int().check(z.gte(1)) });
export type Limit = z.infer<typeof Limit>;

/** A turn that is submitted to a thread. The first one makes the thread, and says where it works. */
export const Submission = z.object({
  /** Chosen by the client: a second submission under the same id starts nothing. */
  submissionId: z.string(),
  op: Op,
  place: z.optional(Place),
  settings: z.optional(ThreadSettings),
  limits: z.optional(z.array(Limit)),
});
export type Submission = z.infer<typeof Submission>;
