import { Client, SdkError, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import * as z from 'zod/mini';
import type { McpHttpServer } from '../config/index.ts';
import { reasonOf } from '../util/index.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { ServerProcess } from './launcher.ts';
import { LIST_METHODS, ResourceEntries, type ResourceKind, type ResourcePage } from './resource-types.ts';
import { StdioTransport } from './stdio-transport.ts';
import { CallResult, ListedTool } from './types.ts';

/** Pages of one listing, and tools of one server, that are taken. */
const MAX_PAGES = 50;
const MAX_TOOLS = 512;
const MAX_INSTRUCTIONS_CHARS = 4_096;
/** How long a server is given to forget a session that is over. */
const FAREWELL_MS = 200;
/** Node's timers hold no more. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** How far a request may go. */
export interface RequestLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type ClientTarget =
  | { readonly type: 'process'; readonly process: ServerProcess }
  | { readonly type: 'http'; readonly server: McpHttpServer; readonly headers: Readonly<Record<string, string>> };

export interface OpenClientOptions extends RequestLimits {
  readonly target: ClientTarget;
  /** keel's. */
  readonly version: string;
  /** Told of what a server does against the protocol and what does not end the connection. */
  readonly onFault: (message: string) => void;
  readonly onToolsChanged: () => void;
}

/** Why a request came to nothing. */
export type RequestFault =
  | { readonly type: 'timedOut' }
  /** The connection is of no use any more. */
  | { readonly type: 'lost'; readonly reason: string }
  /** The server said no. */
  | { readonly type: 'refused'; readonly reason: string };

const ListPage = z.looseObject({ nextCursor: z.optional(z.string()) });
const ToolsPage = z.object({ tools: z.array(z.unknown()), nextCursor: z.optional(z.string()) });

/** A connection that has shaken hands. Its methods throw what `requestFault` tells apart. */
export class McpClient {
  readonly #client: Client;
  readonly #transport: Transport;

  private constructor(client: Client, transport: Transport) {
    this.#client = client;
    this.#transport = transport;
  }

  /** @throws what `requestFault` tells apart; nothing is left open then but the process, which is the caller's */
  static async open({ target, version, onFault, onToolsChanged, ...limits }: OpenClientOptions): Promise<McpClient> {
    const client = new Client({ name: 'keel', version }, { capabilities: { elicitation: {} } });
    // Nobody is there to fill in a server's form.
    client.setRequestHandler('elicitation/create', () => ({ action: 'decline' }));
    client.setNotificationHandler('notifications/tools/list_changed', onToolsChanged);
    client.onerror = (error) => onFault(error.message);
    const transport = transportTo(target);
    try {
      await client.connect(transport, requestOptions(limits));
    } catch (error) {
      // It is given up either way: how its farewell goes changes nothing.
      await transport.close().catch(() => undefined);
      throw error;
    }
    return new McpClient(client, transport);
  }

  /** Called once, when the connection is lost or closed. */
  onClosed(told: () => void): void {
    this.#client.onclose = told;
  }

  /** The beginning of what it says of itself as a whole. */
  get instructions(): string | null {
    return this.#client.getInstructions()?.slice(0, MAX_INSTRUCTIONS_CHARS) || null;
  }

  get hasResources(): boolean {
    return this.#client.getServerCapabilities()?.resources !== undefined;
  }

  /** All pages. A tool that is not described as one is passed over. */
  async listTools(limits: RequestLimits): Promise<ListedTool[]> {
    if (this.#client.getServerCapabilities()?.tools === undefined) return [];
    const found: ListedTool[] = [];
    const seen = new Set<string>();
    for (let cursor: string | undefined; ; ) {
      const params = cursor === undefined ? {} : { cursor };
      const page = await this.#client.request({ method: 'tools/list', params }, ToolsPage, requestOptions(limits));
      found.push(...page.tools.flatMap((tool) => ListedTool.safeParse(tool).data ?? []));
      cursor = page.nextCursor;
      if (cursor === undefined || found.length >= MAX_TOOLS) return found.slice(0, MAX_TOOLS);
      noteCursor(seen, cursor);
    }
  }

  callTool(name: string, args: Readonly<Record<string, unknown>> | null, limits: RequestLimits): Promise<CallResult> {
    const params = args === null ? { name } : { name, arguments: args };
    return this.#client.request({ method: 'tools/call', params }, CallResult, requestOptions(limits));
  }

  /** One page, the first if `cursor` is null. */
  async listPage(kind: ResourceKind, cursor: string | null, limits: RequestLimits): Promise<ResourcePage> {
    const params = cursor === null ? {} : { cursor };
    const method = LIST_METHODS[kind];
    const page = await this.#client.request({ method, params }, ListPage, requestOptions(limits));
    return { entries: ResourceEntries.parse(page[kind]), nextCursor: page.nextCursor ?? null };
  }

  async listAll(kind: ResourceKind, limits: RequestLimits): Promise<ResourcePage['entries']> {
    const found: ResourcePage['entries'][number][] = [];
    const seen = new Set<string>();
    for (let cursor: string | null = null; ; ) {
      const page: ResourcePage = await this.listPage(kind, cursor, limits);
      found.push(...page.entries);
      cursor = page.nextCursor;
      if (cursor === null) return found;
      noteCursor(seen, cursor);
    }
  }

  readResource(uri: string, limits: RequestLimits): Promise<Record<string, unknown>> {
    const result = z.looseObject({ contents: z.array(z.unknown()) });
    return this.#client.request({ method: 'resources/read', params: { uri } }, result, requestOptions(limits));
  }

  async close(): Promise<void> {
    const transport = this.#transport;
    if (transport instanceof StreamableHTTPClientTransport) await farewell(transport);
    await this.#client.close();
  }
}

/** What a failed request means for the connection and what it can be told as. */
export function requestFault(error: unknown): RequestFault {
  const reason = reasonOf(error);
  if (!(error instanceof SdkError)) {
    // The network's own failures come as they are.
    return error instanceof TypeError ? { type: 'lost', reason: causeOf(error) } : { type: 'refused', reason };
  }
  const { code } = error;
  if (code === 'REQUEST_TIMEOUT') return { type: 'timedOut' };
  return code === 'INVALID_RESULT' ? { type: 'refused', reason } : { type: 'lost', reason };
}

function causeOf(error: TypeError): string {
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

function transportTo(target: ClientTarget): Transport {
  if (target.type === 'process') return new StdioTransport(target.process);
  return new StreamableHTTPClientTransport(new URL(target.server.url), {
    requestInit: { headers: target.headers },
    fetch: boundedFetch,
  });
}

function requestOptions({ timeoutMs, signal }: RequestLimits): { timeout: number; signal: AbortSignal } {
  return { timeout: Math.min(timeoutMs, MAX_TIMEOUT_MS), signal };
}

function noteCursor(seen: Set<string>, cursor: string): void {
  if (seen.has(cursor)) throw new Error('the server gives the same page again and again');
  if (seen.size >= MAX_PAGES) throw new Error(`the server has more than ${MAX_PAGES} pages`);
  seen.add(cursor);
}

async function farewell(transport: StreamableHTTPClientTransport): Promise<void> {
  if (transport.sessionId === undefined) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FAREWELL_MS);
  // It may be gone already; then it has nothing to forget.
  await Promise.race([transport.terminateSession().catch(() => undefined), late]);
  clearTimeout(timer);
}
