import type { ModelProvider } from '../config/index.ts';
import type {
  ReasoningEffort,
  ReasoningSummary,
  RequestFingerprint,
  SessionSource,
  TaskKind,
  Verbosity,
} from '../protocol/index.ts';
import { KeelError } from '../protocol/index.ts';
import { isAzure } from './azure.ts';
import type { Credentials } from './credentials.ts';
import { decodeEvent } from './decode-event.ts';
import { connectionFailed, type FailureContext, reasonOf, statusFailure, streamLost } from './failures.ts';
import { IdleWatch } from './idle-watch.ts';
import { maskedHeaders, maskedUrl, secretsOf } from './masking.ts';
import { ModelError } from './model-error.ts';
import type { ModelEvent } from './model-event.ts';
import type { ModelInfo } from './model-info.ts';
import type { Prompt } from './prompt.ts';
import { rateLimitsOf } from './rate-limits.ts';
import { inputJson, type RequestSettings, RequestWriter } from './request-body.ts';
import { RequestFingerprints } from './request-fingerprints.ts';
import { requestHeaders } from './request-headers.ts';
import { responsesUrl } from './request-url.ts';
import { SseReader } from './sse.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

export interface ModelClientOptions {
  readonly provider: ModelProvider;
  readonly model: ModelInfo;
  /** Names the conversation and its cache; constant for the life of a thread. */
  readonly threadId: string;
  /** Null: the provider's default, and nothing is sent. */
  readonly effort: ReasoningEffort | null;
  readonly summary: ReasoningSummary;
  readonly verbosity: Verbosity | null;
  readonly originator: string;
  /** See `userAgent`. */
  readonly userAgent: string;
  readonly sessionSource: SessionSource;
  /** Asked before each request; may throw `missingCredentials`. */
  readonly credentials: () => Credentials;
  readonly transport: Transport;
  /** Those of the thread; a client of its own begins anew. */
  readonly fingerprints?: RequestFingerprints;
  /** Milliseconds since 1970, for texts that say when a limit ends. */
  readonly nowMs?: () => number;
}

export interface StreamOptions {
  readonly taskKind: TaskKind;
  readonly signal: AbortSignal;
  /** Called once the request is on its way: the time until the answer is free for other work. */
  readonly onSent?: () => void;
}

/** A request as it would go out, for people: secrets are masked. */
export interface RequestDescription {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Most of an error body that is read, in characters. */
const MAX_ERROR_BODY_CHARS = 256 * 1024;
const NO_CREDENTIALS: Credentials = { bearer: null, source: 'no key', headers: {} };

/** Speaks the Responses API with one provider for one thread. Never retries: one call is one request. */
export class ModelClient {
  /** What of the settings this model does not take, or is guessed about it, for the user to know. */
  readonly warnings: readonly string[];
  readonly #options: ModelClientOptions;
  readonly #settings: RequestSettings;
  readonly #writer: RequestWriter;
  readonly #fingerprints: RequestFingerprints;

  constructor(options: ModelClientOptions) {
    this.#options = options;
    this.#settings = requestSettings(options);
    this.#writer = new RequestWriter(this.#settings);
    this.#fingerprints = options.fingerprints ?? new RequestFingerprints();
    this.warnings = settingWarnings(options);
  }

