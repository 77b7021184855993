import { KeelError } from '../../../foundation/protocol/index.ts';
import {
  type LoadedConfig,
  type LoadOptions,
  loadConfigWithOrigins,
  originOf,
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
  const rows = rowsOf(loaded).filter(({ key }) => wanted === undefined || key === wanted);
  if (rows.length === 0) throw new KeelError('invalidInput', `there is no setting ${wanted}`);
  if (values.json) data(io, `${JSON.stringify(rows, null, 2)}\n`);
  else say(io, table(rows));
  for (const warning of loaded.config.warnings) note(io, `warning: ${warning}\n`);
  return 0;
}

/** All settings in force, as `keel config` shows them. @throws KeelError `invalidConfig` */
export async function configText(options: LoadOptions): Promise<string> {
  return table(rowsOf(await loadConfigWithOrigins(options)));
}

function rowsOf({ config, settings, layers }: LoadedConfig): Row[] {
  const inForce: Readonly<Record<string, unknown>> = {
    home: config.home,
    model: config.model,
    model_provider: config.provider.id,
    base_url: config.provider.baseUrl,
    approval_policy: config.approvalPolicy,
    sandbox_mode: config.sandboxPolicy.mode,
    model_reasoning_effort: config.effort,
    model_reasoning_summary: config.summary,
    model_verbosity: config.verbosity,
    model_context_window: config.contextWindow,
    model_auto_compact_token_limit: config.autoCompactTokenLimit,
    project_doc_max_bytes: config.projectDocMaxBytes,
    'history.persistence': config.history.persistence,
    'history.max_bytes': config.history.maxBytes,
    'tools.set': config.toolSet,
    tool_output_spill_max_bytes: config.spillMaxBytes,
    mcp_startup_wait_sec: config.mcpStartupWaitMs / 1_000,
  };
  const shown = new Set(Object.keys(inForce));
  const further = leaves(settings).filter(([key]) => !shown.has(key));
  return [...Object.entries(inForce), ...further].map(([key, value]) => ({
    key,
    value: shownSetting(key.split('.'), value),
    origin: key === 'base_url' || key === 'home' ? environmentOrigin(key, config) : originOf(layers, key.split('.')),
  }));
}

/** Every value of a table by its dotted key. */
function leaves(table: object, path: readonly string[] = []): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] => {
    const here = [...path, key];
    const isNested = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isNested ? leaves(value, here) : [[here.join('.'), valueAt(table as Record<string, unknown>, [key])]];
  });
}

function environmentOrigin(key: string, { env, provider }: LoadedConfig['config']): string {
  if (key === 'home') return env['KEEL_HOME'] ? 'environment KEEL_HOME' : 'default';
  return provider.baseUrl === env['OPENAI_BASE_URL'] ? 'environment OPENAI_BASE_URL' : `provider ${provider.id}`;
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ key, value, origin }) => [key, JSON.stringify(value) ?? 'null', origin]);
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell)).join('  ');
  return `${cells.map(line).join('\n')}\n`;
}
