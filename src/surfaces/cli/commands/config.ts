import { KeelError } from '../../../foundation/protocol/index.ts';
import { nearestName } from '../../../foundation/util/index.ts';
import {
  type LoadedConfig,
  type LoadOptions,
  loadConfigWithOrigins,
  originOf,
  settingNames,
  shownSetting,
  valueAt,
} from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, note, say } from '../output.ts';

const spec = {
  usage: ['config [KEY] [options]'],
  about: [
    'Show the settings in force and where each comes from: a file and line, a profile, the command line, the environment, or the default. With KEY, show one of them, such as `model`, or a table, such as `sandbox`.',
  ],
  options: {
    json: { type: 'boolean', about: 'print the settings as JSON' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
    profile: { type: 'string', short: 'p', value: 'NAME', about: 'profile of the configuration' },
    'strict-config': { type: 'boolean', about: 'treat an unknown key in the configuration as an error' },
  },
} as const satisfies CommandSpec;

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}

/** `keel config`: the settings in force, each with its origin. */
export const configCommand: Command = { spec, run: showConfig };

async function showConfig(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [wanted, ...more] = positionals;
  refuseMore(more);
  const loaded = await loadConfigWithOrigins({
    env: io.env,
    cwd: io.cwd,
    overrides: values.config ?? [],
    flags: values.profile === undefined ? {} : { profile: values.profile },
    strict: values['strict-config'] ?? false,
  });
  const all = await rowsOf(loaded);
  const rows = wanted === undefined ? all : all.filter(({ key }) => key === wanted || key.startsWith(`${wanted}.`));
  if (rows.length === 0) throw unknownKey(wanted ?? '', all);
  if (values.json) data(io, `${JSON.stringify(rows, null, 2)}\n`);
  else say(io, listOf(rows));
  for (const warning of loaded.config.warnings) note(io, `warning: ${warning}\n`);
  return 0;
}

/** All settings in force, as `keel config` shows them. @throws KeelError `invalidConfig` */
export async function configText(options: LoadOptions): Promise<string> {
  return listOf(await rowsOf(await loadConfigWithOrigins(options)));
}

function unknownKey(wanted: string, rows: readonly Row[]): KeelError {
  const nearest = nearestName(
    wanted,
    rows.map(({ key }) => key),
    Math.max(2, wanted.length / 4),
  );
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  return new KeelError('invalidInput', `there is no setting ${wanted}${hint}`);
}

/** Every setting there is: those that are set, those with a default, and the others with null. */
async function rowsOf({ config, settings, layers }: LoadedConfig): Promise<Row[]> {
  const inForce = valuesInForce(config);
  const values = new Map([
    ...Object.entries(inForce),
    ...leaves(settings).filter(([key]) => !Object.hasOwn(inForce, key)),
  ]);
  const names = await settingNames();
  const unset = names.filter((key) => !values.has(key) && ![...values.keys()].some((set) => set.startsWith(`${key}.`)));
  return [...values, ...unset.map((key) => [key, null] as const)].map(([key, value]) => ({
    key,
    value: value === null ? null : shownSetting(key.split('.'), value),
    origin: environmentOrigin(key, config) ?? originOf(layers, key.split('.')),
  }));
}

