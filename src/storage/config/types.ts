import type {
  ApprovalPolicy,
  ReasoningEffort,
  ReasoningSummary,
  SandboxMode,
  SandboxPolicy,
  Verbosity,
} from '../../foundation/protocol/index.ts';
import type { NetworkRules } from '../../system/network/index.ts';
import type { LoadedPlugin } from '../plugins/index.ts';
import type { AuthCommand, SignInSettings, StoredKey } from './credential-types.ts';
import type { ManagedSettings, QuirkSettings } from './layers/index.ts';
import type { CredentialStore } from './secret-file.ts';
import type { McpServer } from './sections/mcp-types.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A server on the user's own machine that can be asked which models it has, and made to fetch one. */
export type LocalServerKind = 'ollama' | 'lmstudio';

/** Where requests go and how. */
export interface ModelProvider {
  readonly id: string;
  readonly name: string;
  /** Without the endpoint's name; a slash at the end does no harm. */
  readonly baseUrl: string;
  /** Variable that contains the key. */
  readonly envKey?: string;
  readonly envKeyInstructions?: string;
  readonly bearerToken?: string;
  readonly authCommand?: AuthCommand;
  /** How a key is sent; absent: as the API says. A token (`bearerToken`, `authCommand`) is a bearer everywhere. */
  readonly keyHeader?: 'bearer' | 'x-api-key' | 'api-key';
  /** Where the endpoint of the Messages API differs from Anthropic's own; absent: it does not. */
  readonly endpoint?: 'vertex';
  /** The API that is spoken there. */
  readonly wireApi: 'responses' | 'chat' | 'anthropic';
  readonly queryParams: Readonly<Record<string, string>>;
  readonly httpHeaders: Readonly<Record<string, string>>;
  /** Header name to the variable its value comes from. */
  readonly envHttpHeaders: Readonly<Record<string, string>>;
  readonly requestMaxRetries: number;
  readonly streamMaxRetries: number;
  readonly streamIdleTimeoutMs: number;
  readonly requiresOpenaiAuth: boolean;
  /** Files, PEM, absolute: further authorities to trust, and the certificate and key that prove who asks. */
  readonly caFile?: string;
  readonly clientCert?: string;
  /** Absent: the key is in the same file. */
  readonly clientKey?: string;
  /** Whether it takes requests of the Responses API over a WebSocket. */
  readonly supportsWebsockets?: boolean;
  /** How long a connection may take; absent: the transport's own limit. */
  readonly connectTimeoutMs?: number;
  /** What is looked at before the first request. */
  readonly local?: LocalServerKind;
  /** What the user says of the form of its requests. */
  readonly quirks?: QuirkSettings;
}

/** What of the environment a command sees. Patterns are globs over names. */
export interface ShellEnvironmentPolicy {
  readonly inherit: 'all' | 'core' | 'none';
  readonly ignoreDefaultExcludes: boolean;
  readonly exclude: readonly string[];
  readonly set: Readonly<Record<string, string>>;
  readonly includeOnly: readonly string[];
  /** Whether what the user's login files set counts too. */
  readonly useProfile: boolean;
}

/** Secrets of all providers and servers in all layers of settings, not only of those in use. */
export interface KnownSecrets {
  /** Names of variables with a secret in them. */
  readonly variables: readonly string[];
  /** Secrets that the settings themselves contain. */
  readonly values: readonly string[];
}

/** How commands are confined, beyond the sandbox mode. Paths are absolute. */
export interface SandboxSettings {
  /** Where bubblewrap is, if not at its usual place. */
  readonly bwrapPath: string | null;
  /** Files and directories that no sandboxed command can read. */
  readonly hidden: readonly string[];
  readonly allowGitCommit: boolean;
  readonly allowUnixSockets: boolean;
  readonly maxProcesses: number | null;
  readonly maxFileBytes: number | null;
  /** Hosts that commands may reach where they may write; null: none are listed, and the policy says whether there is a network. */
  readonly network: NetworkRules | null;
}

/** What the user says of a kind of subagent. Null: as built in, or as the thread that starts it. */
export interface AgentRoleSettings {
  readonly name: string;
  /** For the model that chooses a role. */
  readonly description: string | null;
  readonly model: string | null;
  readonly effort: ReasoningEffort | null;
  /** The instructions for its role. */
  readonly instructions: string | null;
  /** Replaces the base instructions whole. */
  readonly baseInstructions: string | null;
  /** How far it may reach at most; never further than the thread that starts it. */
  readonly sandboxMode: SandboxMode | null;
}

