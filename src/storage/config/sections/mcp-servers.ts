import { resolve } from 'node:path';
import type { ConfigFile, ServerDefinition } from '../layers/index.ts';
import type { McpHttpServer, McpServer, McpStdioServer } from './mcp-types.ts';

const DEFAULT_STARTUP_TIMEOUT_MS = 10_000;
const DEFAULT_TOOL_TIMEOUT_MS = 60_000;

type Entry = NonNullable<ConfigFile['mcp_servers']>[string];

/** The configured MCP servers by name, also those that are switched off; `cwd` is absolute. `definitions`: of those that are the project's. */
export function mcpServers(
  { mcp_servers = {} }: ConfigFile,
  cwd: string,
  definitions: readonly ServerDefinition[],
): McpServer[] {
  const names = Object.keys(mcp_servers).sort();
  return names.flatMap((name) => {
    const entry = mcp_servers[name];
    return entry === undefined
      ? []
      : [mcpServer(name, entry, { cwd, definition: definitions.find((one) => one.name === name) })];
  });
}

interface Origin {
  readonly cwd: string;
  readonly definition: ServerDefinition | undefined;
}

function mcpServer(name: string, entry: Entry, origin: Origin): McpServer {
  const approvals = Object.entries(entry.tools ?? {}).flatMap(([tool, { approval_mode: mode }]) =>
    mode === undefined ? [] : [[tool, mode] as const],
  );
  return {
    name,
    enabled: entry.enabled ?? true,
    transport: entry.command === undefined ? httpServer(entry) : stdioServer(entry, entry.command, origin),
    startupTimeoutMs: startupTimeoutMs(entry),
    toolTimeoutMs: milliseconds(entry.tool_timeout_sec) ?? DEFAULT_TOOL_TIMEOUT_MS,
    enabledTools: entry.enabled_tools ?? null,
    disabledTools: entry.disabled_tools ?? [],
    tellsInstructions: entry.instructions ?? false,
    approval: entry.default_tools_approval_mode ?? 'auto',
    toolApprovals: Object.fromEntries(approvals),
  };
}

/** Seconds win where an older file has both. */
function startupTimeoutMs({ startup_timeout_sec: seconds, startup_timeout_ms: ms }: Entry): number {
  return milliseconds(seconds) ?? ms ?? DEFAULT_STARTUP_TIMEOUT_MS;
}

function milliseconds(seconds: number | undefined): number | null {
  return seconds === undefined ? null : Math.round(seconds * 1_000);
}

function stdioServer(entry: Entry, command: string, { cwd, definition }: Origin): McpStdioServer {
  return {
    type: 'stdio',
    command,
    args: entry.args ?? [],
    env: entry.env ?? {},
    envVars: entry.env_vars ?? [],
    cwd: resolve(cwd, entry.cwd ?? ''),
    sandbox: entry.sandbox ?? 'session',
    networkAccess: entry.network_access ?? null,
    ...(definition === undefined ? {} : { definition }),
  };
}

function httpServer(entry: Entry): McpHttpServer {
  return {
    type: 'streamableHttp',
    url: entry.url ?? '',
    bearerTokenEnvVar: entry.bearer_token_env_var ?? null,
    httpHeaders: entry.http_headers ?? {},
    envHttpHeaders: entry.env_http_headers ?? {},
    oauth: {
      clientId: entry.oauth?.client_id ?? null,
      clientSecretEnvVar: entry.oauth?.client_secret_env_var ?? null,
      scopes: entry.scopes ?? null,
      callbackPort: entry.oauth?.callback_port ?? null,
    },
  };
}