/** The settings that have a value whatever is configured, by the names that set them. */
function valuesInForce(config: LoadedConfig['config']): Readonly<Record<string, unknown>> {
  const policy = config.sandboxPolicy.mode === 'workspace-write' ? config.sandboxPolicy : null;
  const { shellEnvironmentPolicy: shell } = config;
  return {
    home: config.home,
    model: config.model,
    model_provider: config.provider.id,
    base_url: config.provider.baseUrl,
    approval_policy: config.approvalPolicy,
    sandbox_mode: config.sandboxPolicy.mode,
    ...(policy === null ? {} : { 'sandbox_workspace_write.writable_roots': policy.writable_roots ?? [] }),
    'sandbox_workspace_write.network_access': policy?.network_access ?? false,
    'sandbox_workspace_write.exclude_tmpdir_env_var': policy?.exclude_tmpdir_env_var ?? false,
    'sandbox_workspace_write.exclude_slash_tmp': policy?.exclude_slash_tmp ?? false,
    'sandbox_workspace_write.allow_git_commit': config.sandbox.allowGitCommit,
    'sandbox.hidden_paths': config.sandbox.hidden,
    'sandbox.allow_unix_sockets': config.sandbox.allowUnixSockets,
    model_reasoning_effort: config.effort,
    model_reasoning_summary: config.summary,
    model_verbosity: config.verbosity,
    model_context_window: config.contextWindow,
    model_max_output_tokens: config.maxOutputTokens,
    model_auto_compact_token_limit: config.autoCompactTokenLimit,
    verify_before_finish: config.verifyBeforeFinish,
    wait_for_quota: config.waitForQuota,
    compact_elide_outputs: config.elideOutputs,
    command_grace_ms: config.commandGraceMs,
    'features.ghost_commit': config.undo,
    'features.multi_agent': config.agents.enabled,
    'agents.max_threads': config.agents.maxThreads,
    'agents.max_depth': config.agents.maxDepth,
    project_doc_max_bytes: config.projectDocMaxBytes,
    project_doc_fallback_filenames: config.projectDocFallbackFilenames,
    'shell_environment_policy.inherit': shell.inherit,
    'shell_environment_policy.ignore_default_excludes': shell.ignoreDefaultExcludes,
    'shell_environment_policy.experimental_use_profile': shell.useProfile,
    hide_agent_reasoning: config.hideAgentReasoning,
    show_raw_agent_reasoning: config.showRawAgentReasoning,
    'history.persistence': config.history.persistence,
    'history.max_bytes': config.history.maxBytes,
    'tools.set': config.toolSet,
    'tools.check_syntax': config.checksSyntax,
    'acp.client_fs': config.acp.clientFs,
    'tools.web_fetch': config.webFetch,
    'tools.web_search': config.webSearch,
    'tui.notifications': config.tui.notifications,
    'tui.notification_method': config.tui.notificationMethod,
    'tui.animations': config.tui.animations,
    'tui.screen_reader': config.tui.screenReader,
    'tui.theme': config.tui.theme,
    tool_output_spill_max_bytes: config.spillMaxBytes,
    mcp_startup_wait_sec: config.mcpStartupWaitMs / 1_000,
  };
}

/** Every value of a table by its dotted key. */
function leaves(table: object, path: readonly string[] = []): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] => {
    const here = [...path, key];
    const isNested = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isNested ? leaves(value, here) : [[here.join('.'), valueAt(table as Record<string, unknown>, [key])]];
  });
}

/** What no setting decides; null for the others. */
function environmentOrigin(key: string, { env, provider }: LoadedConfig['config']): string | null {
  if (key === 'home') return env['KEEL_HOME'] ? 'environment KEEL_HOME' : 'default';
  if (key !== 'base_url') return null;
  return provider.baseUrl === env['OPENAI_BASE_URL'] ? 'environment OPENAI_BASE_URL' : `provider ${provider.id}`;
}

/** Lines fit a terminal of this many columns, unless a value or a path alone is longer. */
const WIDTH = 80;
/** Where origins start if the setting leaves room. */
const ORIGIN_COLUMN = 50;

function listOf(rows: readonly Row[]): string {
  return rows.map((row) => `${shown(row)}\n`).join('');
}

/** A setting as in the file, with its origin as a comment, on a line of its own where both don't fit. */
function shown({ key, value, origin }: Row): string {
  const text = JSON.stringify(value) ?? 'null';
  const setting = `${key} = ${text}`;
  const from = `# ${origin}`;
  for (const column of [ORIGIN_COLUMN, 0]) {
    const start = Math.max(column, setting.length + 2);
    if (start + from.length <= WIDTH) return `${setting.padEnd(start)}${from}`;
  }
  return `${setting.length <= WIDTH ? setting : `${key} =\n    ${text}`}\n    ${from}`;
}
