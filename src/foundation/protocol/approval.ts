import * as z from 'zod/mini';
import { CommandAction, FileUpdate } from './thread-item.ts';

/** One field of a form that a server asks the user to fill in. */
const FormValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);
export type FormValue = z.infer<typeof FormValue>;

/** The user's answer. `denied` lets the turn continue; `abort` interrupts it. */
export const ApprovalDecision = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('approved'),
      /** What the user filled in, where a server asked (`elicitation`), or their answers by the ids of the `questions`. */
      content: z.optional(z.record(z.string(), FormValue)),
    }),
    z.object({ type: z.literal('approvedForSession') }),
    /** And from now on for whatever the request's `proposedRule` says. */
    z.object({ type: z.literal('approvedAndRemembered') }),
    z.object({ type: z.literal('denied'), message: z.optional(z.string()) }),
    z.object({ type: z.literal('abort') }),
  ]),
);
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

/** A question of the model with the answers that it proposes. The user may also answer in their own words. */
export const UserQuestion = z.lazy(() =>
  z.object({
    /** Names the answer; unique in its call. */
    id: z.string(),
    /** A word or two, for a small space. */
    header: z.string(),
    question: z.string(),
    options: z.array(z.object({ label: z.string(), description: z.string() })),
  }),
);
export type UserQuestion = z.infer<typeof UserQuestion>;

const asked = {
  /**
   * Names this one question in all threads; the answer carries it. A call may ask twice (inside the sandbox, then outside),
   * and an answer to the first question is none to the second. The same after a crash if the question is asked again.
   */
  questionId: z.string(),
};

/** What the user is asked. */
export const ApprovalRequest = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({
      type: z.literal('command'),
      ...asked,
      callId: z.string(),
      command: z.array(z.string()),
      cwd: z.string(),
      commandActions: z.array(CommandAction),
      reason: z.nullable(z.string()),
      /** What may be allowed for good: commands that begin with these words, and examples of what that lets through. */
      proposedRule: z.optional(z.object({ prefix: z.array(z.string()), wouldMatch: z.array(z.string()) })),
      /** True if a yes lets the command run without the sandbox. */
      escalated: z.boolean(),
      /** True if a rule of the user's asks. */
      byRule: z.optional(z.boolean()),
    }),
    z.object({
      type: z.literal('fileChange'),
      ...asked,
      callId: z.string(),
      changes: z.array(FileUpdate),
      reason: z.nullable(z.string()),
    }),
    /** A yes for the session covers all calls of this tool. */
    z.object({
      type: z.literal('mcpToolCall'),
      ...asked,
      callId: z.string(),
      server: z.string(),
      tool: z.string(),
      arguments: z.unknown(),
      reason: z.nullable(z.string()),
    }),
    /** An MCP server asks for something while it works on a call: the answer is `approved` with the form's `content`. */
    z.object({
      type: z.literal('elicitation'),
      ...asked,
      server: z.string(),
      message: z.string(),
      /** JSON Schema of a flat object, as the server sent it. */
      requestedSchema: z.unknown(),
      reason: z.nullable(z.string()),
    }),
    /**
     * An MCP server asks the user to open a page, where they do something that neither keel nor the model sees: they sign in or
     * pay. A yes says that they open it, and no more.
     */
    z.object({
      type: z.literal('elicitationUrl'),
      ...asked,
      server: z.string(),
      message: z.string(),
      /** Absolute, http or https, with its host in ASCII. */
      url: z.string(),
      reason: z.nullable(z.string()),
    }),
    /**
     * The model asks the user: the answer is `approved` with their answers as `content`, or `denied` with a message in their own words.
     * Anything else: they gave none.
     */
    z.object({
      type: z.literal('questions'),
      ...asked,
      callId: z.string(),
      questions: z.array(UserQuestion),
      reason: z.nullable(z.string()),
    }),
    /** A command waits to reach a host that no list names. */
    z.object({
      type: z.literal('network'),
      ...asked,
      /** A name in ASCII and lower case, or an address. */
      host: z.string(),
      port: z.int(),
      /** `https`: a tunnel, whatever is spoken in it. */
      protocol: z.enum(['http', 'https', 'socks5']),
      reason: z.nullable(z.string()),
      /** What may be allowed for good: this host by this protocol, and what that lets through. */
      proposedRule: z.optional(z.object({ host: z.string(), protocol: z.string(), wouldMatch: z.array(z.string()) })),
    }),
  ]),
);
export type ApprovalRequest = z.infer<typeof ApprovalRequest>;

/** An approval request without its id: what a question is about, before it is asked. */
export type ApprovalQuestion = WithoutQuestionId<ApprovalRequest>;

type WithoutQuestionId<T> = T extends unknown ? Omit<T, 'questionId'> : never;
