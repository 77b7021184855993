import { KeelError } from '../../../../foundation/protocol/index.ts';
import { maskedArguments, maskedText } from '../../../../foundation/secrets/index.ts';
import { CredentialFile, type LoadedConfig, loadConfigWithOrigins } from '../../../../storage/config/index.ts';
import type { CommandIo } from '../../io.ts';
import { data, say } from '../../output.ts';
import { table } from '../../table.ts';
import type { McpValues } from './spec.ts';

const NONE = 'No MCP server is configured. Add one: keel mcp add NAME -- COMMAND, or keel mcp add NAME --url URL.\n';

/** Programs that read the list know this mask. */
const MASKED_VALUE = '*****';

type Entry = NonNullable<LoadedConfig['settings']['mcp_servers']>[string];

interface Shown {
  readonly name: string;
  readonly entry: Entry;
  /** The user has signed in. */
  readonly isSignedIn: boolean;
}

/** What every verb works with. */
export interface McpPlace {
  readonly io: CommandIo;
  readonly values: McpValues;
}

/** `keel mcp list`: the configured servers. Starts none. */
export async function listServers({ io, values }: McpPlace): Promise<number> {
  const servers = await shownServers({ io, values });
  if (values.json) data(io, asJson(servers.map(listed)));
  else say(io, listText(servers));
  return 0;
}

/** `keel mcp get NAME`. @throws KeelError for a server that there isn't */
export async function showServer({ io, values }: McpPlace, name: string): Promise<number> {
  const server = (await shownServers({ io, values })).find((one) => one.name === name);
  if (server === undefined) throw unknownServer(name);
  if (values.json) data(io, asJson(described(server)));
  else say(io, describedText(server));
  return 0;
}

export function unknownServer(name: string): KeelError {
  return new KeelError('invalidInput', `there is no MCP server ${name}`);
}

async function shownServers({ io, values }: McpPlace): Promise<Shown[]> {
  const overrides = values.config ?? [];
  const { settings, config } = await loadConfigWithOrigins({ env: io.env, cwd: io.cwd, overrides, flags: {} });
  const signIns = new CredentialFile(config.home);
  const signedIn = new Set(config.mcpServers.filter((one) => signIns.read(one) !== null).map(({ name }) => name));
  return Object.entries(settings.mcp_servers ?? {})
    .map(([name, entry]) => ({
      name,
      entry: values['show-secrets'] ? entry : masked(entry),
      isSignedIn: signedIn.has(name),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
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
  return { ...common(server), auth_status: authStatus(server) };
}

function described(server: Shown): object {
  const { enabled_tools = null, disabled_tools = null } = server.entry;
  return { ...common(server), enabled_tools, disabled_tools };
}

function authStatus({ entry, isSignedIn }: Shown): string {
  const { bearer_token_env_var, http_headers = {}, env_http_headers = {}, scopes, oauth } = entry;
  const headers = [...Object.keys(http_headers), ...Object.keys(env_http_headers)];
  const hasToken = bearer_token_env_var !== undefined || headers.some((name) => name.toLowerCase() === 'authorization');
  if (hasToken) return 'bearer_token';
  if (isSignedIn) return 'o_auth';
  // Whether a server has a sign-in where the settings say nothing of it is known only to who asks it.
  return scopes === undefined && oauth === undefined ? 'unsupported' : 'not_logged_in';
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
      started.map((server) => {
        const { name, entry } = server;
        const args = entry.args?.join(' ');
        return [name, entry.command, args, variables(entry), entry.cwd, status(entry), authStatus(server)];
      }),
    ),
    table(
      ['Name', 'Url', 'Bearer Token Env Var', 'Status', 'Auth'],
      reached.map((server) => {
        const { name, entry } = server;
        return [name, entry.url, entry.bearer_token_env_var, status(entry), authStatus(server)];
      }),
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
