import { setTimeout as delay } from 'node:timers/promises';
import { maskSecrets } from '../../foundation/secrets/index.ts';
import { reasonOf, unlessAborted } from '../../foundation/util/index.ts';
import type { CredentialFile, Environment, McpServer } from '../../storage/config/index.ts';
import type { ServerLauncher } from './launcher.ts';
import type { ServerAuth } from './oauth/server-auth.ts';
import type { OfferCache } from './offer-cache.ts';
import type { McpClient, RequestFault, RequestLimits } from './open-client.ts';
import { faultOf, type OpenServer, offerOf, openServer, ServerSilent } from './open-server.ts';
import { secretsMask } from './server-environment.ts';
import { signInAdvice } from './start-advice.ts';
import { isServerName } from './tool-names.ts';
import type { AskServerQuestion, McpFailure, McpOutcome, ServerOffer } from './types.ts';

type State =
  | { readonly type: 'idle' }
  | { readonly type: 'starting'; readonly done: Promise<void>; readonly abort: AbortController }
  | { readonly type: 'ready'; readonly client: McpClient; readonly auth: ServerAuth | null }
  /** It did not start, or has ended since; the next use tries again. */
  | { readonly type: 'failed' | 'lost'; readonly reason: string }
  | { readonly type: 'closed' };

/** Where a server is in its life; a reason is for the user. */
export type ServerStatus =
  | { readonly type: 'idle' | 'starting' | 'ready' | 'closed' }
  | { readonly type: 'failed' | 'lost'; readonly reason: string };

export interface ConnectionOptions {
  readonly server: McpServer;
  readonly env: Environment;
  readonly launcher: ServerLauncher;
  readonly cache: OfferCache;
  readonly credentials: CredentialFile;
  /** keel's. */
  readonly home: string;
  /** keel's. */
  readonly version: string;
  readonly log: (message: string) => void;
  readonly ask: AskServerQuestion;
  /** It did not start; `reason` is for the user. `isSilent`: it has not said anything in its time. */
  readonly onFailure: (reason: string, isSilent: boolean) => void;
}

/** One request to a server that runs. Throws what `faultOf` classifies. */
type Ask<T> = (client: McpClient, limits: RequestLimits) => Promise<T>;

/** Between two listings of a server that says that its tools have changed. */
const RELIST_PAUSE_MS = 500;
/** Limit for the reason of a failure, characters. */
const MAX_REASON_CHARS = 1_000;

/** One server: started when asked for, started again after a crash, at most one process or connection at a time. */
export class McpConnection {
  readonly server: McpServer;
  readonly #options: ConnectionOptions;
  readonly #mask: (text: string) => string;
  #state: State = { type: 'idle' };
  #offer: ServerOffer | null;
  #hasFailed = false;
  #hasChanged = false;
  #isRelisting = false;
  readonly #closing = new AbortController();

  constructor(options: ConnectionOptions) {
    this.server = options.server;
    this.#options = options;
    const mask = secretsMask(options.server.transport, options.env);
    this.#mask = (text) => maskSecrets(mask(text), options.credentials.secrets);
    this.#offer = isServerName(options.server.name) ? options.cache.read(options.server) : null;
  }

  /** What it offers, or did when it was last reached; null if that is not known, or it did not start. */
  get offer(): ServerOffer | null {
    return this.#hasFailed ? null : this.#offer;
  }

  get status(): ServerStatus {
    const state = this.#state;
    return state.type === 'failed' || state.type === 'lost'
      ? { type: state.type, reason: state.reason }
      : { type: state.type };
  }

  /** Nobody has asked for it yet, and what it offers is known. */
  get canWait(): boolean {
    return this.#state.type === 'idle' && this.#offer !== null;
  }

  /** It is being started, and nobody knows yet what it offers. */
  get isAwaited(): boolean {
    return this.#state.type === 'starting' && this.#offer === null;
  }

