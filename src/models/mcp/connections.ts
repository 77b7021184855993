import { monotonicMs, within } from '../../foundation/util/index.ts';
import { CredentialFile, type Environment, type McpServer } from '../../storage/config/index.ts';
import type { CallResult } from './call-result.ts';
import { McpConnection, type ServerStatus } from './connection.ts';
import type { ServerLauncher } from './launcher.ts';
import { OfferCache } from './offer-cache.ts';
import type { McpClient, RequestLimits } from './open-client.ts';
import type { ResourceKind, ResourcePage } from './resource-types.ts';
import { startAdvice, withAdvice } from './start-advice.ts';
import { isAllowed, offeredMcpTools } from './tool-names.ts';
import type { AskServerQuestion, DroppedTool, McpFailure, McpOutcome, McpTool, ServerPrompt } from './types.ts';

/** Loading what talks to servers takes a moment, which a first request need not wait for. */
const START_AFTER_MS = 20;

export interface ConnectionsOptions {
  readonly servers: readonly McpServer[];
  readonly env: Environment;
  /** keel's, for what servers listed last. */
  readonly home: string;
  readonly launcher: ServerLauncher;
  /** keel's. */
  readonly version: string;
  /** How long the first turn may wait for servers whose tools are not known yet. */
  readonly startupWaitMs: number;
  readonly log: (message: string) => void;
  /** Answers what servers ask the user. */
  readonly ask: AskServerQuestion;
  /** A server did not start, or not in time for a turn. Called once for the same reason. */
  readonly onFailure: (message: string) => void;
}

/** A tool that a server lists and that the model is not offered. */
export interface LeftOutTool extends DroppedTool {
  readonly server: string;
}

/** The servers of a session. They are started together and closed with it. */
export class McpConnections {
  readonly #connections: readonly McpConnection[];
  readonly #startupWaitMs: number;
  readonly #launcher: ServerLauncher;
  readonly #onFailure: (message: string) => void;
  /** Servers that a turn has started without. */
  readonly #late = new Set<string>();
  #deadline = 0;

  constructor({ servers, home, startupWaitMs, log, onFailure, ...shared }: ConnectionsOptions) {
    const cache = new OfferCache(home);
    const credentials = new CredentialFile(home);
    this.#startupWaitMs = startupWaitMs;
    this.#launcher = shared.launcher;
    this.#onFailure = onFailure;
    this.#connections = servers
      .filter(({ enabled }) => enabled)
      .map((server) => {
        const reported = new Set<string>();
        const onFirstFailure = (reason: string, isSilent: boolean) => {
          // That it is silent was reported when a turn stopped waiting for it.
          if (reported.has(reason) || (isSilent && this.#late.has(server.name))) return;
          reported.add(reason);
          onFailure(`MCP server ${server.name} could not be started: ${reason}`);
        };
        return new McpConnection({ ...shared, server, cache, credentials, home, log, onFailure: onFirstFailure });
      });
  }

  /** Starts those whose offer is not known, and again those that have failed or ended since. Waits for none. */
  start(): void {
    if (this.#deadline === 0) this.#deadline = monotonicMs() + this.#startupWaitMs;
    for (const connection of this.#connections) if (!connection.canWait) void connection.start();
  }

  /** Starts the others too, soon: a request of the model's is on its way, and its answer may call them. */
  startSoon(): void {
    const waiting = this.#connections.filter(({ canWait }) => canWait);
    if (waiting.length === 0) return;
    setTimeout(() => {
      for (const connection of waiting) void connection.start();
    }, START_AFTER_MS).unref();
  }

  /** Starts every one, whatever is known of it. Resolves when each has started or failed. */
  async startAll(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.start()));
  }

  /** Ends these servers; they are started again when next asked for. */
  async stop(which: (server: McpServer) => boolean): Promise<void> {
    await Promise.all(this.#connections.filter(({ server }) => which(server)).map((connection) => connection.stop()));
  }

  /** Resolves when what every server offers is known, or the session has waited long enough, or `signal` aborts. */
  async settled(signal: AbortSignal): Promise<void> {
    const awaited = this.#connections.filter(({ isAwaited }) => isAwaited);
    if (awaited.length === 0) return;
    await this.#wait(awaited, signal);
    // Whoever sets the wait to zero wants turns to start without servers.
    if (signal.aborted || this.#startupWaitMs === 0) return;
    for (const { server } of awaited.filter(({ isAwaited }) => isAwaited)) this.#reportLate(server);
  }

  async #wait(awaited: readonly McpConnection[], signal: AbortSignal): Promise<void> {
    const leftMs = this.#deadline - monotonicMs();
    if (leftMs <= 0 || signal.aborted) return;
    await within(Promise.all(awaited.map((connection) => connection.start())), leftMs, signal);
  }

  /** Reports a server whose tools a turn does without: a run may be over before the server has used up its time. */
  #reportLate(server: McpServer): void {
    const { name, transport } = server;
    if (this.#late.has(name)) return;
    this.#late.add(name);
    const waited = this.#startupWaitMs / 1_000;
    const reason = `MCP server ${name} has not answered in ${waited} s (mcp_startup_wait_sec), and the turn starts without its tools`;
    const hasNetwork = transport.type !== 'stdio' || this.#launcher.hasNetwork(transport);
    this.#onFailure(withAdvice(reason, startAdvice(server, hasNetwork, true)));
  }

  /** What the model may be offered now, in byte order of the names, and what the servers list beside it. */
  tools(): { readonly tools: readonly McpTool[]; readonly leftOut: readonly LeftOutTool[] } {
    const known = this.#connections.flatMap(({ server, offer }) => (offer === null ? [] : [{ server, ...offer }]));
    const leftOut = known.flatMap(({ server, dropped }) => dropped.map((tool) => ({ ...tool, server: server.name })));
    const tools = offeredMcpTools(known, ({ server, name, qualifiedName }) => {
      leftOut.push({ server, name, reason: `there is a ${qualifiedName} already` });
    });
    return { tools, leftOut };
  }

  /** Each server as it is now, with the names of the tools that it lists and may use. */
  servers(): { readonly name: string; readonly status: ServerStatus; readonly tools: readonly string[] }[] {
    return this.#connections.map(({ server, status, offer }) => ({
      name: server.name,
      status,
      tools: offer?.tools.map(({ name }) => name).filter((name) => isAllowed(server, name)) ?? [],
    }));
  }

