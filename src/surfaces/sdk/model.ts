import type { ModelTransport } from './transport.ts';

/** A message of the conversation as a model of your own gets it. */
export type ModelMessage =
  | { readonly type: 'system' | 'user'; readonly text: string; readonly images: readonly string[] }
  | { readonly type: 'assistant'; readonly text: string; readonly calls: readonly ModelToolCall[] }
  /** What a call gave, behind the message with the call. */
  | { readonly type: 'toolResult'; readonly id: string; readonly text: string };

export interface ModelToolCall {
  /** Names the call; its result has the same. */
  readonly id: string;
  readonly name: string;
  /** A JSON object, as text. */
  readonly arguments: string;
}

export interface ModelTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What a model is asked. A later request of a thread starts with the messages of the one before. */
export interface ModelRequest {
  readonly model: string;
  /** The first one has the instructions. */
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ModelTool[];
  /** JSON Schema that the answer has to fit; null: any text. */
  readonly outputSchema: Readonly<Record<string, unknown>> | null;
}

/** A piece of an answer. */
export type ModelOutput =
  | { readonly type: 'text'; readonly delta: string }
  /** What the model thinks, for people. */
  | { readonly type: 'reasoning'; readonly delta: string }
  /** A whole call. */
  | ({ readonly type: 'toolCall' } & ModelToolCall)
  /** Tokens of the whole request; the last one counts. */
  | {
      readonly type: 'usage';
      readonly inputTokens: number;
      /** Part of the input tokens. */
      readonly cachedInputTokens?: number;
      readonly outputTokens: number;
    };

/** A model of your own: keel asks it, and nothing is sent anywhere. */
export interface CustomModel {
  readonly name: string;
  /** Tokens; keel compacts a conversation before it is full. Absent: what is known of a model of this name, else 272,000. */
  readonly contextWindow?: number;
  /**
   * Answers one request, piece by piece; returning ends the answer. What it throws ends the turn with that message: keel asks again only
   * for a new turn. `signal` aborts when the turn is interrupted; nobody waits for what comes after that.
   */
  respond(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelOutput>;
}

/** Where the requests of threads go; absent: to the configured provider, by HTTP. */
export interface ModelOptions {
  /** A model of your own in place of a provider. */
  readonly customModel?: CustomModel;
  /** Sends the requests to the configured provider. Not together with `customModel`. */
  readonly transport?: ModelTransport;
}