  /** Resolves when it has started or failed. Never rejects. */
  async start(): Promise<void> {
    const { type } = this.#state;
    if (this.#state.type === 'starting') return this.#state.done;
    if (type === 'ready' || type === 'closed') return;
    const abort = new AbortController();
    // Not before the state below is set: it may fail at once.
    const done = Promise.resolve().then(() => this.#start(abort.signal));
    this.#state = { type: 'starting', done, abort };
    await done;
  }

  /** Asks the server, which is started first where it does not run. */
  async request<T>(signal: AbortSignal, ask: Ask<T>): Promise<McpOutcome<T>> {
    const first = await this.#attempt(signal, ask);
    if (first.type !== 'expired') return first;
    // The server did not look at the request, so that asking again repeats nothing.
    const second = await this.#attempt(signal, ask);
    return second.type === 'expired' ? this.#failed('its session expires at once (HTTP 404)') : second;
  }

  /** Ends it; it can be started again. */
  async stop(): Promise<void> {
    const state = this.#state;
    if (state.type === 'closed') return;
    this.#state = { type: 'idle' };
    await endOf(state);
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { type: 'closed' };
    this.#closing.abort();
    await endOf(state);
  }

  async #attempt<T>(signal: AbortSignal, ask: Ask<T>): Promise<McpOutcome<T> | { readonly type: 'expired' }> {
    const { name, toolTimeoutMs } = this.server;
    const client = await this.#clientWhenReady(signal);
    if (client === null) {
      return { type: 'failed', cause: 'unavailable', message: `server ${name} is not available: ${this.#why(signal)}` };
    }
    try {
      return { type: 'answered', value: await ask(client, { timeoutMs: toolTimeoutMs, signal }) };
    } catch (error) {
      if (signal.aborted) return { type: 'failed', cause: 'aborted', message: 'aborted' };
      const fault = await faultOf(error);
      if (fault.type === 'expired') {
        await this.#lose(client, 'its session has expired (HTTP 404)');
        return { type: 'expired' };
      }
      if (fault.type === 'signIn' && fault.scope !== null) await this.#want(fault.scope);
      if (fault.type !== 'lost') return this.#failed(this.#worded(fault));
      const reason = client.closeReason ?? fault.reason;
      await this.#lose(client, reason);
      return this.#failed(this.#worded({ type: 'lost', reason }));
    }
  }

  #failed(why: string): McpFailure {
    return { type: 'failed', cause: 'fault', message: this.#shown(`tool call error: ${why}`) };
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const open = {
      ...this.#options,
      log: (text: string) => log(`MCP server ${this.server.name}: ${this.#mask(text)}`),
      onToolsChanged: () => void this.#relist(),
      closing: this.#closing.signal,
    };
    try {
      this.#become(await openServer(open, signal), signal);
    } catch (error) {
      // Whoever ended it knows why.
      if (!signal.aborted) this.#fail(reasonOf(error), error instanceof ServerSilent);
    }
  }

  #become({ client, auth, offer }: OpenServer, signal: AbortSignal): void {
    if (signal.aborted) {
      // It is given up either way: an error of its end changes nothing.
      void client.close().catch(() => undefined);
      return;
    }
    client.onClosed(() => void this.#lose(client, 'it has ended'));
    this.#state = { type: 'ready', client, auth };
    this.#hasFailed = false;
    this.#learn(offer);
    if (this.#hasChanged) void this.#relist();
  }

  #fail(reason: string, isSilent: boolean): void {
    this.#hasFailed = true;
    this.#state = { type: 'failed', reason: this.#shown(reason) };
    this.#options.onFailure(this.#shown(reason), isSilent);
  }

  #learn(offer: ServerOffer): void {
    this.#offer = offer;
    this.#options.cache.write(this.server, offer);
  }

  /**
   * One listing at a time and none too soon after another, however often the server says that it has changed. One that is
   * being started is asked when it runs; one that has ended is not started for this.
   */
  async #relist(): Promise<void> {
    this.#hasChanged = true;
    if (this.#isRelisting) return;
    this.#isRelisting = true;
    while (this.#hasChanged && this.#state.type === 'ready') {
      this.#hasChanged = false;
      await this.#listAgain();
      await this.#pause(RELIST_PAUSE_MS);
    }
    this.#isRelisting = false;
  }

  async #listAgain(): Promise<void> {
    const listed = await this.request(this.#closing.signal, offerOf);
    if (listed.type === 'answered') this.#learn(listed.value);
  }

  /** Ends early when the connection is closed; does not keep the process alive. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await delay(ms, undefined, { ref: false, signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  async #clientWhenReady(signal: AbortSignal): Promise<McpClient | null> {
    if (this.#state.type !== 'ready') await unlessAborted(this.start(), signal, undefined);
    return this.#state.type === 'ready' ? this.#state.client : null;
  }

  #why(signal: AbortSignal): string {
    if (signal.aborted) return 'aborted';
    const state = this.#state;
    return state.type === 'failed' || state.type === 'lost' ? state.reason : 'it is closed';
  }

  /** A server's text as people and the model may see it: one line, without the secrets it was given. */
  #shown(reason: string): string {
    return this.#mask(reason)
      .replaceAll(/\p{Cc}+/gu, ' ')
      .slice(0, MAX_REASON_CHARS);
  }

  #worded(fault: Exclude<RequestFault, { type: 'expired' }>): string {
    const { name, toolTimeoutMs } = this.server;
    switch (fault.type) {
      case 'timedOut':
        return `no answer within ${toolTimeoutMs / 1_000} s (tool_timeout_sec of MCP server ${name})`;
      case 'lost':
        return `the connection to MCP server ${name} was lost (${fault.reason}); what the call did is not known. The server is started again for the next call.`;
      case 'signIn':
        return signInAdvice(this.server, fault.scope);
      case 'refused':
        return fault.reason;
    }
  }

  async #want(scope: string): Promise<void> {
    try {
      if (this.#state.type === 'ready') await this.#state.auth?.want(scope);
    } catch (error) {
      this.#options.log(`MCP server ${this.server.name}: the scope it wants is not kept: ${reasonOf(error)}`);
    }
  }

  async #lose(client: McpClient, reason: string): Promise<void> {
    if (this.#state.type !== 'ready' || this.#state.client !== client) return;
    this.#state = { type: 'lost', reason: this.#shown(reason) };
    this.#options.log(`MCP server ${this.server.name}: connection lost: ${this.#mask(reason)}`);
    // It is given up either way: an error of its end changes nothing.
    await client.close().catch(() => undefined);
  }
}

async function endOf(state: State): Promise<void> {
  if (state.type === 'starting') {
    state.abort.abort();
    await state.done;
  }
  // It is given up either way: an error of its end changes nothing.
  if (state.type === 'ready') await state.client.close().catch(() => undefined);
}