/** Subagents that the model may start. */
export interface AgentSettings {
  readonly enabled: boolean;
  /** How many may be open at once, those of subagents included. */
  readonly maxThreads: number;
  /** How many levels of subagents there may be below a thread of the user's. */
  readonly maxDepth: number;
  readonly roles: readonly AgentRoleSettings[];
}

/** Where skills are beside the usual places, and which are not wanted. Paths are absolute. */
interface SkillSettings {
  /** The folder of the machine's own. */
  readonly adminRoot: string;
  /** Folders or `SKILL.md` files that the user switched off. */
  readonly disabled: readonly string[];
}

/** What the user lets one request of theirs cost, with all that is done for it; null: no limit. */
export interface Budget {
  /** Tokens of all responses together, those of children too. */
  readonly tokens: number | null;
  /** Time from the start of the turn. */
  readonly minutes: number | null;
  /** US dollars of all responses together, those of children too. */
  readonly cost: number | null;
  /** Responses of the model in its turn; those of children do not count. */
  readonly turns: number | null;
}

/** What a model's tokens cost, US dollars a million. */
export interface ModelPrice {
  readonly input: number;
  /** Price of input that the provider had cached; null: as other input. */
  readonly cachedInput: number | null;
  readonly output: number;
  /** Price of input that the provider wrote to its cache; null: as other input. */
  readonly cacheWrite: number | null;
}

/** What the user says of one model. An absent field leaves the catalogue's. */
export interface ModelSettings {
  /** Tokens. */
  readonly contextWindow?: number | undefined;
  /** Tokens. */
  readonly maxOutputTokens?: number | undefined;
  /** Whether it takes `reasoning` and returns its thoughts. */
  readonly reasoning?: boolean | undefined;
  readonly efforts?: readonly string[] | undefined;
  /** Whether it can call tools. */
  readonly tools?: boolean | undefined;
}

/** How the interactive terminal looks and calls for the user. */
export interface TuiSettings {
  /** What the user is notified of while they look elsewhere. */
  readonly notifications: readonly ('agent-turn-complete' | 'approval-requested')[];
  /** `command`: a program of the user's is run, in place of bytes for the terminal. */
  readonly notificationMethod: 'auto' | 'osc9' | 'bel' | { readonly command: string };
  readonly animations: boolean;
  /** Lines are only ever added, and signs are words. */
  readonly screenReader: boolean;
  readonly theme: 'auto' | 'dark' | 'light' | 'colour-blind' | 'dark-colour-blind' | 'light-colour-blind';
  /** The composer has the keys of vim. */
  readonly vim: boolean;
  /** Keys by the action that they do, as written. */
  readonly keymap: Readonly<Record<string, readonly string[]>>;
  /** The last row: parts of keel's own, or the first line that a command prints. Null: the usual parts. */
  readonly statusLine:
    | { readonly type: 'parts'; readonly parts: readonly string[] }
    | { readonly type: 'command'; readonly command: string }
    | null;
}

/** Which commands may run at the events of a session. */
export interface HookSettings {
  /** False: no file of hooks is looked for. */
  readonly enabled: boolean;
  /** The programs whose files of hooks are read. */
  readonly files: readonly ('keel' | 'claude' | 'codex')[];
  /** `danger-full-access`: the user's own hooks run outside the sandbox; a project's never do. */
  readonly sandbox: 'session' | 'danger-full-access';
}

/** What keel reports to a collector of OpenTelemetry. */
export interface TelemetrySettings {
  /** Without the path of a signal; null: as the standard variables say. */
  readonly endpoint: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Header name to the variable its value comes from. */
  readonly envHeaders: Readonly<Record<string, string>>;
  readonly environment: string;
  readonly logUserPrompt: boolean;
  /** Whether the arguments and the output of calls are part of what is reported. */
  readonly logToolOutput: boolean;
}

/** From the fewest lines to the most. */
export type LogLevel = 'off' | 'error' | 'warn' | 'info' | 'debug';

/** A setting that a thread keeps when it is resumed or forked. */
export type ThreadSetting = 'model' | 'effort' | 'approvalPolicy' | 'sandboxPolicy';

