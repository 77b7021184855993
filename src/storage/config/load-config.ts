import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readObeyedFile, readRegularFile, UntrustedFile } from '../../foundation/files/index.ts';
import {
  type ApprovalPolicy,
  KeelError,
  type SandboxMode,
  type SandboxPolicy,
} from '../../foundation/protocol/index.ts';
import {
  decodeText,
  isInside,
  ownerOf,
  type ProgramSearch,
  programFault,
  reasonOf,
} from '../../foundation/util/index.ts';
import type { NetworkRules } from '../../system/network/index.ts';
import { agentSettings } from './agents.ts';
import { readStoredKey } from './auth.ts';
import { commandRoots } from './command-roots.ts';
import { resolveHome, userHome, withDotenv } from './home.ts';
import { MAX_SETTINGS_BYTES, readHomeFile } from './home-file.ts';
import { knownSecrets } from './known-secrets.ts';
import { type Layer, mergeLayers, readLayer, type Table, valueAt } from './layer.ts';
import { mcpServers } from './mcp-servers.ts';
import { networkRules } from './network.ts';
import { overrideLayer } from './overrides.ts';
import { ownPlaceWarnings } from './own-place.ts';
import { MAX_TIMER_MS, resolveProvider, shadowedProviders } from './providers.ts';
import type { ConfigFile } from './schema.ts';
import { projectTrust, trustedFolder } from './trust.ts';
import { tuiSettings } from './tui.ts';
import type { Config, Environment, LocalServerKind, SandboxSettings } from './types.ts';

/** Where the machine's administrator puts things. */
const SYSTEM_DIR = '/etc/keel';
const DEFAULT_MODEL = 'gpt-5-codex';
/** Of providers that do not have the other one. */
const DEFAULT_MODELS: Readonly<Record<string, string>> = {
  anthropic: 'claude-opus-5-5',
  oss: 'gpt-oss:20b',
  ollama: 'gpt-oss:20b',
  lmstudio: 'openai/gpt-oss-20b',
};
const DEFAULT_DOC_BYTES = 32_768;
const DEFAULT_HISTORY_BYTES = 8 * 1024 * 1024;
const DEFAULT_SPILL_BYTES = 64 * 1024 * 1024;
const DEFAULT_MCP_WAIT_SEC = 10;
/** Enough for a clean-up handler, too short to be a wait for whoever interrupts. */
const DEFAULT_COMMAND_GRACE_MS = 500;

/** What the command line says with flags of its own. They win over every file. */
export interface ConfigFlags {
  readonly model?: string;
  readonly profile?: string;
  readonly sandboxMode?: SandboxMode;
  readonly approvalPolicy?: ApprovalPolicy;
  /** The configured server of local models, whatever `model_provider` and `model` say. */
  readonly oss?: boolean;
  /** The same, by name. */
  readonly localProvider?: LocalServerKind;
  readonly addDirs?: readonly string[];
}

export interface LoadOptions {
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
  /** `-c key=value`, in order. */
  readonly overrides: readonly string[];
  readonly flags: ConfigFlags;
  /** An unknown key is an error. */
  readonly strict?: boolean;
  /** Where the machine's own layers are; for tests. */
  readonly systemDir?: string;
}

/** The settings in force and the layers they came from, lowest first. */
export interface LoadedConfig {
  readonly config: Config;
  readonly settings: ConfigFile;
  readonly layers: readonly Layer[];
}

/** @throws KeelError `invalidConfig` that names the place and what would be right */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  return (await loadConfigWithOrigins(options)).config;
}

/** The same, with what `keel config` needs to tell where a setting comes from. */
export async function loadConfigWithOrigins(asked: LoadOptions): Promise<LoadedConfig> {
  const options = { ...asked, cwd: canonical(asked.cwd) };
  const home = resolveHome(options.env);
  const env = withDotenv(home, options.env);
  const { layers, warnings: ignored } = await readLayers(home, options);
  // Where nothing is configured nothing is parsed or checked: start-up pays for what is there.
  const { validate } = layers.length === 0 ? { validate: null } : await import('./validate.ts');
  const { settings, unknown } = validate?.(mergeLayers(layers), layers) ?? { settings: {}, unknown: [] };
  if (options.strict && unknown.length > 0) throw new KeelError('invalidConfig', unknown.join('\n'));
  const warnings = [...ignored, ...unknown, ...shadowedProviders(settings)];
  const network = networkRules(settings, layers);
  return { config: resolveConfig({ home, env, options, settings, layers, network, warnings }), settings, layers };
}

