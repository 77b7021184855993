import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { agentRoles, type TurnContext } from '../../context/index.ts';
import type { ResponseItem, SessionSource } from '../../foundation/protocol/index.ts';
import { ServerFacts } from '../../models/catalogue/index.ts';
import {
  HttpTransport,
  ModelClient,
  RequestFingerprints,
  resolveCredentials,
  type Transport,
  userAgent,
} from '../../models/client/index.ts';
import type { WireMaker } from '../../models/wires/index.ts';
import { type Config, programSearch, secretValues } from '../../storage/config/index.ts';
import type { Lease, RolloutRecorder } from '../../storage/rollout/index.ts';
import type { Resolver } from '../../system/network/index.ts';
import { ExecSessions, type OrphanCare, Processes, type UserShell, userShell } from '../../system/process/index.ts';
import { SandboxManager } from '../../system/sandbox/index.ts';
import {
  ApprovalCache,
  builtinTools,
  LocalToolHost,
  registerAgentTools,
  type ToolHost,
  type ToolRegistry,
} from '../../tools/index.ts';
import { AgentSlots } from './agents/agent-slots.ts';
import { TreeFacts } from './agents/tree-facts.ts';
import { CommandEnvironment } from './environment/command-environment.ts';
import { SessionRules } from './environment/command-rules.ts';
import { SessionMcp } from './environment/session-mcp.ts';
import { FileLog, type Log } from './log.ts';
import type { Session } from './session.ts';
import { ledgerPath, outputPath, threadFolder } from './thread/thread-files.ts';
import type { RequestBudget } from './turn/request-budget.ts';
import { TypedMessages } from './typed-messages.ts';

/** What a session works with for as long as it lives, and closes at its end. */
export interface SessionServices {
  readonly config: Config;
  readonly threadId: string;
  readonly source: SessionSource;
  readonly recorder: RolloutRecorder;
  readonly processes: Processes;
  readonly execSessions: ExecSessions;
  readonly tools: ToolRegistry;
  readonly toolHost: ToolHost;
  readonly approvals: ApprovalCache;
  readonly sandbox: SandboxManager;
  readonly rules: SessionRules;
  readonly shell: UserShell;
  readonly commandEnvironment: CommandEnvironment;
  /** Null: there is no server. */
  readonly mcp: SessionMcp | null;
  readonly log: Log;
  readonly typedMessages: TypedMessages;
  /** Null where no turn is checked before its end. */
  readonly tree: TreeFacts | null;
  /** Learned from the provider's answers, for this session and its children. */
  readonly serverFacts: ServerFacts;
  readonly now: () => number;
  /** Whether somebody answers approval requests. */
  readonly canAsk: boolean;
  /** Whether the final message of a turn with an output schema is checked against it. */
  readonly checksOutput: boolean;
  modelClient(turn: Pick<TurnContext, 'model' | 'effort' | 'summary'>): ModelClient;
  /** Null for a thread of the user's. */
  readonly child: ChildOptions | null;
  /** The levels of subagents that are allowed below this session; 0: it starts none. */
  readonly agentLevels: number;
  /** Shared by all subagents of one thread of the user's, at any level. */
  readonly agentSlots: AgentSlots;
  openChild(config: Config, start: ChildStart): Promise<Session>;
  /** Ends a child. The session ends after all of its children. */
  closeChild(child: Session): Promise<void>;
  /** Ends every process of the session and its children, at once. */
  killProcesses(): void;
  /** Where the whole output of a call is kept; null for a thread that leaves no trace. */
  spillPath(callId: string): string | null;
  close(): Promise<void>;
}

/** How a child session differs from a thread of the user's. */
export interface ChildOptions {
  /** The purpose that its requests name; null: a request of the user. */
  readonly taskType: string | null;
  readonly withoutTools: readonly string[];
  /** Whether it is sent the user's instructions (AGENTS.md). */
  readonly hasUserInstructions: boolean;
  /** Follows the environment at the start of its thread. */
  readonly opening: readonly ResponseItem[];
  readonly agentLevels: number;
  readonly agentSlots: AgentSlots;
  /** The budget of the request that it works for now. Null: no limit. */
  readonly budget: () => RequestBudget | null;
  /** The tree whose changes its own are part of; null: none. */
  readonly tree: TreeFacts | null;
  readonly serverFacts: ServerFacts;
}

export interface ChildStart {
  readonly source: SessionSource;
  readonly child: ChildOptions;
  /** As of `OpenSessionOptions`. */
  readonly checksOutput?: boolean;
}

export interface ServiceOptions {
  /** Speaks the API of the configured provider. */
  readonly wire: WireMaker;
  readonly child?: ChildOptions;
  readonly openChild?: (config: Config, start: ChildStart) => Promise<Session>;
  readonly config: Config;
  readonly threadId: string;
  readonly recorder: RolloutRecorder;
  /** Digests of the items of the last request that the thread's record has. */
  readonly lastRequest: readonly string[];
  readonly lease: Lease | null;
  readonly source: SessionSource;
  readonly originator: string;
  readonly version: string;
  readonly canAsk: boolean;
  readonly checksOutput?: boolean | undefined;
  readonly now: () => number;
  /** Whether processes that commands leave without a parent are ended; absent: `leave`. */
  readonly orphans?: OrphanCare | undefined;
  /** Looks host names up for commands; absent: as the system does. */
  readonly resolve?: Resolver | undefined;
  /** Opens the transport of this session's requests; HTTP by default. */
  readonly openTransport?: () => Transport;
}

