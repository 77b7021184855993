import { isAbsolute, join, resolve } from 'node:path';
import { readRegularFile } from '../../foundation/files/index.ts';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf, userHome } from '../../foundation/util/index.ts';
import type { NetworkRules } from '../../system/network/index.ts';
import { readStoredKey } from './auth.ts';
import { defaultModel } from './built-in-providers.ts';
import { knownSecrets } from './known-secrets.ts';
import {
  type ConfigFile,
  type Layer,
  MAX_SETTINGS_BYTES,
  projectTrust,
  type ServerDefinition,
  trustedFolder,
} from './layers/index.ts';
import type { ConfigFlags } from './load-options.ts';
import { commandRoots, ownPlaceWarnings } from './programs.ts';
import { impliedProvider, MAX_TIMER_MS, resolveProvider } from './providers.ts';
import { agentSettings } from './sections/agents.ts';
import { mcpServers } from './sections/mcp-servers.ts';
import { bubblewrap, sandboxPolicy, sandboxSettings } from './sections/sandbox-settings.ts';
import { logSettings, telemetrySettings } from './sections/telemetry.ts';
import { tuiSettings } from './sections/tui.ts';
import { webSearch } from './sections/web-search.ts';
import type { Config, Environment } from './types.ts';

const DEFAULT_DOC_BYTES = 32_768;
const DEFAULT_HISTORY_BYTES = 8 * 1024 * 1024;
const DEFAULT_SPILL_BYTES = 64 * 1024 * 1024;
const DEFAULT_MCP_WAIT_SEC = 10;
const DEFAULT_MCP_SEARCH_BYTES = 8 * 1024;
/** Enough for a clean-up handler, too short to be a wait for whoever interrupts. */
const DEFAULT_COMMAND_GRACE_MS = 500;

export interface ReadSettings {
  readonly home: string;
  readonly env: Environment;
  /** Absolute, with symlinks resolved. */
  readonly cwd: string;
  readonly flags: ConfigFlags;
  /** Where the machine's administrator puts things. */
  readonly systemDir: string;
  readonly plugins: Config['plugins'];
  readonly settings: ConfigFile;
  readonly layers: readonly Layer[];
  readonly network: NetworkRules | null;
  readonly chosen: Config['chosen'];
  readonly managed: Config['managed'];
  /** MCP servers of the project that are in the settings. */
  readonly definitions: readonly ServerDefinition[];
  readonly warnings: readonly string[];
}