interface ReadLayers {
  readonly layers: readonly Layer[];
  /** What of a project's layers is ignored. */
  readonly warnings: readonly string[];
}

async function readLayers(
  home: string,
  { cwd, overrides, flags, systemDir = SYSTEM_DIR }: LoadOptions,
): Promise<ReadLayers> {
  const system = await systemLayer(join(systemDir, 'config.toml'));
  const user = await readLayer(join(home, 'config.toml'), () => readHomeFile(home, 'config.toml'));
  const session = overrides.length === 0 ? null : await overrideLayer(overrides);
  const managed = await systemLayer(join(systemDir, 'managed_config.toml'));
  const files = [system, user].filter((layer) => layer !== null);
  const { layers: project, warnings } = await projectLayers(cwd, home, mergeLayers(files));
  const below = [...files, ...project];
  const above = [session, managed].filter((layer) => layer !== null);
  const all = [...below, ...above];
  const name = flags.profile ?? valueAt(mergeLayers(all), ['profile']);
  // A profile stands above the files and below what this session was told.
  const layers = typeof name === 'string' ? [...below, profileLayer(name, all), ...above] : all;
  return { layers, warnings };
}

/** The machine's settings, which root alone may write. */
function systemLayer(path: string): Promise<Layer | null> {
  const options = { maxBytes: MAX_SETTINGS_BYTES, limits: () => ({}) };
  return readLayer(path, () => decodeText(readObeyedFile(path, options)));
}

/** From the folder that the user trusts down to the working directory; what a project may not set is left out. */
async function projectLayers(cwd: string, home: string, own: Table): Promise<ReadLayers> {
  const folder = trustedFolder(cwd, own);
  const layers: Layer[] = [];
  const warnings: string[] = [];
  for (let dir = cwd; folder !== null; dir = dirname(dir)) {
    const path = join(dir, '.keel');
    const file = join(path, 'config.toml');
    const layer = path === home ? null : await readLayer(file, () => projectText(file, folder, warnings));
    if (layer) {
      const { projectLayer } = await import('./project-layer.ts');
      const project = projectLayer(layer, own);
      layers.unshift(project.layer);
      warnings.push(...project.warnings);
    }
    if (dir === folder || dir === dirname(dir)) break;
  }
  return { layers, warnings };
}

/** Null if there is no file, or none that the project and its owner alone decide about. */
function projectText(path: string, folder: string, warnings: string[]): string | null {
  try {
    const limits = () => ({ trusted: ownerOf(folder) });
    const judge = ({ path: real }: { readonly path: string }) => {
      if (!isInside(real, folder)) throw new UntrustedFile('it leads out of the project');
      return null;
    };
    return decodeText(readObeyedFile(path, { maxBytes: MAX_SETTINGS_BYTES, limits, judge }));
  } catch (error) {
    if (!(error instanceof UntrustedFile)) throw error;
    warnings.push(`${path} is ignored: ${error.message}`);
    return null;
  }
}

function profileLayer(name: string, layers: readonly Layer[]): Layer {
  const table = valueAt(mergeLayers(layers), ['profiles', name]);
  if (typeof table !== 'object' || table === null) {
    throw new KeelError('invalidConfig', `there is no profile "${name}" in the configuration`);
  }
  return { name: `profile ${name}`, table: { ...table }, text: null };
}

interface Resolving {
  readonly home: string;
  readonly env: Environment;
  readonly options: LoadOptions;
  readonly settings: ConfigFile;
  readonly layers: readonly Layer[];
  readonly network: NetworkRules | null;
  readonly warnings: readonly string[];
}

