import { checkServers } from '../../../engine/session/index.ts';
import { printable, reasonOf, version } from '../../../foundation/util/index.ts';
import type { Config, McpServer } from '../../../storage/config/index.ts';
import type { Finding } from './finding.ts';

/** Each configured MCP server that is switched on: it is started as a session would start it, and ended again. */
export async function serverFindings(config: Config): Promise<Finding[]> {
  const enabled = config.mcpServers.filter((server) => server.enabled);
  if (enabled.length === 0) return [];
  try {
    const reports = await checkServers(config, version);
    return enabled.map((server) =>
      findingOf(
        server,
        reports.find(({ name }) => name === server.name),
      ),
    );
  } catch (error) {
    return [{ name: 'MCP servers', state: 'note', detail: printable(reasonOf(error)) }];
  }
}

type Report = Awaited<ReturnType<typeof checkServers>>[number];

function findingOf(server: McpServer, report: Report | undefined): Finding {
  const name = `MCP server ${server.name}`;
  const status = report?.status ?? { type: 'off' };
  if (status.type === 'failed' || status.type === 'lost') {
    return { name, state: 'note', detail: printable(status.reason), fix: fixFor(server) };
  }
  const count = report?.tools.length ?? 0;
  return { name, state: 'ok', detail: `started, ${count} ${count === 1 ? 'tool' : 'tools'}` };
}

function fixFor({ name, transport }: McpServer): string {
  const key = `mcp_servers.${name}`;
  if (transport.type === 'streamableHttp')
    return `check ${key}.url and the server's key; ${key}.enabled = false switches it off`;
  return `run ${transport.command} by hand; ${key}.startup_timeout_sec gives it more time, ${key}.sandbox other rights`;
}