/** Fills in every default. @throws KeelError `invalidConfig` for what the schema can't see, such as a file that is missing */
export function resolveConfig({
  home,
  env,
  cwd,
  flags,
  systemDir,
  plugins,
  settings,
  layers,
  network,
  chosen,
  managed,
  definitions,
  warnings,
}: ReadSettings): Config {
  const storedKey = readStoredKey(home);
  const providerId = settings.model_provider ?? impliedProvider(settings, env, storedKey);
  const shell = settings.shell_environment_policy ?? {};
  const policy = sandboxPolicy(settings, flags, cwd);
  const roots = commandRoots({ cwd, sandboxPolicy: policy });
  const provider = resolveProvider(providerId, { settings, env, home, storedKey });
  const search = webSearch(settings, flags, provider);
  return {
    home,
    cwd,
    env,
    model: settings.model ?? defaultModel(providerId),
    provider,
    approvalPolicy: settings.approval_policy ?? 'on-request',
    sandboxPolicy: policy,
    sandbox: { ...sandboxSettings(settings, cwd), bwrapPath: bubblewrap(settings, { env, roots }), network },
    projectTrust: projectTrust(cwd, settings),
    trustedFolder: trustedFolder(cwd, settings),
    chosen,
    managed,
    effort: settings.model_reasoning_effort ?? null,
    summary: settings.model_reasoning_summary ?? 'auto',
    verbosity: settings.model_verbosity ?? null,
    contextWindow: settings.model_context_window ?? null,
    autoCompactTokenLimit: settings.model_auto_compact_token_limit ?? null,
    undo: settings.features?.['ghost_commit'] ?? settings.features?.['undo'] ?? true,
    reviewModel: settings.review_model ?? null,
    compactPrompt: settings.compact_prompt ?? null,
    modelPrices: modelPrices(settings.model_prices ?? {}),
    models: modelSettings(settings.models ?? {}),
    compactModel: settings.compact_model ?? null,
    fallbackModel: settings.fallback_model ?? null,
    verifyBeforeFinish: settings.verify_before_finish ?? 'off',
    budget: {
      tokens: settings.budget?.tokens ?? null,
      minutes: settings.budget?.minutes ?? null,
      cost: settings.budget?.cost ?? null,
      turns: settings.budget?.turns ?? null,
    },
    waitForQuota: settings.wait_for_quota ?? false,
    elideOutputs: settings.compact_elide_outputs ?? true,
    plugins,
    agents: agentSettings(settings, layers, cwd),
    skills: {
      adminRoot: join(systemDir, 'skills'),
      disabled: disabledSkills(settings, env, cwd),
    },
    maxOutputTokens: settings.model_max_output_tokens ?? null,
    supportsReasoningSummaries: settings.model_supports_reasoning_summaries ?? null,
    baseInstructions: baseInstructions(settings, cwd),
    addedInstructions: settings.developer_instructions?.trim() || null,
    hideAgentReasoning: settings.hide_agent_reasoning ?? false,
    showRawAgentReasoning:
      settings.show_raw_agent_reasoning ?? (flags.oss === true || flags.localProvider !== undefined),
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
    webFetch: settings.tools?.web_fetch ?? false,
    webSearch: search.isOffered,
    checksSyntax: settings.tools?.check_syntax ?? true,
    tools: { allowed: settings.tools?.allowed ?? null, disallowed: settings.tools?.disallowed ?? [] },
    mcpServers: mcpServers(settings, cwd, definitions),
    mcpToolSearchBytes: settings.mcp_tool_search_bytes ?? DEFAULT_MCP_SEARCH_BYTES,
    mcpStartupWaitMs: Math.min(
      MAX_TIMER_MS,
      Math.round((settings.mcp_startup_wait_sec ?? DEFAULT_MCP_WAIT_SEC) * 1_000),
    ),
    acp: { clientFs: settings.acp?.client_fs ?? false },
    tui: tuiSettings(settings.tui),
    notify: settings.notify && settings.notify.length > 0 ? settings.notify : null,
    hooks: {
      enabled: settings.hooks?.enabled ?? true,
      files: settings.hooks?.files ?? ['keel', 'claude', 'codex'],
      sandbox: settings.hooks?.sandbox ?? 'session',
    },
    history: {
      persistence: settings.history?.persistence ?? 'save-all',
      maxBytes: settings.history?.max_bytes ?? DEFAULT_HISTORY_BYTES,
    },
    telemetry: telemetrySettings(settings),
    log: logSettings(settings, { home, env, cwd }),
    commandGraceMs: settings.command_grace_ms ?? DEFAULT_COMMAND_GRACE_MS,
    spillMaxBytes: settings.tool_output_spill_max_bytes ?? DEFAULT_SPILL_BYTES,
    secrets: knownSecrets(layers),
    storedKey,
    credentialStores: {
      login: settings.cli_auth_credentials_store ?? 'auto',
      mcp: settings.mcp_oauth_credentials_store ?? 'auto',
    },
    signIn: { issuer: issuerOf(settings), clientId: settings.chatgpt_client_id?.trim() || null },
    warnings: [...warnings, ...search.warnings, ...ownPlaceWarnings(policy, roots)],
  };
}

/** @throws KeelError `invalidConfig` for an address at which tokens could be read on their way */
function issuerOf({ chatgpt_issuer: issuer = 'https://auth.openai.com' }: ConfigFile): string {
  const url = URL.parse(issuer);
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && /^(?:localhost|127\.0\.0\.1)$/.test(url.hostname));
  if (!isSafe) throw new KeelError('invalidConfig', 'chatgpt_issuer has to be an https address');
  return issuer.replace(/\/+$/, '');
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
  const named = Object.entries(prices).map(([model, price]) => {
    const { input, cached_input: cachedInput = null, output, cache_write: cacheWrite = null } = price;
    return [model, { input, cachedInput, output, cacheWrite }] as const;
  });
  return Object.fromEntries(named);
}

function modelSettings(models: NonNullable<ConfigFile['models']>): Config['models'] {
  const named = Object.entries(models).map(([model, settings]) => {
    const { context_window: contextWindow, max_output_tokens: maxOutputTokens, reasoning, efforts, tools } = settings;
    return [model, { contextWindow, maxOutputTokens, reasoning, efforts, tools }] as const;
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
