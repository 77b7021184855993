import { agentRoles, type TurnContext } from '../../context/index.ts';
import type { SessionSource } from '../../foundation/protocol/index.ts';
import { type DigestKind, randomUUID, reasonOf } from '../../foundation/util/index.ts';
import { renewableCredentials } from '../../models/auth/index.ts';
import { ServerFacts } from '../../models/catalogue/index.ts';
import {
  ModelClient,
  providerTransport,
  type RenewableCredentials,
  RequestFingerprints,
  ResponseSocket,
  resolveCredentials,
  type Transport,
  userAgent,
} from '../../models/client/index.ts';
import type { WireMaker } from '../../models/wires/index.ts';
import { type Config, programSearch, secretValues } from '../../storage/config/index.ts';
import type { LastRequest, Lease, RolloutRecorder } from '../../storage/rollout/index.ts';
import type { Resolver } from '../../system/network/index.ts';
import { ExecSessions, type OrphanCare, Processes, type UserShell, userShell } from '../../system/process/index.ts';
import { SandboxManager } from '../../system/sandbox/index.ts';
import {
  ApprovalCache,
  builtinTools,
  type ClientDocuments,
  type CustomTool,
  checkToolLists,
  LocalToolHost,
  registerAgentTools,
  registerCustomTools,
  type ToolHost,
  type ToolRegistry,
} from '../../tools/index.ts';
import { AgentSlots } from './agents/agent-slots.ts';
import { type ChildOptions, ChildSessions, type OpenChild } from './agents/child-sessions.ts';
import { TreeFacts } from './agents/tree-facts.ts';
import { CommandEnvironment } from './environment/command-environment.ts';
import { SessionRules } from './environment/command-rules.ts';
import { EditResults } from './environment/edit-results.ts';
import { SessionMcp } from './environment/session-mcp.ts';
import type { HookSource, SessionHooks } from './hooks/session-hooks.ts';
import { FileLog, type Log } from './log.ts';
import { groupsPath, ledgerPath, outputPath, threadFolder } from './thread/thread-files.ts';
import { RequestMeter } from './turn/ports/request-meter.ts';
import { TypedMessages } from './typed-messages.ts';

/** What a session works with for as long as it lives, and closes at its end. */
export interface SessionServices {
  readonly config: Config;
  readonly threadId: string;
  /** The thread was there before. */
  readonly isResumed: boolean;
  /** The hash of the digests in the thread's record. */
  readonly digests: DigestKind;
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
  /** Null: none would run. */
  readonly hooks: SessionHooks | null;
  /** Text files by the client; null: those on the disk. */
  readonly documents: ClientDocuments | null;
  /** Names of the tools that the program gives this session. */
  readonly customTools: readonly string[];
  readonly log: Log;
  readonly typedMessages: TypedMessages;
  readonly editResults: EditResults;
  /** Null where no turn is checked before its end. */
  readonly tree: TreeFacts | null;
  /** Learned from the provider's answers, for this session and its children. */
  readonly serverFacts: ServerFacts;
  /** Shared with its children; null: the credentials of the settings. */
  readonly renewable: RenewableCredentials | null;
  readonly requests: RequestMeter;
  readonly now: () => number;
  /** Whether somebody answers approval requests. */
  readonly canAsk: boolean;
  /** Whether somebody answers what the model itself asks. */
  readonly asksQuestions: boolean;
  /** Whether the final message of a turn with an output schema is checked against it. */
  readonly checksOutput: boolean;
  modelClient(turn: Pick<TurnContext, 'model' | 'effort' | 'summary'>): ModelClient;
  /** Null for a thread of the user's. */
  readonly child: ChildOptions | null;
  /** The levels of subagents that are allowed below this session; 0: it starts none. */
  readonly agentLevels: number;
  /** Shared by all subagents of one thread of the user's, at any level. */
  readonly agentSlots: AgentSlots;
  readonly children: ChildSessions;
  /** Ends every process of the session and its children, at once. */
  killProcesses(): void;
  /** Nothing more is recorded or started for the thread. */
  seal(): void;
  /** Where the whole output of a call is kept; null for a thread that leaves no trace. */
  spillPath(callId: string): string | null;
  close(): Promise<void>;
}

export interface ServiceOptions {
  /** Speaks the API of the configured provider. */
  readonly wire: WireMaker;
  readonly child?: ChildOptions;
  readonly openChild?: OpenChild;
  readonly config: Config;
  readonly threadId: string;
  readonly recorder: RolloutRecorder;
  /** The last request that the thread's record has. */
  readonly lastRequest: LastRequest;
  readonly digests: DigestKind;
  readonly lease: Lease | null;
  /** Keys of what the user approved for the session before it moved here. */
  readonly approved?: readonly string[];
  readonly source: SessionSource;
  readonly originator: string;
  readonly version: string;
  readonly canAsk: boolean;
  readonly answersQuestions?: boolean | undefined;
  readonly checksOutput?: boolean | undefined;
  readonly now: () => number;
  /** Whether processes that commands leave without a parent are ended; absent: `leave`. */
  readonly orphans?: (() => OrphanCare) | undefined;
  /** Functions of the program that keel runs in, as tools of this session; its children have none of them. */
  readonly customTools?: readonly CustomTool[] | undefined;
  /** Reads and writes text files for the session's tools; absent: they are on the disk. */
  readonly documents?: ClientDocuments | undefined;
  /** Looks host names up for commands; absent: as the system does. */
  readonly resolve?: Resolver | undefined;
  /** Opens the transport of this session's requests; HTTP by default. */
  readonly openTransport?: () => Transport;
  /** The thread was there before; absent: it is new. */
  readonly isResumed?: boolean;
  /** Null or absent: no file names hooks. */
  readonly hooks?: HookSource | null;
}

