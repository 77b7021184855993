import type { ReasoningEffort, ReasoningSummary, Verbosity } from '../../foundation/protocol/index.ts';
import type { ModelProvider } from '../../storage/config/index.ts';
import type { ModelInfo, WireQuirks } from '../catalogue/index.ts';
import type { FailureContext } from '../failures/index.ts';
import type { ModelEvent, Prompt } from '../prompt/index.ts';

/** What of a thread's settings shapes its requests; constant unless the user changes one. */
export interface WireSettings {
  readonly provider: ModelProvider;
  readonly model: ModelInfo;
  /** Names the conversation and its cache; constant for the life of a thread. */
  readonly threadId: string;
  /** Null: the provider's default, and nothing is sent. */
  readonly effort: ReasoningEffort | null;
  readonly summary: ReasoningSummary;
  readonly verbosity: Verbosity | null;
  /** Asked with every request: what was learned of the server until then. Absent: `knownQuirks` of provider and model. */
  readonly quirks?: () => WireQuirks;
}

/** The parts of a request as they go into its fingerprint. Equal parts give equal texts. */
export interface RequestParts {
  /** How items are written; texts of another form are not comparable. */
  formOf(prompt: Prompt): string;
  toolsJson(tools: Prompt['tools']): string;
  /** What a request says besides instructions, input and tools, without what names the thread. */
  optionsJson(prompt: Prompt): string;
  /** The items of the input from a place on, each as JSON; null for one that is not sent. */
  itemsJson(prompt: Prompt, from: number): readonly (string | null)[];
}

/** One API as one client speaks it: how a request is written, how its response is read. It does nothing by itself. */
export interface Wire extends RequestParts {
  /** What of the settings this API or model does not take, for the user to know. */
  readonly warnings: readonly string[];
  /** @throws KeelError `invalidConfig` for an invalid base URL */
  url(): string;
  /** The headers by which this API differs: what authorises (`bearer`; null: no key), what names the version or the conversation. */
  headers(bearer: string | null): Readonly<Record<string, string>>;
  /** The body in pieces, UTF-8, which do not change any more. A request extends the one before byte for byte. */
  write(prompt: Prompt): readonly Uint8Array[];
  /**
   * Where the API can continue a response over a WebSocket: the body's input from an item on, as bytes between brackets. `write`
   * comes before it, and gives the bytes before the items, the items and those behind them.
   */
  inputFrom?(prompt: Prompt, from: number): Uint8Array;
  /** For one response to this prompt. */
  decoder(prompt: Prompt, context: FailureContext): ResponseDecoder;
}

/** Reads one response. Both throw a ModelError for one that failed. */
export interface ResponseDecoder {
  /** Adds the events of the data of one server-sent event; none for what means nothing here. */
  decode(data: string, events: ModelEvent[]): void;
  /** The bytes have ended. Without a `completed` until then it throws that the stream was lost. */
  end(): readonly ModelEvent[];
}

export type WireMaker = (settings: WireSettings) => Wire;