  /** A client with other settings over the same connections, whose owner stays who closes them. */
  with(changes: Partial<Pick<ModelClientOptions, 'model' | 'effort' | 'summary' | 'verbosity'>>): ModelClient {
    return new ModelClient({ ...this.#options, ...changes });
  }

  /**
   * One request, and its response as it arrives. Ends with `completed`; every other end is a throw: a ModelError
   * (`interrupted` when `signal` aborts, which closes the socket at once) or the KeelError of missing credentials or a
   * configuration that can't be sent.
   */
  async *stream(
    prompt: Prompt,
    { taskKind, signal, onSent }: StreamOptions,
  ): AsyncGenerator<ModelEvent, void, undefined> {
    const { provider, transport } = this.#options;
    const credentials = this.#options.credentials();
    const request = this.#request(prompt, taskKind, credentials);
    const context = this.#failureContext(credentials, request.url);
    let response: HttpResponse | null = null;
    let isComplete = false;
    using watch = new IdleWatch(provider.streamIdleTimeoutMs, signal);
    try {
      response = await transport.post(request, watch.signal, onSent);
      if (response.status < 200 || response.status > 299) {
        throw statusFailure(response, await readErrorBody(response), context);
      }
      const snapshot = rateLimitsOf(response.headers);
      if (snapshot !== null) yield { type: 'rateLimits', snapshot };
      for await (const event of responseEvents(response, watch, context)) {
        isComplete = event.type === 'completed';
        yield event;
        if (isComplete) return;
      }
      throw streamLost('stream closed before response.completed', context);
    } catch (error) {
      if (signal.aborted) throw new ModelError('interrupted', 'interrupted', { phase: 'stream' });
      if (error instanceof KeelError) throw error;
      if (watch.hasExpired) throw streamLost(idleText(provider), context);
      throw response === null ? connectionFailed(error, context) : streamLost(reasonOf(error), context, error);
    } finally {
      if (isComplete) response?.release();
      else response?.destroy();
    }
  }

  /** The request that this prompt would make, without making it. */
  describe(prompt: Prompt, taskKind: TaskKind = 'regular'): RequestDescription {
    const credentials = this.#credentialsIfAny();
    const { url, headers, body } = this.#request(prompt, taskKind, credentials);
    return {
      url: maskedUrl(url),
      headers: maskedHeaders(headers, Object.keys(credentials.headers)),
      body: Buffer.concat(body).toString('utf8'),
    };
  }

  /** What this prompt's request consists of, told by what differs from the thread's request before. */
  fingerprint(prompt: Prompt): RequestFingerprint {
    return this.#fingerprints.next(prompt, this.#settings);
  }

  /** The input of this prompt's request, each item as JSON. */
  inputOf(prompt: Prompt): readonly string[] {
    return inputJson(prompt, this.#settings);
  }

  /** Closes all connections, also those of clients made by `with`. */
  close(): void {
    this.#options.transport.close();
  }

  #request(prompt: Prompt, taskKind: TaskKind, credentials: Credentials): HttpRequest {
    return {
      url: responsesUrl(this.#options.provider),
      headers: requestHeaders({ ...this.#options, credentials, taskKind }),
      body: this.#writer.write(prompt),
    };
  }

  #failureContext(credentials: Credentials, url: string): FailureContext {
    return {
      secrets: secretsOf(this.#options.provider, credentials),
      keySource: credentials.source,
      host: new URL(url).host,
      nowMs: this.#options.nowMs ?? Date.now,
    };
  }

  #credentialsIfAny(): Credentials {
    try {
      return this.#options.credentials();
    } catch (error) {
      if (error instanceof KeelError && error.kind === 'missingCredentials') return NO_CREDENTIALS;
      throw error;
    }
  }
}

/** Events as they come, each at once. The watch runs only while the next bytes are awaited. */
async function* responseEvents(
  response: HttpResponse,
  watch: IdleWatch,
  context: FailureContext,
): AsyncGenerator<ModelEvent, void, undefined> {
  const reader = new SseReader();
  for await (const chunk of response.text) {
    const payloads = reader.feed(chunk);
    if (payloads.length === 0) continue;
    watch.pause();
    for (const data of payloads) yield* decodeEvent(data, context);
    watch.signal.throwIfAborted();
    watch.wait();
  }
  for (const data of reader.end()) yield* decodeEvent(data, context);
}

/** As much of the body as comes and is of use; that it breaks off is no news beside the status. */
async function readErrorBody(response: HttpResponse): Promise<string> {
  let body = '';
  try {
    for await (const chunk of response.text) {
      body += chunk;
      if (body.length >= MAX_ERROR_BODY_CHARS) break;
    }
  } catch {
    // what was read until then serves
  }
  return body;
}

function requestSettings(options: ModelClientOptions): RequestSettings {
  const { model, provider, effort, summary, verbosity, threadId } = options;
  const onAzure = isAzure(provider);
  return {
    model: model.slug,
    threadId,
    reasoning: model.supportsReasoning ? { effort, summary } : null,
    verbosity: model.supportsVerbosity ? verbosity : null,
    store: onAzure,
    items: { withIds: onAzure, withImages: model.supportsImages },
  };
}

function settingWarnings({ model, effort, verbosity }: ModelClientOptions): readonly string[] {
  const warnings: string[] = [];
  if (!model.known) warnings.push(`The model "${model.slug}" is not known to keel; its limits are guessed.`);
  if (effort !== null && !model.supportsReasoning) {
    warnings.push(`The model "${model.slug}" takes no reasoning effort; "${effort}" is not sent.`);
  }
  if (verbosity !== null && !model.supportsVerbosity) {
    warnings.push(`The model "${model.slug}" takes no verbosity; "${verbosity}" is not sent.`);
  }
  return warnings;
}

function idleText(provider: ModelProvider): string {
  return `idle timeout waiting for SSE (${provider.streamIdleTimeoutMs / 1000} s)`;
}