function resolveConfig({ home, env, options, settings, layers, network, warnings }: Resolving): Config {
  const { flags, cwd } = options;
  const localId = flags.localProvider ?? (flags.oss ? (settings.oss_provider ?? 'oss') : null);
  const providerId = localId ?? settings.model_provider ?? 'openai';
  const shell = settings.shell_environment_policy ?? {};
  const policy = sandboxPolicy(settings, flags, cwd);
  const roots = commandRoots({ cwd, sandboxPolicy: policy });
  return {
    home,
    cwd,
    env,
    model:
      flags.model ?? (localId === null ? settings.model : undefined) ?? DEFAULT_MODELS[providerId] ?? DEFAULT_MODEL,
    provider: resolveProvider(providerId, settings, env),
    approvalPolicy: flags.approvalPolicy ?? settings.approval_policy ?? 'on-request',
    sandboxPolicy: policy,
    sandbox: { ...sandboxSettings(settings, cwd), bwrapPath: bubblewrap(settings, { env, roots }), network },
    projectTrust: projectTrust(cwd, settings),
    trustedFolder: trustedFolder(cwd, settings),
    effort: settings.model_reasoning_effort ?? null,
    summary: settings.model_reasoning_summary ?? 'auto',
    verbosity: settings.model_verbosity ?? null,
    contextWindow: settings.model_context_window ?? null,
    autoCompactTokenLimit: settings.model_auto_compact_token_limit ?? null,
    undo: settings.features?.['ghost_commit'] ?? settings.features?.['undo'] ?? true,
    reviewModel: settings.review_model ?? null,
    compactPrompt: settings.compact_prompt ?? null,
    modelPrices: modelPrices(settings.model_prices ?? {}),
    compactModel: settings.compact_model ?? null,
    verifyBeforeFinish: settings.verify_before_finish ?? 'off',
    budget: { tokens: settings.budget?.tokens ?? null, minutes: settings.budget?.minutes ?? null },
    elideOutputs: settings.compact_elide_outputs ?? true,
    agents: agentSettings(settings, layers, cwd),
    skills: {
      adminRoot: join(options.systemDir ?? SYSTEM_DIR, 'skills'),
      disabled: disabledSkills(settings, env, cwd),
    },
    maxOutputTokens: settings.model_max_output_tokens ?? null,
    supportsReasoningSummaries: settings.model_supports_reasoning_summaries ?? null,
    baseInstructions: baseInstructions(settings, cwd),
    hideAgentReasoning: settings.hide_agent_reasoning ?? false,
    showRawAgentReasoning: settings.show_raw_agent_reasoning ?? localId !== null,
    projectDocMaxBytes: settings.project_doc_max_bytes ?? DEFAULT_DOC_BYTES,
    projectDocFallbackFilenames: settings.project_doc_fallback_filenames ?? [],
    shellEnvironmentPolicy: {
      inherit: shell.inherit ?? 'all',
      ignoreDefaultExcludes: shell.ignore_default_excludes ?? false,
      exclude: shell.exclude ?? [],
      set: shell.set ?? {},
      includeOnly: shell.include_only ?? [],
      useProfile: shell.experimental_use_profile ?? true,
    },
    toolSet: settings.tools?.set ?? null,
    mcpServers: mcpServers(settings, cwd),
    mcpStartupWaitMs: Math.min(
      MAX_TIMER_MS,
      Math.round((settings.mcp_startup_wait_sec ?? DEFAULT_MCP_WAIT_SEC) * 1_000),
    ),
    tui: tuiSettings(settings.tui),
    notify: settings.notify && settings.notify.length > 0 ? settings.notify : null,
    history: {
      persistence: settings.history?.persistence ?? 'save-all',
      maxBytes: settings.history?.max_bytes ?? DEFAULT_HISTORY_BYTES,
    },
    commandGraceMs: settings.command_grace_ms ?? DEFAULT_COMMAND_GRACE_MS,
    spillMaxBytes: settings.tool_output_spill_max_bytes ?? DEFAULT_SPILL_BYTES,
    secrets: knownSecrets(layers),
    storedKey: readStoredKey(home),
    warnings: [...warnings, ...ownPlaceWarnings(policy, roots)],
  };
}

