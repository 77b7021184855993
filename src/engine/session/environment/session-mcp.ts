import type { TurnContext } from '../../../context/index.ts';
import { KeelError, type SandboxPolicy, type TaskKind } from '../../../foundation/protocol/index.ts';
import { findConfiguredProgram, reasonOf } from '../../../foundation/util/index.ts';
import {
  type AskServerQuestion,
  type LaunchRequest,
  type LeftOutTool,
  McpConnections,
  type ServerProcess,
  type ServerPrompt,
} from '../../../models/mcp/index.ts';
import {
  type Config,
  changeOfServer,
  type McpServer,
  type McpStdioServer,
  programSearch,
} from '../../../storage/config/index.ts';
import { type ExitStatus, type Processes, type ServedChild, startServed } from '../../../system/process/index.ts';
import type { SandboxManager } from '../../../system/sandbox/index.ts';
import { isAllowedTool, type ToolRegistry, type WithMcpTools, withMcpTools } from '../../../tools/index.ts';
import type { Log } from '../log.ts';
import type { SessionState } from '../state.ts';

const PLAIN_WORKSPACE: SandboxPolicy = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: false,
  exclude_slash_tmp: false,
};
/** Left-out tools that one message names. */
const MAX_NAMED_LEFT_OUT = 8;
/** Tasks that need no tools, and so don't wait for servers. */
const WITHOUT_TOOLS: readonly TaskKind[] = ['undo', 'user_shell'];

export interface SessionMcpOptions {
  readonly config: Config;
  readonly processes: Processes;
  readonly sandbox: SandboxManager;
  /** Tools that come with keel. */
  readonly tools: ToolRegistry;
  readonly log: Log;
  readonly version: string;
}

/** The MCP servers of a session: confined like its commands, and asked at each turn which tools they offer. */
export class SessionMcp {
  readonly #options: SessionMcpOptions;
  readonly #connections: McpConnections;
  #policy: SandboxPolicy;
  #warn: (message: string) => void = () => undefined;
  #ask: AskServerQuestion = () => Promise.resolve({ action: 'decline' });
  readonly #reportedLeftOut = new Set<string>();
  readonly #closing = new AbortController();

  constructor(options: SessionMcpOptions) {
    const { config, log, version } = options;
    this.#options = options;
    this.#policy = config.sandboxPolicy;
    this.#connections = new McpConnections({
      servers: config.mcpServers,
      env: config.env,
      home: config.home,
      launcher: {
        launch: (request, signal) => this.#launch(request, signal),
        hasNetwork: (server) => hasNetwork(server, policyOf(server, this.#policy, config.sandboxPolicy)),
      },
      version,
      startupWaitMs: config.mcpStartupWaitMs,
      log: (message) => log.info(message),
      ask: (question, gone) => this.#ask(question, gone),
      onFailure: (message) => this.#warn(message),
    });
  }

  /** Starts the servers whose tools are not known, without waiting. `warn` gets one message for each that does not start. */
  start(warn: (message: string) => void): void {
    // A warning waits until whoever opens the session has had the time to follow its events.
    this.#warn = (message) => setImmediate(warn, message);
    this.#connections.start();
  }

  /** The tools of a turn with those of the servers, which stay as they are until it ends. */
  async turnTools(
    turn: Pick<TurnContext, 'sandboxPolicy' | 'taskKind'>,
    state: Pick<SessionState, 'sentContext' | 'facts'>,
    signal: AbortSignal,
  ): Promise<WithMcpTools> {
    await this.#confineBy(turn.sandboxPolicy);
    this.#connections.start();
    if (!WITHOUT_TOOLS.includes(turn.taskKind)) await this.#connections.settled(signal);
    return this.knownTools(state);
  }

  /** Who answers what servers ask the user, from now on; until then it is declined. */
  askBy(ask: AskServerQuestion): void {
    this.#ask = ask;
  }

  /** The instructions of servers, as far as they are known and wanted. */
  instructions(): { readonly server: string; readonly text: string }[] {
    return this.#connections.instructions();
  }

  /** What servers offer the user to send, as far as it is known. */
  prompts(): readonly ServerPrompt[] {
    return this.#connections.prompts();
  }

  /** The words of a server's prompt. @throws KeelError `invalidInput` with why there are none */
  async prompt(prompt: Pick<ServerPrompt, 'server' | 'name'>, args: Readonly<Record<string, string>>): Promise<string> {
    const outcome = await this.#connections.getPrompt(prompt, args, this.#closing.signal);
    if (outcome.type === 'answered') return outcome.value;
    throw new KeelError('invalidInput', `${prompt.server}: ${prompt.name}: ${outcome.message}`);
  }