/** The settings in force: every layer resolved, every default filled in. Plain data. */
export interface Config {
  readonly home: string;
  /** Absolute. */
  readonly cwd: string;
  /** The process's environment with `<home>/.env` behind it. */
  readonly env: Environment;
  readonly model: string;
  readonly provider: ModelProvider;
  readonly approvalPolicy: ApprovalPolicy;
  readonly sandboxPolicy: SandboxPolicy;
  readonly sandbox: SandboxSettings;
  /** What the user said of this project; an untrusted one's instructions are not read. Null: nothing yet. */
  readonly projectTrust: 'trusted' | 'untrusted' | null;
  /** The folder of the project that the user trusts; null: none. */
  readonly trustedFolder: string | null;
  /** What was chosen for this run, or is insisted on by the administrator: a thread's own setting gives way to it. */
  readonly chosen: readonly ThreadSetting[];
  /** What the administrator insists on, which nothing in a session changes. */
  readonly managed: ManagedSettings;
  readonly effort: ReasoningEffort | null;
  readonly summary: ReasoningSummary;
  readonly verbosity: Verbosity | null;
  readonly contextWindow: number | null;
  readonly autoCompactTokenLimit: number | null;
  /** Asks for a handover in place of keel's own prompt. */
  readonly compactPrompt: string | null;
  /** Whether turns that can change files take a snapshot first, so that they can be undone. */
  readonly undo: boolean;
  /** Reviews, in place of the thread's model. */
  readonly reviewModel: string | null;
  /** Answers the rest of a turn whose model stays overloaded. */
  readonly fallbackModel: string | null;
  /** Writes handovers in place of the thread's model. */
  readonly compactModel: string | null;
  /** What models cost, by their names, for reports of a thread's cost. */
  readonly modelPrices: Readonly<Record<string, ModelPrice>>;
  /** What the user says of models, by their names. */
  readonly models: Readonly<Record<string, ModelSettings>>;
  /** Whether a turn that left files unchecked is asked once for the check: never, in `keel exec`, or everywhere. */
  readonly verifyBeforeFinish: 'off' | 'exec' | 'always';
  readonly budget: Budget;
  /** Whether a turn waits until a usage limit of hours or days resets. */
  readonly waitForQuota: boolean;
  /** Whether old tool outputs are left out before a thread is compacted. */
  readonly elideOutputs: boolean;
  readonly agents: AgentSettings;
  readonly skills: SkillSettings;
  /** What threads use of the plugins that count, beside the servers and roles among those above. */
  readonly plugins: readonly LoadedPlugin[];
  readonly maxOutputTokens: number | null;
  readonly supportsReasoningSummaries: boolean | null;
  /** Replaces the built-in instructions whole. */
  readonly baseInstructions: string | null;
  /** Added to the instructions, built-in or not. */
  readonly addedInstructions: string | null;
  readonly hideAgentReasoning: boolean;
  readonly showRawAgentReasoning: boolean;
  readonly projectDocMaxBytes: number;
  readonly projectDocFallbackFilenames: readonly string[];
  readonly shellEnvironmentPolicy: ShellEnvironmentPolicy;
  readonly toolSet: 'session' | 'shell' | 'lean' | 'reader' | null;
  /** Whether the model is offered `web_fetch`. */
  readonly webFetch: boolean;
  /** Whether the model is offered the provider's own search of the web. */
  readonly webSearch: boolean;
  /** Whether the syntax of files is checked after an edit. */
  readonly checksSyntax: boolean;
  /** Names of tools, in which `*` matches any text: those that may be offered (null: all), and those that may not. */
  readonly tools: { readonly allowed: readonly string[] | null; readonly disallowed: readonly string[] };
  /** By name. */
  readonly mcpServers: readonly McpServer[];
  /** How long a first request may wait for servers whose tools are not known yet. */
  readonly mcpStartupWaitMs: number;
  /** If the specs of servers' tools take more than this, requests carry a tool to search them instead. */
  readonly mcpToolSearchBytes: number;
  /** Whether a client of the Agent Client Protocol that can, reads and writes text files for the tools. */
  readonly acp: { readonly clientFs: boolean };
  readonly notify: readonly string[] | null;
  readonly hooks: HookSettings;
  readonly tui: TuiSettings;
  /** What becomes of the messages that the user types: whether they are kept, and in how many bytes at most. */
  readonly history: { readonly persistence: 'save-all' | 'none'; readonly maxBytes: number };
  /** Null: nothing is reported. */
  readonly telemetry: TelemetrySettings | null;
  /** keel's log file. `path`: absolute. */
  readonly log: { readonly path: string; readonly level: LogLevel };
  /** What a command gets to end by itself before it is killed, ms. */
  readonly commandGraceMs: number;
  /** The whole output of one command is kept up to this size. */
  readonly spillMaxBytes: number;
  /** The secrets that the settings name or contain. */
  readonly secrets: KnownSecrets;
  /** A key that a login stored; null if there is none. */
  readonly storedKey: StoredKey | null;
  readonly signIn: SignInSettings;
  /** Where keys and sign-ins are kept: what `keel login` stores, and the sign-ins to MCP servers. */
  readonly credentialStores: { readonly login: CredentialStore; readonly mcp: CredentialStore };
  /** What the user should know about their settings. */
  readonly warnings: readonly string[];
}