export function openServices(options: ServiceOptions): SessionServices {
  const { config, threadId, recorder, now } = options;
  const transport = options.openTransport?.() ?? providerTransport(config);

  const { supportsWebsockets = false, wireApi } = config.provider;
  const socket = supportsWebsockets && wireApi === 'responses' ? new ResponseSocket(transport) : null;
  const renewable = options.child === undefined ? renewableCredentials(config) : options.child.renewable;
  const serverFacts = options.child?.serverFacts ?? new ServerFacts(config.provider);
  const execSessions = new ExecSessions();
  const isKept = recorder.path !== null;
  const threadDir = threadFolder(config.home, threadId);
  // Groups that a killed keel left running are ended when its thread is resumed.
  const journalPath = isKept ? groupsPath(threadDir) : null;
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
    fence: () => options.lease?.fence(),
  });
  const shell = userShell(programSearch(config));
  const tools = builtinTools();
  registerAgentTools(tools, agentRoles(config.agents.roles));
  const customTools = options.child === undefined ? (options.customTools ?? []) : [];
  registerCustomTools(tools, customTools);
  checkToolLists(config.tools, tools.names());
  const log = new FileLog({ ...config.log, now, secrets: () => secretValues(config), fields: { thread: threadId } });
  const onCrash = (error: unknown) => log.crash(error);
  const { openChild = () => Promise.reject(new Error('this session has no children')) } = options;
  const children = new ChildSessions(openChild, log);
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
  const commandEnvironment = new CommandEnvironment({ config, shell });
  const transcriptPath = recorder.path;
  const isChild = options.child !== undefined;
  const { isResumed = false } = options;
  const hookDeps = { config, threadId, transcriptPath, isChild, isResumed, processes, sandbox, shell };
  const hooks = options.hooks?.open({ ...hookDeps, environment: commandEnvironment }) ?? null;
  return {
    config,
    threadId,
    isResumed,
    digests: options.digests,
    source: options.source,
    recorder,
    processes,
    execSessions,
    tools,
    toolHost,
    approvals: new ApprovalCache(options.approved, (keys) => recordApproved(recorder, log, keys)),
    sandbox,
    rules,
    shell,
    commandEnvironment,
    mcp,
    hooks,
    documents: options.documents ?? null,
    customTools: customTools.map(({ name }) => name),
    log,
    typedMessages,
    editResults: new EditResults(config.home),
    tree: config.verifyBeforeFinish === 'off' ? null : new TreeFacts(options.child?.tree ?? null),
    serverFacts,
    renewable,
    requests: new RequestMeter({
      config,
      lastRequest: options.lastRequest,
      now,
      above: options.child?.requests ?? null,
      log,
    }),
    now,
    child: options.child ?? null,
    agentLevels: options.child?.agentLevels ?? (config.agents.enabled ? config.agents.maxDepth : 0),
    agentSlots: options.child?.agentSlots ?? new AgentSlots(config.agents.maxThreads),
    children,
    killProcesses() {
      children.killProcesses();
      processes.killAll();
    },
    seal: () => options.lease?.seal(),
    canAsk: options.canAsk,
    // A child works for its parent, whose answers it asks for by its last message.
    asksQuestions: options.canAsk && options.answersQuestions === true && !isChild,
    checksOutput: options.checksOutput ?? false,
    modelClient: modelClients(options, { transport, socket, serverFacts, renewable }),
    spillPath: (callId) => (isKept ? outputPath(threadDir, callId) : null),
    async close() {
      try {
        await hooks?.close();
        await Promise.allSettled([children.closeAll(), mcp?.close()]);
        await typedMessages.close();
        await processes.endAll();
        execSessions.close();
        processes.close();
        sandbox.close();
        socket?.close();
        transport.close();
        toolHost.close();
      } finally {
        await recorder.close().finally(() => options.lease?.release());
      }
    },
  };
}

/** Without the line a process that continues the session asks again: a failure is only logged. */
function recordApproved(recorder: RolloutRecorder, log: Log, keys: readonly string[]): void {
  try {
    recorder.append({ type: 'event_msg', payload: { type: 'approved_for_session', keys: [...keys] } });
  } catch (error) {
    log.warn(`an approval for the session was not recorded: ${reasonOf(error)}`);
  }
}

/** Clients over one transport, which share what was sent and what was learned of the server. */
function modelClients(
  options: ServiceOptions,
  shared: { readonly transport: Transport; readonly socket: ResponseSocket | null } & Pick<
    SessionServices,
    'serverFacts' | 'renewable'
  >,
): SessionServices['modelClient'] {
  const { wire, config, threadId, originator, version, source: sessionSource, now: nowMs } = options;
  const fingerprints = new RequestFingerprints(options.digests, options.lastRequest.digests);
  return ({ model, effort, summary }) =>
    new ModelClient({
      ...{
        wire,
        model,
        threadId,
        effort,
        summary,
        originator,
        sessionSource,
        fingerprints,
        nowMs,
        ...shared,
      },
      provider: config.provider,
      verbosity: config.verbosity,
      userAgent: userAgent({ originator, version, env: config.env }),
      credentials: () => resolveCredentials(config.provider, config.env, config.storedKey),
    });
}

/** The commands that sessions of a terminal still run, one line each. */
export function runningCommands(
  { execSessions }: Pick<SessionServices, 'execSessions'>,
  except: readonly number[] = [],
): string[] {
  const running = execSessions.running().filter(({ id }) => !except.includes(id));
  return running.map(({ id, command }) => `session ${id}: ${command}`);
}