function sandboxPolicy(settings: ConfigFile, { sandboxMode, addDirs = [] }: ConfigFlags, cwd: string): SandboxPolicy {
  const mode =
    sandboxMode ??
    settings.sandbox_mode ??
    (projectTrust(cwd, settings) === 'trusted' ? 'workspace-write' : 'read-only');
  if (mode !== 'workspace-write') {
    if (addDirs.length > 0 && mode === 'read-only') {
      const dirs = addDirs.join(', ');
      throw new KeelError(
        'invalidConfig',
        `--add-dir ${dirs}: nothing can be written in read-only mode; use --sandbox workspace-write or danger-full-access`,
      );
    }
    return { mode };
  }
  const details = settings.sandbox_workspace_write ?? {};
  const roots = [
    ...(details.writable_roots ?? []).map((root) =>
      existingDirectory(root, cwd, 'sandbox_workspace_write.writable_roots'),
    ),
    ...addDirs.map((root) => existingDirectory(root, cwd, '--add-dir')),
  ];
  return {
    mode,
    ...(roots.length === 0 ? {} : { writable_roots: [...new Set(roots)] }),
    network_access: details.network_access ?? false,
    exclude_tmpdir_env_var: details.exclude_tmpdir_env_var ?? false,
    exclude_slash_tmp: details.exclude_slash_tmp ?? false,
  };
}

/**
 * A command could make what is missing, and would then choose what it is. Symlinks stay in the name: the sandbox resolves it,
 * and has to know of those that commands can change.
 * @throws KeelError `invalidConfig`
 */
function existingDirectory(named: string, cwd: string, setting: string): string {
  const path = resolve(cwd, named);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new KeelError('invalidConfig', `${setting}: ${path} is not a directory that exists`);
}

/** The last word on a path counts. */
function disabledSkills({ skills }: ConfigFile, env: Environment, cwd: string): string[] {
  const enabled = new Map<string, boolean>();
  for (const { path, enabled: isEnabled = true } of skills?.config ?? []) {
    enabled.set(
      resolve(
        cwd,
        path.replace(/^~(?=\/)/, (sign) => userHome(env) ?? sign),
      ),
      isEnabled,
    );
  }
  return [...enabled].flatMap(([path, isEnabled]) => (isEnabled ? [] : [path]));
}

function modelPrices(prices: NonNullable<ConfigFile['model_prices']>): Config['modelPrices'] {
  const named = Object.entries(prices).map(([model, { input, cached_input: cachedInput = null, output }]) => {
    return [model, { input, cachedInput, output }] as const;
  });
  return Object.fromEntries(named);
}

function baseInstructions(settings: ConfigFile, cwd: string): string | null {
  const named = settings.model_instructions_file ?? settings.experimental_instructions_file;
  if (named === undefined) return null;
  const path = isAbsolute(named) ? named : resolve(cwd, named);
  let text: string;
  try {
    text = readRegularFile(path, { maxBytes: MAX_SETTINGS_BYTES }).toString('utf8').trim();
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new KeelError('invalidConfig', `the instructions file ${path} can't be read: ${reason}`, { cause });
  }
  if (text === '') throw new KeelError('invalidConfig', `the instructions file ${path} is empty`);
  return text;
}

/** With symlinks resolved; as it is named if it does not exist. */
function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Whoever uses it says that it is missing.
    return path;
  }
}

function sandboxSettings({ sandbox = {}, sandbox_workspace_write: workspace = {} }: ConfigFile, cwd: string) {
  return {
    hidden: (sandbox.hidden_paths ?? []).map((path) => resolve(cwd, path)),
    allowGitCommit: workspace.allow_git_commit ?? false,
    allowUnixSockets: sandbox.allow_unix_sockets ?? false,
    maxProcesses: sandbox.max_processes ?? null,
    maxFileBytes: sandbox.max_file_bytes ?? null,
  } satisfies Omit<SandboxSettings, 'network' | 'bwrapPath'>;
}

/** One that commands could replace would confine none of them. One that is missing is reported when a command is to run. */
function bubblewrap({ sandbox }: ConfigFile, search: ProgramSearch): string | null {
  const path = sandbox?.bubblewrap;
  if (path === undefined || !existsSync(path)) return path ?? null;
  const fault = programFault(path, search);
  if (fault === null) return path;
  throw new KeelError('invalidConfig', `sandbox.bubblewrap = ${JSON.stringify(path)} can't be used: ${fault}`);
}
