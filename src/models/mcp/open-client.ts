import {
  type AuthProvider,
  Client,
  InsufficientScopeError,
  type Progress,
  SdkError,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import * as z from 'zod/mini';
import type { FormValue } from '../../foundation/protocol/index.ts';
import { reasonOf, within } from '../../foundation/util/index.ts';
import type { McpHttpServer } from '../../storage/config/index.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { CallClock, CallTimedOut } from './call-clock.ts';
import { type CallResult, readCallResult } from './call-result.ts';
import type { ServerProcess } from './launcher.ts';
import { ListPage, listedPrompts, Pages, PromptsPage, type ToolListing, ToolsPage, toolListing } from './listing.ts';
import { SignInNeeded } from './oauth/server-auth.ts';
import { LIST_METHODS, ResourceEntries, type ResourceKind, type ResourcePage } from './resource-types.ts';
import { OpenPages, PromptMessages, progressText, promptText, type Question, questionOf } from './server-words.ts';
import { StdioTransport } from './stdio-transport.ts';
import type { AskServerQuestion, ListedPrompt } from './types.ts';

const MAX_INSTRUCTIONS_CHARS = 4_096;
/** How long a server is given to forget a session that is over. */
const TERMINATE_MS = 200;
/** A call whose server reports progress gets its limit again each time, up to this many limits in all. */
const MAX_PROGRESS_LIMITS = 20;
/** The longest time of Node's timers, ms. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** How far a request may go. */
export interface RequestLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface CallOptions extends RequestLimits {
  /** How far the server says that it is, one line. */
  readonly onProgress: (text: string) => void;
}

export type ClientTarget =
  | { readonly type: 'process'; readonly process: ServerProcess }
  | {
      readonly type: 'http';
      readonly server: McpHttpServer;
      readonly headers: Readonly<Record<string, string>>;
      /** Null: the headers say who the user is. */
      readonly auth: AuthProvider | null;
    };

export interface OpenClientOptions extends RequestLimits {
  readonly target: ClientTarget;
  /** keel's. */
  readonly version: string;
  /** Gets each fault of the server against the protocol that does not end the connection. */
  readonly onFault: (message: string) => void;
  readonly onToolsChanged: () => void;
  readonly onQuestion: OnQuestion;
}

type OnQuestion = (question: Question, gone: AbortSignal) => ReturnType<AskServerQuestion>;

/** Why a request came to nothing. */
export type RequestFault =
  | { readonly type: 'timedOut' }
  /** The connection is of no use any more. */
  | { readonly type: 'lost'; readonly reason: string }
  /** The server has forgotten the session and did not look at the request (HTTP 404, MCP streamable HTTP transport). */
  | { readonly type: 'expired' }
  /** The server wants the user to sign in; `scope`: for more than now (RFC 6750), null: at all. */
  | { readonly type: 'signIn'; readonly scope: string | null }
  /** The server said no. */
  | { readonly type: 'refused'; readonly reason: string };

/** A connection that has shaken hands. Its methods throw what `requestFault` classifies. */
export class McpClient {
  readonly #client: Client;
  readonly #transport: Transport;
  /** Clocks of the calls that run: which of them a question belongs to is not known. */
  readonly #clocks = new Set<CallClock>();

  private constructor(client: Client, transport: Transport) {
    this.#client = client;
    this.#transport = transport;
  }

  /** @throws what `requestFault` classifies; only the process, which is the caller's, is then still open */
  static async open({
    target,
    version,
    onFault,
    onToolsChanged,
    onQuestion,
    ...limits
  }: OpenClientOptions): Promise<McpClient> {
    const capabilities = { elicitation: { form: { applyDefaults: true }, url: {} } };
    const client = new Client({ name: 'keel', version }, { capabilities });
    client.setNotificationHandler('notifications/tools/list_changed', onToolsChanged);
    client.setNotificationHandler('notifications/prompts/list_changed', onToolsChanged);
    const pages = new OpenPages();
    client.setNotificationHandler('notifications/elicitation/complete', ({ params }) =>
      pages.completed(params.elicitationId),
    );
    client.onerror = (error) => onFault(error.message);
    const transport = transportTo(target);
    const opened = new McpClient(client, transport);
    client.setRequestHandler('elicitation/create', async ({ params }, { mcpReq }) => {
      const question = questionOf(params, pages);
      return question === null ? { action: 'decline' } : await opened.#ask(question, mcpReq.signal, onQuestion);
    });
    try {
      await client.connect(transport, requestOptions(limits));
    } catch (error) {
      // It is given up either way: an error of its end changes nothing.
      await transport.close().catch(() => undefined);
      throw error;
    }
    return opened;
  }

  /** Called once, when the connection is lost or closed. */
  onClosed(listener: () => void): void {
    this.#client.onclose = listener;
  }

  /** The beginning of what it says of itself as a whole. */
  get instructions(): string | null {
    return this.#client.getInstructions()?.slice(0, MAX_INSTRUCTIONS_CHARS) || null;
  }

  /** Why keel closed the connection, where the server broke the protocol; null otherwise. */
  get closeReason(): string | null {
    return this.#transport instanceof StdioTransport ? this.#transport.closeReason : null;
  }

  get hasResources(): boolean {
    return this.#client.getServerCapabilities()?.resources !== undefined;
  }

  /** All pages. */
  async listTools(limits: RequestLimits): Promise<ToolListing> {
    if (this.#client.getServerCapabilities()?.tools === undefined) return { tools: [], dropped: [] };
    const listed: unknown[] = [];
    const pages = new Pages();
    for (let cursor: string | null = null; ; ) {
      const params = cursor === null ? {} : { cursor };
      const page = await this.#client.request({ method: 'tools/list', params }, ToolsPage, requestOptions(limits));
      listed.push(...page.tools);
      cursor = pages.next(page.nextCursor);
      if (cursor === null) return toolListing(listed, pages.fault);
    }
  }

  /** All pages; none of a server that has prompts and does not list them, or lists too many. */
  async listPrompts(limits: RequestLimits): Promise<readonly ListedPrompt[]> {
    if (this.#client.getServerCapabilities()?.prompts === undefined) return [];
    const found: unknown[] = [];
    const pages = new Pages();
    for (let cursor: string | null = null; ; ) {
      const params = cursor === null ? {} : { cursor };
      const page = await this.#client.request({ method: 'prompts/list', params }, PromptsPage, requestOptions(limits));
      found.push(...page.prompts);
      cursor = pages.next(page.nextCursor);
      if (cursor === null) return listedPrompts(found);
    }
  }

  /** The words of a prompt, as text. */
  async getPrompt(name: string, args: Readonly<Record<string, string>>, limits: RequestLimits): Promise<string> {
    const request = { method: 'prompts/get', params: { name, arguments: args } };
    const { messages } = await this.#client.request(request, PromptMessages, requestOptions(limits));
    return messages.map(({ content }) => promptText(content)).join('\n\n');
  }

  async callTool(
    name: string,
    args: Readonly<Record<string, unknown>> | null,
    limits: CallOptions,
  ): Promise<CallResult> {
    const params = args === null ? { name } : { name, arguments: args };
    using clock = new CallClock({ idleMs: limits.timeoutMs, totalMs: limits.timeoutMs * MAX_PROGRESS_LIMITS });
    this.#clocks.add(clock);
    const signal = AbortSignal.any([limits.signal, clock.signal]);
    // The library asks for progress only where somebody listens.
    const onprogress = (progress: Progress) => {
      clock.progressed();
      limits.onProgress(progressText(progress));
    };
    const options = { timeout: MAX_TIMEOUT_MS, signal, onprogress };
    try {
      return readCallResult(await this.#client.request({ method: 'tools/call', params }, z.looseObject({}), options));
    } catch (error) {
      throw clock.signal.aborted && !limits.signal.aborted ? clock.signal.reason : error;
    } finally {
      this.#clocks.delete(clock);
    }
  }

  /** The time that the user takes is not the call's. */
  async #ask(
    question: Question,
    gone: AbortSignal,
    onQuestion: OnQuestion,
  ): Promise<{ action: 'accept' | 'decline' | 'cancel'; content?: Record<string, FormValue> }> {
    for (const clock of this.#clocks) clock.pause();
    try {
      const answer = await onQuestion(question, gone);
      if (answer.action !== 'accept') return answer;
      return question.type === 'form' ? { action: 'accept', content: { ...answer.content } } : { action: 'accept' };
    } finally {
      for (const clock of this.#clocks) clock.resume();
    }
  }

  /** One page, the first if `cursor` is null. */
  async listPage(kind: ResourceKind, cursor: string | null, limits: RequestLimits): Promise<ResourcePage> {
    const params = cursor === null ? {} : { cursor };
    const method = LIST_METHODS[kind];
    const page = await this.#client.request({ method, params }, ListPage, requestOptions(limits));
    return { entries: ResourceEntries.parse(page[kind]), nextCursor: page.nextCursor || null };
  }

  async listAll(kind: ResourceKind, limits: RequestLimits): Promise<ResourcePage['entries']> {
    const found: ResourcePage['entries'][number][] = [];
    const pages = new Pages();
    for (let cursor: string | null = null; ; ) {
      const page: ResourcePage = await this.listPage(kind, cursor, limits);
      found.push(...page.entries);
      cursor = pages.next(page.nextCursor);
      if (cursor === null) return found;
    }
  }

  readResource(uri: string, limits: RequestLimits): Promise<Record<string, unknown>> {
    const result = z.looseObject({ contents: z.array(z.unknown()) });
    return this.#client.request({ method: 'resources/read', params: { uri } }, result, requestOptions(limits));
  }

  async close(): Promise<void> {
    const transport = this.#transport;
    if (transport instanceof StreamableHTTPClientTransport) await terminate(transport);
    await this.#client.close();
  }
}

/** What a failed request means for the connection, and the reason that may be shown. */
export function requestFault(error: unknown): RequestFault {
  const reason = reasonOf(error);
  if (error instanceof CallTimedOut) return { type: 'timedOut' };
  if (error instanceof SignInNeeded) return { type: 'signIn', scope: null };
  if (error instanceof InsufficientScopeError) return { type: 'signIn', scope: error.requiredScope ?? null };
  if (error instanceof SdkHttpError) return httpFault(error, reason);
  if (!(error instanceof SdkError)) {
    // The network's own failures come as they are.
    return error instanceof TypeError ? { type: 'lost', reason: causeOf(error) } : { type: 'refused', reason };
  }
  const { code } = error;
  if (code === 'REQUEST_TIMEOUT') return { type: 'timedOut' };
  return code === 'INVALID_RESULT' ? { type: 'refused', reason } : { type: 'lost', reason };
}

function httpFault({ status, code }: SdkHttpError, reason: string): RequestFault {
  // Also a token that was just refreshed is refused.
  if (code === 'CLIENT_HTTP_AUTHENTICATION') return { type: 'signIn', scope: null };
  if (status === 401 || status === 403) {
    return {
      type: 'refused',
      reason: `the server refuses access (HTTP ${status}): check bearer_token_env_var, http_headers and env_http_headers in its settings`,
    };
  }
  if (status === 404) return { type: 'expired' };
  return status < 500 ? { type: 'refused', reason: `HTTP ${status}: ${reason}` } : { type: 'lost', reason };
}

function causeOf(error: TypeError): string {
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

function transportTo(target: ClientTarget): Transport {
  if (target.type === 'process') return new StdioTransport(target.process);
  return new StreamableHTTPClientTransport(new URL(target.server.url), {
    requestInit: { headers: target.headers },
    fetch: boundedFetch,
    // Nothing is asked of the user in the middle of a request.
    onInsufficientScope: 'throw',
    ...(target.auth === null ? {} : { authProvider: target.auth }),
  });
}

function requestOptions({ timeoutMs, signal }: RequestLimits): { timeout: number; signal: AbortSignal } {
  return { timeout: Math.min(timeoutMs, MAX_TIMEOUT_MS), signal };
}

async function terminate(transport: StreamableHTTPClientTransport): Promise<void> {
  if (transport.sessionId === undefined) return;
  // It may be gone already; then it has nothing to forget.
  const terminated = transport.terminateSession().catch(() => undefined);
  await within(terminated, TERMINATE_MS);
}
