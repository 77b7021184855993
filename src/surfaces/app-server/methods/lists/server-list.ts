import { McpConnections } from '../../../../models/mcp/index.ts';
import { type Config, CredentialFile, type McpServer } from '../../../../storage/config/index.ts';

/**
 * The configured MCP servers, with the tools that each listed when it was last reached. None is started: that is the business
 * of a thread.
 */
export function wireServers(config: Config, version: string): object[] {
  const connections = new McpConnections({
    servers: config.mcpServers,
    env: config.env,
    home: config.home,
    version,
    startupWaitMs: 0,
    launcher: {
      launch: () => Promise.reject(new Error('a list starts no server')),
      hasNetwork: () => false,
    },
    log: () => undefined,
    ask: () => Promise.resolve({ action: 'decline' }),
    onFailure: () => undefined,
  });
  const { tools } = connections.tools();
  const signIns = new CredentialFile(config.home);
  return config.mcpServers.map((server) => ({
    name: server.name,
    tools: Object.fromEntries(
      tools
        .filter((tool) => tool.server === server.name)
        .map(({ name, description, inputSchema, annotations }) => [
          name,
          { name, description: description ?? null, inputSchema: inputSchema ?? { type: 'object' }, annotations },
        ]),
    ),
    resources: [],
    resourceTemplates: [],
    authStatus: signIns.read(server) === null ? authStatus(server) : 'oAuth',
    runtimeStatus: server.enabled ? 'notStarted' : 'disabled',
  }));
}

function authStatus({ transport }: McpServer): 'unsupported' | 'bearerToken' | 'unknown' {
  if (transport.type === 'stdio') return 'unsupported';
  const headers = [...Object.keys(transport.httpHeaders), ...Object.keys(transport.envHttpHeaders)];
  const hasToken =
    transport.bearerTokenEnvVar !== null || headers.some((name) => name.toLowerCase() === 'authorization');
  return hasToken ? 'bearerToken' : 'unknown';
}