export function openServices(options: ServiceOptions): SessionServices {
  const { config, threadId, recorder, now } = options;
  const transport = options.openTransport?.() ?? new HttpTransport({ env: config.env, caFile: config.provider.caFile });

  const fingerprints = new RequestFingerprints(options.lastRequest);
  const serverFacts = options.child?.serverFacts ?? new ServerFacts(config.provider);
  const execSessions = new ExecSessions();
  const isKept = recorder.path !== null;
  const threadDir = threadFolder(config.home, threadId);
  // Groups that a killed keel left running are ended when its thread is resumed.
  const journalPath = isKept ? join(threadDir, 'groups.jsonl') : null;
  const processes = new Processes(`${threadId}.${randomUUID()}`, {
    journalPath,
    graceMs: config.commandGraceMs,
    ...(options.orphans === undefined ? {} : { orphans: options.orphans }),
  });
  const toolHost = new LocalToolHost({
    ledgerPath: isKept ? ledgerPath(threadDir) : null,
    outputPath: (callId) => outputPath(threadDir, callId),
    now,
    syncJournal: () => recorder.sync(),
  });
  const children = new Set<Session>();
  const closing = new Set<Promise<void>>();
  const shell = userShell(programSearch(config));
  const tools = builtinTools();
  registerAgentTools(tools, agentRoles(config.agents.roles));
  const log = new FileLog(join(config.home, 'log', 'keel.log'), now, () => secretValues(config));
  const onCrash = (error: unknown) => log.crash(error);
  const { resolve } = options;
  const rules = new SessionRules(config);
  const sandbox = new SandboxManager({
    ...{ ...config.sandbox, home: config.home, env: config.env, processes, onCrash },
    hostRuleOf: (destination) => rules.hostRuleOf(destination),
    ...(resolve === undefined ? {} : { resolve }),
  });
  const typedMessages = new TypedMessages({ config, threadId, isKept, log, now });
  // A child works for a turn of its parent, with keel's own tools only.
  const hasServers = !options.child && config.mcpServers.some(({ enabled }) => enabled);
  const mcp = hasServers ? new SessionMcp({ config, processes, sandbox, tools, log, version: options.version }) : null;
  return {
    config,
    threadId,
    source: options.source,
    recorder,
    processes,
    execSessions,
    tools,
    toolHost,
    approvals: new ApprovalCache(),
    sandbox,
    rules,
    shell,
    commandEnvironment: new CommandEnvironment({ config, shell }),
    mcp,
    log,
    typedMessages,
    tree: config.verifyBeforeFinish === 'off' ? null : new TreeFacts(options.child?.tree ?? null),
    serverFacts,
    now,
    child: options.child ?? null,
    agentLevels: options.child?.agentLevels ?? (config.agents.enabled ? config.agents.maxDepth : 0),
    agentSlots: options.child?.agentSlots ?? new AgentSlots(config.agents.maxThreads),
    async openChild(childConfig, start) {
      if (!options.openChild) throw new Error('this session has no children');
      const child = await options.openChild(childConfig, start);
      children.add(child);
      return child;
    },
    closeChild(child) {
      const closed = child.close().finally(() => {
        children.delete(child);
        closing.delete(closed);
      });
      closed.catch((error: unknown) => log.crash(error));
      closing.add(closed);
      return closed;
    },
    killProcesses() {
      for (const child of children) child.killProcesses();
      processes.killAll();
    },
    canAsk: options.canAsk,
    checksOutput: options.checksOutput ?? false,
    modelClient: ({ model, effort, summary }) =>
      new ModelClient({
        wire: options.wire,
        provider: config.provider,
        model,
        threadId,
        effort,
        summary,
        verbosity: config.verbosity,
        originator: options.originator,
        userAgent: userAgent({ originator: options.originator, version: options.version, env: config.env }),
        sessionSource: options.source,
        credentials: () => resolveCredentials(config.provider, config.env, config.storedKey),
        transport,
        fingerprints,
        serverFacts,
        nowMs: now,
      }),
    spillPath: (callId) => (isKept ? outputPath(threadDir, callId) : null),
    async close() {
      try {
        for (const child of children) closing.add(child.close());
        await Promise.allSettled([...closing, mcp?.close()]);
        await typedMessages.close();
        await processes.endAll();
        execSessions.close();
        processes.close();
        sandbox.close();
        transport.close();
        toolHost.close();
      } finally {
        await recorder.close().finally(() => options.lease?.release());
      }
    },
  };
}

/** The commands that sessions of a terminal still run, one line each. */
export function runningCommands({ execSessions }: Pick<SessionServices, 'execSessions'>): string[] {
  return execSessions.running().map(({ id, command }) => `session ${id}: ${command}`);
}
