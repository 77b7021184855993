import { KeelError } from '../../../foundation/protocol/index.ts';
import { maskedArguments, maskedText } from '../../../foundation/secrets/index.ts';
import { type LoadedConfig, loadConfigWithOrigins } from '../../../storage/config/index.ts';
import { readCommandLine } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, say } from '../output.ts';
import { table } from '../table.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const spec = {
  usage: ['mcp list [options]', 'mcp get NAME [options]'],
  about: [
    'List the configured MCP servers, or show one of them. Values of variables and headers, and secrets in arguments and addresses, are masked unless --show-secrets is given.',
    'To add a server, write a table [mcp_servers.NAME] into config.toml: see docs/mcp.md.',
  ],
  verbs: { list: '', get: '' },
  options: {
    json: { type: 'boolean', about: 'print the servers as JSON' },
    'show-secrets': { type: 'boolean', about: 'mask nothing' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
  },
} as const satisfies CommandSpec;
const NONE = 'No MCP server is configured. Add a table [mcp_servers.NAME] to config.toml: see docs/mcp.md.\n';

/** Programs that read the list know this mask. */
const MASKED_VALUE = '*****';

type Entry = NonNullable<LoadedConfig['settings']['mcp_servers']>[string];

interface Shown {
  readonly name: string;
  readonly entry: Entry;
}

/** `keel mcp`: the configured servers. Starts none. */
export const mcpCommand: Command = { spec, run: showServers };

async function showServers(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [verb, name, ...more] = positionals;
  if (verb === undefined) throw new HelpRequested(spec);
  if (more.length > 0) throw new UsageError(`unexpected word: ${more[0]}`);
  const { settings } = await loadConfigWithOrigins({
    env: io.env,
    cwd: io.cwd,
    overrides: values.config ?? [],
    flags: {},
  });
  const servers = Object.entries(settings.mcp_servers ?? {})
    .map(([key, entry]) => ({ name: key, entry: values['show-secrets'] ? entry : masked(entry) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (verb === 'list') {
    if (name !== undefined) throw new UsageError('`keel mcp list` takes no name; use `keel mcp get NAME`');
    if (values.json) data(io, asJson(servers.map(listed)));
    else say(io, listText(servers));
    return 0;
  }
  if (verb !== 'get') throw new UsageError(`there is no "mcp ${verb}"`);
  if (name === undefined) throw new UsageError('which server? keel mcp get NAME');
  const server = servers.find((one) => one.name === name);
  if (server === undefined) throw new KeelError('invalidInput', `there is no MCP server ${name}`);
  if (values.json) data(io, asJson(described(server)));
  else say(io, describedText(server));
  return 0;
}

/** Masks all values of variables and headers, and secrets in arguments and addresses. */
function masked(entry: Entry): Entry {
  const { command, args, url, env, http_headers: headers } = entry;
  return {
    ...entry,
    ...(command === undefined ? {} : { command: maskedText(command) }),
    ...(args === undefined ? {} : { args: maskedArguments(args) }),
    ...(url === undefined ? {} : { url: maskedText(url) }),
    ...(env === undefined ? {} : { env: allMasked(env) }),
    ...(headers === undefined ? {} : { http_headers: allMasked(headers) }),
  };
}

function allMasked(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(given).map((key) => [key, MASKED_VALUE]));
}

function transportOf(entry: Entry): object {
  if (entry.command !== undefined) {
    const { command, args = [], env = null, env_vars = [], cwd = null } = entry;
    return { type: 'stdio', command, args, env, env_vars, cwd };
  }
  const { url, bearer_token_env_var = null, http_headers = null, env_http_headers = null } = entry;
  return { type: 'streamable_http', url, bearer_token_env_var, http_headers, env_http_headers };
}

function common({ name, entry }: Shown) {
  return {
    name,
    enabled: entry.enabled ?? true,
    transport: transportOf(entry),
    startup_timeout_sec: startupTimeoutSec(entry),
    tool_timeout_sec: entry.tool_timeout_sec ?? null,
  };
}

function startupTimeoutSec({ startup_timeout_sec: seconds, startup_timeout_ms: ms }: Entry): number | null {
  return seconds ?? (ms === undefined ? null : ms / 1_000);
}

function listed(server: Shown): object {
  return { ...common(server), auth_status: authStatus(server.entry) };
}

function described(server: Shown): object {
  const { enabled_tools = null, disabled_tools = null } = server.entry;
  return { ...common(server), enabled_tools, disabled_tools };
}

function authStatus({ bearer_token_env_var, http_headers = {}, env_http_headers = {} }: Entry): string {
  const headers = [...Object.keys(http_headers), ...Object.keys(env_http_headers)];
  const hasToken = bearer_token_env_var !== undefined || headers.some((name) => name.toLowerCase() === 'authorization');
  return hasToken ? 'bearer_token' : 'unsupported';
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function listText(servers: readonly Shown[]): string {
  if (servers.length === 0) return NONE;
  const status = ({ enabled = true }: Entry) => (enabled ? 'enabled' : 'disabled');
  const started = servers.filter(({ entry }) => entry.command !== undefined);
  const reached = servers.filter(({ entry }) => entry.command === undefined);
  const tables = [
    table(
      ['Name', 'Command', 'Args', 'Env', 'Cwd', 'Status', 'Auth'],
      started.map(({ name, entry }) => [
        name,
        entry.command,
        entry.args?.join(' '),
        variables(entry),
        entry.cwd,
        status(entry),
        authStatus(entry),
      ]),
    ),
    table(
      ['Name', 'Url', 'Bearer Token Env Var', 'Status', 'Auth'],
      reached.map(({ name, entry }) => [name, entry.url, entry.bearer_token_env_var, status(entry), authStatus(entry)]),
    ),
  ];
  return tables.filter((text) => text !== '').join('\n');
}

/** Variables with a value as `NAME=value`, inherited ones by name. */
function variables({ env = {}, env_vars = [] }: Entry): string {
  return [...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...env_vars].join(', ');
}

function describedText(server: Shown): string {
  const { name, entry } = server;
  if (entry.enabled === false) return `${name} (disabled)\n`;
  const { transport, ...rest } = { ...common(server), ...described(server) };
  const rows = Object.entries({ ...transport, ...rest }).filter(([key]) => key !== 'name');
  return `${name}\n${rows.map(([key, value]) => `  ${key}: ${shownValue(value)}\n`).join('')}`;
}

function shownValue(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(' ');
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key}=${String(one)}`)
    .join(', ');
}
