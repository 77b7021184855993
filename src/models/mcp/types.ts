import * as z from 'zod/mini';
import type { FormValue } from '../../foundation/protocol/index.ts';

/** Malformed values of a server count as absent: one of them must not cost a whole tool. */
const optionalFlag = z.catch(z.optional(z.boolean()), undefined);

/** What a tool says about itself. A server's hints may be wrong: they decide what is asked, never what is allowed. */
const ToolAnnotations = z.lazy(() =>
  z.object({
    readOnlyHint: optionalFlag,
    destructiveHint: optionalFlag,
    idempotentHint: optionalFlag,
    openWorldHint: optionalFlag,
  }),
);

/** A tool as its server lists it. `inputSchema` is whatever the server sent. */
export const ListedTool = z.lazy(() =>
  z.object({
    name: z.string().check(z.minLength(1), z.maxLength(1_024)),
    description: z.catch(z.optional(z.string()), undefined),
    inputSchema: z.optional(z.unknown()),
    annotations: z.catch(z.optional(ToolAnnotations), undefined),
  }),
);
export type ListedTool = z.infer<typeof ListedTool>;

const optionalText = z.catch(z.optional(z.string()), undefined);

/** A prompt as its server lists it: a text for the user to send, with their own words in it. */
export const ListedPrompt = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(200)),
  description: optionalText,
  arguments: z.catch(
    z.optional(z.array(z.object({ name: z.string(), description: optionalText, required: optionalFlag }))),
    undefined,
  ),
});
export type ListedPrompt = z.infer<typeof ListedPrompt>;

/** A prompt of one of the servers. */
export interface ServerPrompt extends ListedPrompt {
  readonly server: string;
}

/** A tool that a server lists and that can't be offered, with the reason for the user. */
export const DroppedTool = z.lazy(() => z.object({ name: z.string(), reason: z.string() }));
export type DroppedTool = z.infer<typeof DroppedTool>;

/** What a server offers. */
export interface ServerOffer {
  readonly tools: readonly ListedTool[];
  readonly dropped: readonly DroppedTool[];
  readonly prompts: readonly ListedPrompt[];
  readonly hasResources: boolean;
  /** How its tools are meant to be used, in its own words; null if it says nothing. */
  readonly instructions: string | null;
}

/** A tool that may be called, under the name by which the model calls it. */
export interface McpTool extends ListedTool {
  readonly server: string;
  readonly qualifiedName: string;
}

/** What a server asks the user while it works on a call: to fill in a form, or to open a page. */
export type ServerQuestion =
  | {
      readonly type: 'form';
      readonly server: string;
      readonly message: string;
      /** JSON Schema of a flat object. */
      readonly requestedSchema: unknown;
    }
  | {
      readonly type: 'url';
      readonly server: string;
      readonly message: string;
      /** http or https, with its host in ASCII. */
      readonly url: string;
      /** Aborts when the server says that what the user does there is over, before or after the answer. */
      readonly completed: AbortSignal;
    };

export type ServerAnswer =
  | { readonly action: 'accept'; readonly content: Readonly<Record<string, FormValue>> }
  | { readonly action: 'decline' | 'cancel' };

/** `gone` aborts when the server does not want to know any more. */
export type AskServerQuestion = (question: ServerQuestion, gone: AbortSignal) => Promise<ServerAnswer>;

/** `unavailable`: the server was not asked. `message` is worded for the model. */
export interface McpFailure {
  readonly type: 'failed';
  readonly cause: 'unavailable' | 'aborted' | 'fault';
  readonly message: string;
}

/** How a request to a server ended. */
export type McpOutcome<T> = { readonly type: 'answered'; readonly value: T } | McpFailure;
