import {
  KeelError,
  type RateLimitSnapshot,
  type RequestFingerprint,
  type ResponseItem,
  type SessionSource,
} from '../../foundation/protocol/index.ts';
import { maskedUrl } from '../../foundation/secrets/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';
import type { ModelProvider } from '../../storage/config/index.ts';
import { learnedQuirk, ServerFacts } from '../catalogue/index.ts';
import {
  connectionFailed,
  type FailureContext,
  ModelError,
  rateLimitsOf,
  readFailure,
  statusFailure,
  streamLost,
} from '../failures/index.ts';
import { parseJson } from '../json/index.ts';
import type { ModelEvent, Prompt } from '../prompt/index.ts';
import type { Wire, WireMaker, WireSettings } from '../wires/index.ts';
import type { Credentials, RenewableCredentials } from './credentials.ts';
import { IdleWatch } from './idle-watch.ts';
import { maskedHeaders, secretsOf } from './masking.ts';
import { RequestFingerprints } from './request-fingerprints.ts';
import { requestHeaders } from './request-headers.ts';
import { serverEvents } from './response-body.ts';
import { ResponseReader } from './response-reader.ts';
import type { ResponseSocket } from './socket/response-socket.ts';
import type { Refusal } from './socket/socket-events.ts';
import type { SseEvent } from './sse.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

interface ModelClientOptions extends WireSettings {
  /** The provider's API; see `loadWire`. */
  readonly wire: WireMaker;
  readonly originator: string;
  /** See `userAgent`. */
  readonly userAgent: string;
  readonly sessionSource: SessionSource;
  /** Asked before each request; may throw `missingCredentials`. */
  readonly credentials: () => Credentials;
  /** Asked in their place where the credentials end by themselves. */
  readonly renewable?: RenewableCredentials | null;
  readonly transport: Transport;
  /** The session's WebSocket; null or absent: everything goes over HTTP. */
  readonly socket?: ResponseSocket | null;
  /** Fingerprints of the thread; without them, the client's first request counts as the thread's first. */
  readonly fingerprints?: RequestFingerprints;
  /** What is known of the server, for all clients of a session; a client of its own learns it by itself. */
  readonly serverFacts?: ServerFacts;
  /** Milliseconds since 1970, for texts that say when a limit ends. */
  readonly nowMs?: () => number;
}

export interface StreamOptions {
  /** A `TaskKind`, or what a child session is for. */
  readonly taskKind: string;
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

interface Asked extends Omit<StreamOptions, 'onSent'> {
  readonly prompt: Prompt;
  readonly onSent: (() => void) | undefined;
  readonly watch: IdleWatch;
}

/** A response that has begun, however it comes. Exactly one of the last two is called, when no more of it is read. */
interface Answer {
  readonly context: FailureContext;
  readonly rateLimits: RateLimitSnapshot | null;
  readonly events: AsyncIterable<readonly SseEvent[]>;
  /** The failure of an event that says how it would have been answered over HTTP; null, or absent: there is none. */
  readonly refusalIn?: (data: string) => ModelError | null;
  completed(id: string, items: readonly ResponseItem[]): void;
  broken(): void;
}

/** Most of an error body that is read, in characters. */
const MAX_ERROR_BODY_CHARS = 256 * 1024;
/** Failures that the form of the request may be the reason of. Some servers report a template that fails as a 500. */
const MAY_BE_FORM: ReadonlySet<string> = new Set(['badRequest', 'httpConnectionFailed']);
const NO_CREDENTIALS: Credentials = { bearer: null, source: 'no key', headers: {} };

/** Speaks with one provider for one thread, in the provider's API. Never retries: one call is one request. */
export class ModelClient {
  /** What of the settings this model does not take, or is guessed about it, for the user to know. */
  readonly warnings: readonly string[];
  readonly #options: ModelClientOptions;
  readonly #serverFacts: ServerFacts;
  readonly #wire: Wire;
  /** Where requests go, once it was asked for. */
  #url: string | null = null;
  readonly #fingerprints: RequestFingerprints;