  /** The tools that are known by now, without asking a server. `state`: of the thread; null: it has not begun. */
  knownTools(state: Pick<SessionState, 'sentContext' | 'facts'> | null): WithMcpTools {
    const { tools, leftOut } = this.#connections.tools();
    const { mcpServers, mcpToolSearchBytes, tools: lists } = this.#options.config;
    const known = withMcpTools(this.#options.tools, {
      caller: this.#connections,
      hasResources: this.#connections.hasResources,
      servers: mcpServers,
      tools,
      isAllowed: (name) => isAllowedTool(name, lists),
      searchAboveBytes: mcpToolSearchBytes,
      kept: state === null ? [] : [...(state.sentContext?.mcpTools ?? []), ...state.facts.foundTools],
    });
    this.#reportLeftOut([...leftOut, ...known.leftOut]);
    return known;
  }

  /** Resolves when every server has started or failed. */
  async startAll(): Promise<void> {
    await this.#confineBy(this.#options.config.sandboxPolicy);
    await this.#connections.startAll();
  }

  /** The servers that are switched on, as they are now. */
  servers() {
    return this.#connections.servers();
  }

  /** Starts the servers that the answer to a request may call, while the model works on it. */
  requestSent(): void {
    this.#connections.startSoon();
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#connections.close();
  }

  /** Says why tools are missing: one message for each server, each tool once in a session. */
  #reportLeftOut(leftOut: readonly LeftOutTool[]): void {
    const news = leftOut.filter(({ server, name }) => !this.#reportedLeftOut.has(`${server} ${name}`));
    for (const { server, name } of news) this.#reportedLeftOut.add(`${server} ${name}`);
    for (const [server, tools] of Map.groupBy(news, (tool) => tool.server)) {
      const named = tools.slice(0, MAX_NAMED_LEFT_OUT).map(({ name, reason }) => `${name} (${reason})`);
      const rest = tools.length > named.length ? ` and ${tools.length - named.length} more` : '';
      const message = `MCP server ${server}: not offered to the model: ${named.join(', ')}${rest}`;
      this.#options.log.warn(message);
      this.#warn(message);
    }
  }

  /** A server that was started under another policy is started again under this one. */
  async #confineBy(policy: SandboxPolicy): Promise<void> {
    if (JSON.stringify(policy) === JSON.stringify(this.#policy)) return;
    this.#policy = policy;
    await this.#connections.stop(followsSession);
  }

  async #launch({ name, server, env }: LaunchRequest, signal: AbortSignal): Promise<ServerProcess> {
    const { config, processes, sandbox } = this.#options;
    const policy = policyOf(server, this.#policy, config.sandboxPolicy);
    if (policy.mode !== 'danger-full-access') await sandbox.ready(signal);
    const { networkAccess } = server;
    const program = findConfiguredProgram(server.command, { ...programSearch(config), env }, server.cwd);
    if (program.type === 'missing' && isWider(server, policy, this.#policy)) throw new Error(program.reason);
    // A program that commands could write is started where it is confined like them: it can do no more than they can.
    const command = program.type === 'found' ? program.path : server.command;
    const planned = sandbox.plan({
      spec: { argv: [command, ...server.args], cwd: server.cwd, env },
      policy,
      cwd: config.cwd,
      ...(networkAccess === null ? {} : { network: networkAccess ? 'full' : 'none' }),
    });
    // Commands may have written a file that it names since the settings were loaded.
    const change = server.definition === undefined ? null : await changeOfServer(server.definition);
    if (change !== null) throw new Error(change);
    if (signal.aborted) throw new Error(`MCP server ${name} is not needed any more`);
    if (planned.type === 'unavailable') throw new Error(planned.reason);
    const release = sandbox.track(planned.plan);
    try {
      return serverProcess(await startServed(planned.plan.spawn, processes), processes, release);
    } catch (cause) {
      release();
      const reason = reasonOf(cause);
      throw new Error(`${server.command} can't be started: ${reason}`, { cause });
    }
  }
}

function followsSession({ transport }: McpServer): boolean {
  return transport.type === 'stdio' && transport.sandbox === 'session';
}

/** Whether a server has rights that the session's commands lack: only a program that they can't write gets those. */
function isWider({ networkAccess }: McpStdioServer, policy: SandboxPolicy, session: SandboxPolicy): boolean {
  if (session.mode === 'danger-full-access') return false;
  if (policy.mode === 'danger-full-access') return true;
  return hasNetwork({ networkAccess }, policy) && !(session.mode === 'workspace-write' && session.network_access);
}

/** Whether a server has the whole network under a policy. */
function hasNetwork({ networkAccess }: Pick<McpStdioServer, 'networkAccess'>, policy: SandboxPolicy): boolean {
  if (policy.mode === 'danger-full-access') return true;
  return networkAccess ?? (policy.mode === 'workspace-write' && policy.network_access);
}

/** A server's own mode has the details that are configured for that mode. */
function policyOf({ sandbox }: McpStdioServer, session: SandboxPolicy, configured: SandboxPolicy): SandboxPolicy {
  if (sandbox === 'session' || sandbox === session.mode) return session;
  if (sandbox === configured.mode) return configured;
  return sandbox === 'workspace-write' ? PLAIN_WORKSPACE : { mode: sandbox };
}

function serverProcess(child: ServedChild, processes: Processes, release: () => void): ServerProcess {
  const { pid, input, output, errors, exited } = child;
  const ended = exited.then(endText);
  void ended.then(() => {
    release();
    processes.release(pid);
  });
  return {
    input,
    output,
    errors,
    ended,
    async end() {
      input.end();
      await processes.end(pid);
      await ended;
      for (const stream of [input, output, errors]) stream.destroy();
    },
  };
}

function endText({ exitCode, signal }: ExitStatus): string {
  return signal === null ? `it ended with exit code ${exitCode}` : `it was ended by ${signal}`;
}
