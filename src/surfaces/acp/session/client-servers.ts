import { isAbsolute } from 'node:path';
import type { McpServer as ClientServer, EnvVariable, HttpHeader } from '@agentclientprotocol/sdk';
import { isSecretlyNamed, isSecretName } from '../../../foundation/secrets/index.ts';
import type { Config, McpHttpServer, McpServer, McpStdioServer } from '../../../storage/config/index.ts';

const STARTUP_TIMEOUT_MS = 30_000;
const TOOL_TIMEOUT_MS = 60_000;

export interface WithClientServers {
  readonly config: Config;
  /** A sentence for each server that can't be used. */
  readonly faults: readonly string[];
}

/**
 * The configuration with the MCP servers of the client, which win over configured ones of the same name. They are confined like
 * the commands of the session, and what they are given as secrets is kept out of everything that keel writes.
 */
export function withClientServers(config: Config, servers: readonly ClientServer[]): WithClientServers {
  const faults = servers.flatMap((server) => faultOf(server) ?? []);
  const usable = new Map(
    servers.filter((server) => faultOf(server) === null).map((server) => [server.name, converted(server, config.cwd)]),
  );
  const kept = config.mcpServers.filter(({ name }) => !usable.has(name));
  const secrets = { ...config.secrets, values: [...config.secrets.values, ...servers.flatMap(secretsIn)] };
  return { config: { ...config, secrets, mcpServers: [...kept, ...usable.values()] }, faults };
}

function faultOf(server: ClientServer): string | null {
  const fault = 'type' in server ? urlFault(server) : commandFault(server.command);
  return fault === null ? null : `The MCP server ${server.name} is not used: ${fault}.`;
}

function urlFault({ type, url }: { readonly type: string; readonly url: string }): string | null {
  if (type !== 'http') return `its transport is ${type}; keel starts programs and speaks streamable HTTP`;
  return URL.canParse(url) ? null : 'its address is not a URL';
}

function commandFault(command: string): string | null {
  return command.includes('/') && !isAbsolute(command) ? 'its command is a relative path' : null;
}

function converted(server: ClientServer, cwd: string): McpServer {
  return {
    name: server.name,
    enabled: true,
    transport: 'type' in server ? http(server) : stdio(server, cwd),
    startupTimeoutMs: STARTUP_TIMEOUT_MS,
    toolTimeoutMs: TOOL_TIMEOUT_MS,
    enabledTools: null,
    disabledTools: [],
    tellsInstructions: false,
    approval: 'auto',
    toolApprovals: {},
  };
}

function stdio({ command, args, env }: Exclude<ClientServer, { type: 'http' | 'sse' }>, cwd: string): McpStdioServer {
  const sandbox = 'session';
  return { type: 'stdio', command, args, env: recordOf(env), envVars: [], cwd, sandbox, networkAccess: null };
}

function http({ url, headers }: Extract<ClientServer, { type: 'http' | 'sse' }>): McpHttpServer {
  const oauth = { clientId: null, clientSecretEnvVar: null, scopes: null, callbackPort: null };
  return {
    ...{ type: 'streamableHttp', url, oauth },
    bearerTokenEnvVar: null,
    httpHeaders: recordOf(headers),
    envHttpHeaders: {},
  };
}

function recordOf(pairs: readonly (EnvVariable | HttpHeader)[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
}

function secretsIn(server: ClientServer): string[] {
  const isSecret =
    'type' in server
      ? ({ name }: HttpHeader) => isSecretName(name)
      : ({ name, value }: EnvVariable) => isSecretlyNamed(name, value);
  const pairs: readonly (EnvVariable | HttpHeader)[] = 'type' in server ? server.headers : server.env;
  return pairs.filter(isSecret).map(({ value }) => value);
}