  constructor(options: ModelClientOptions) {
    this.#options = options;
    const { provider, model, serverFacts = new ServerFacts(provider) } = options;
    this.#serverFacts = serverFacts;
    this.#wire = options.wire({ quirks: () => serverFacts.quirksOf(model.slug), ...options });
    this.#fingerprints = options.fingerprints ?? new RequestFingerprints('cyrb53');
    this.warnings = [...unknownModel(options), ...this.#wire.warnings];
  }

  /** A client with other settings over the same connections, whose owner stays who closes them. */
  with(changes: Partial<Pick<ModelClientOptions, 'model' | 'effort' | 'summary' | 'verbosity'>>): ModelClient {
    return new ModelClient({ ...this.#options, ...changes });
  }

  /**
   * One request (a second one after 401, where there are other credentials), and its response as it arrives: the events that
   * came together. Ends with `completed`; every other end is a throw: a ModelError (`interrupted` when `signal` aborts, which
   * closes the socket at once) or the KeelError of missing credentials or a configuration that can't be sent.
   */
  async *stream(
    prompt: Prompt,
    { taskKind, signal, onSent }: StreamOptions,
  ): AsyncGenerator<readonly ModelEvent[], void, undefined> {
    const credentials = await this.#credentials(signal);
    let answer: Answer | null = null;
    let reader: ResponseReader | null = null;
    let context = this.#failureContext(credentials);
    using watch = new IdleWatch(this.#options.provider.streamIdleTimeoutMs, signal);
    try {
      answer = await this.#ask({ prompt, taskKind, signal, onSent, watch }, credentials);
      context = answer.context;
      if (answer.rateLimits !== null) yield [{ type: 'rateLimits', snapshot: answer.rateLimits }];
      reader = new ResponseReader(this.#wire.decoder(prompt, context), context, answer.refusalIn);
      for await (const arrived of answer.events) {
        const { events, failure } = reader.read(arrived);
        if (events.length > 0) yield events;
        if (failure !== null) throw failure.error;
        if (reader.responseId !== null) return;
      }
      yield reader.end();
      if (reader.responseId !== null) return;
      throw streamLost('stream closed before the response was complete', context);
    } catch (error) {
      if (signal.aborted) throw new ModelError('interrupted', 'interrupted', { phase: 'stream' });
      if (error instanceof KeelError) throw error;
      if (watch.hasExpired) throw streamLost(idleText(this.#options.provider), context);
      throw answer === null ? connectionFailed(error, context) : streamLost(reasonOf(error), context, error);
    } finally {
      const responseId = reader?.responseId ?? null;
      if (responseId === null) answer?.broken();
      else answer?.completed(responseId, reader?.items ?? []);
    }
  }

  /** The request that this prompt would make, without making it. */
  describe(prompt: Prompt, taskKind: string = 'regular'): RequestDescription {
    const credentials = this.#credentialsIfAny();
    const { url, headers, body } = this.#request(prompt, taskKind, credentials);
    return {
      url: maskedUrl(url),
      headers: maskedHeaders(headers, Object.keys(credentials.headers)),
      body: Buffer.concat(body).toString('utf8'),
    };
  }

  /** What this prompt's request consists of, as the difference from the thread's request before. */
  fingerprint(prompt: Prompt): RequestFingerprint {
    return this.#fingerprints.next(prompt, this.#wire);
  }

  /** The input of this prompt's request, each item as JSON. */
  inputOf(prompt: Prompt): readonly string[] {
    return this.#wire.itemsJson(prompt, 0).filter((json) => json !== null);
  }

  /** Closes all connections, also those of clients made by `with`. */
  close(): void {
    this.#options.socket?.close();
    this.#options.transport.close();
  }

  async #credentials(signal: AbortSignal): Promise<Credentials> {
    const { renewable, credentials } = this.#options;
    if (!renewable) return credentials();
    try {
      return await renewable.current(signal);
    } catch (error) {
      if (signal.aborted) throw new ModelError('interrupted', 'interrupted', { phase: 'stream' });
      throw error;
    }
  }

  /** Over the WebSocket where there is one, else over HTTP. */
  async #ask(asked: Asked, credentials: Credentials): Promise<Answer> {
    const { socket } = this.#options;
    if (socket?.isFree !== true) return this.#askHttp(asked, credentials);
    const { refusalIn, startExchange, socketEvents } = await import('./socket/socket-events.ts');
    const { prompt, taskKind, watch, onSent } = asked;
    const request = this.#request(prompt, taskKind, credentials);
    const started = await startExchange(socket, { request, prompt, wire: this.#wire }, watch.signal, onSent);
    if (started === null) return this.#askHttp(asked, credentials);
    const { exchange } = started;
    const context = this.#failureContext(credentials, exchange.proxy);
    return {
      context,
      rateLimits: null,
      events: socketEvents(started, watch, context),
      refusalIn: (data) => refusalIn(data, (refusal, body) => this.#refusal(refusal, body, context)),
      completed: (id, output) => exchange.completed(id, output),
      broken: () => exchange.broken(),
    };
  }

  async #askHttp({ prompt, taskKind, signal, watch, onSent }: Asked, first: Credentials): Promise<Answer> {
    const { transport, renewable } = this.#options;
    let credentials = first;
    let request = this.#request(prompt, taskKind, credentials);
    let response = await transport.send(request, watch.signal, onSent);
    try {
      watch.pause();
      const others = response.status === 401 ? await renewable?.renewed(credentials, signal) : null;
      watch.wait();
      if (others) {
        response.release();
        credentials = others;
        request = this.#request(prompt, taskKind, credentials);
        response = await transport.send(request, watch.signal);
      }
      const context = this.#failureContext(credentials, response.proxy);
      if (response.status < 200 || response.status > 299) {
        throw this.#refusal(response, await readErrorBody(response), context);
      }
      return {
        context,
        rateLimits: rateLimitsOf(response.headers),
        events: serverEvents(response, watch, context),
        completed: () => response.release(),
        broken: () => response.destroy(),
      };
    } catch (error) {
      response.destroy();
      throw error;
    }
  }

  #request(prompt: Prompt, taskKind: string, credentials: Credentials): HttpRequest {
    return {
      method: 'POST',
      url: this.#address,
      headers: requestHeaders({ ...this.#options, credentials, taskKind, own: this.#wire.headers(credentials.bearer) }),
      body: this.#wire.write(prompt),
    };
  }

  /** What the server refused may be taken when it is written otherwise: from here on it is, and the error names it. */
  #refusal(response: Refusal, body: string, context: FailureContext): ModelError {
    const failure = statusFailure(response, body, context);
    const { slug } = this.#options.model;
    if (!MAY_BE_FORM.has(failure.kind) || response.status === 404) return failure;
    const quirk = learnedQuirk(readFailure(parseJson(body) ?? body), body, this.#serverFacts.quirksOf(slug));
    if (quirk === null) return failure;
    this.#serverFacts.learnQuirk(slug, quirk);
    const { kind, message, rateLimits } = failure;
    const httpStatus = response.status;
    return new ModelError(kind, message, { phase: 'request', retryable: true, httpStatus, rateLimits, quirk });
  }

  /** Most requests don't fail, so what only an error needs is looked for by it. */
  #failureContext(credentials: Credentials, proxy: string | null = null): FailureContext {
    const { provider, nowMs = Date.now } = this.#options;
    const url = this.#address;
    return {
      get secrets() {
        return secretsOf(provider, credentials, url);
      },
      get host() {
        return new URL(url).host;
      },
      keySource: credentials.source,
      proxy,
      nowMs,
    };
  }

  get #address(): string {
    this.#url ??= this.#wire.url();
    return this.#url;
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

/** As much of the body as arrives, up to the limit. A connection that breaks here changes nothing: the status says what failed. */
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

function unknownModel({ model }: WireSettings): readonly string[] {
  return model.known ? [] : [`The model "${model.slug}" is not known to keel; its limits are guessed.`];
}

function idleText(provider: ModelProvider): string {
  return `idle timeout waiting for SSE (${provider.streamIdleTimeoutMs / 1000} s)`;
}