  /** What servers say of themselves, of those whose words the user lets the model have. */
  instructions(): { readonly server: string; readonly text: string }[] {
    return this.#connections.flatMap(({ server, offer }) => {
      const text = server.tellsInstructions ? offer?.instructions : null;
      return text ? [{ server: server.name, text }] : [];
    });
  }

  /** What servers offer the user to send. */
  prompts(): readonly ServerPrompt[] {
    return this.#connections.flatMap(({ server, offer }) =>
      (offer?.prompts ?? []).map((prompt) => ({ ...prompt, server: server.name })),
    );
  }

  /** The words of a prompt. */
  getPrompt(
    { server, name }: Pick<ServerPrompt, 'server' | 'name'>,
    args: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<McpOutcome<string>> {
    return this.#ask(server, signal, (client, limits) => client.getPrompt(name, args, limits));
  }

  /** Whether any of them offers something to be read. */
  get hasResources(): boolean {
    return this.#connections.some(({ offer }) => offer?.hasResources);
  }

  async callTool(
    { server, name }: McpTool,
    args: Readonly<Record<string, unknown>> | null,
    signal: AbortSignal,
    onProgress: (text: string) => void = () => undefined,
  ): Promise<McpOutcome<CallResult>> {
    const connection = this.#find(server);
    if (connection === null) return unknownServer(server);
    if (!isAllowed(connection.server, name)) {
      return { type: 'failed', cause: 'unavailable', message: `tool '${name}' is disabled for MCP server '${server}'` };
    }
    return connection.request(signal, (client, limits) => client.callTool(name, args, { ...limits, onProgress }));
  }

  /** One page of a server's. */
  listPage(
    kind: ResourceKind,
    server: string,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<McpOutcome<ResourcePage>> {
    return this.#ask(server, signal, (client, limits) => client.listPage(kind, cursor, limits));
  }

  /** All that all servers have, by server; those that fail, or have none, are left out. */
  async listEverywhere(
    kind: ResourceKind,
    signal: AbortSignal,
  ): Promise<readonly (readonly [server: string, entries: ResourcePage['entries']])[]> {
    const lists = await Promise.all(
      this.#connections.map(async (connection) => {
        const listed = await connection.request(signal, async (client, limits) =>
          client.hasResources ? client.listAll(kind, limits) : [],
        );
        return [connection.server.name, listed.type === 'answered' ? listed.value : []] as const;
      }),
    );
    return lists.filter(([, entries]) => entries.length > 0);
  }

  readResource(server: string, uri: string, signal: AbortSignal): Promise<McpOutcome<Record<string, unknown>>> {
    return this.#ask(server, signal, (client, limits) => client.readResource(uri, limits));
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  #find(server: string): McpConnection | null {
    return this.#connections.find((connection) => connection.server.name === server) ?? null;
  }

  async #ask<T>(
    server: string,
    signal: AbortSignal,
    ask: (client: McpClient, limits: RequestLimits) => Promise<T>,
  ): Promise<McpOutcome<T>> {
    return this.#find(server)?.request(signal, ask) ?? unknownServer(server);
  }
}

function unknownServer(server: string): McpFailure {
  return { type: 'failed', cause: 'unavailable', message: `unknown MCP server '${server}'` };
}
