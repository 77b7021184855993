import { checkServers } from '../../../../engine/session/index.ts';
import { version } from '../../../../foundation/util/index.ts';
import { loadConfig } from '../../../../storage/config/index.ts';
import { data, note, say } from '../../output.ts';
import { type McpPlace, unknownServer } from './show.ts';

/** `keel mcp test`: starts or reaches one server as a session would, also one that is switched off. Exit code 1: it failed. */
export async function testServer({ io, values }: McpPlace, name: string): Promise<number> {
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: values.config ?? [], flags: {} });
  const server = config.mcpServers.find((one) => one.name === name);
  if (server === undefined) throw unknownServer(name);
  const [report] = await checkServers({ ...config, mcpServers: [{ ...server, enabled: true }] }, version);
  const status = report?.status ?? { type: 'off' };
  const reason = status.type === 'failed' || status.type === 'lost' ? status.reason : null;
  const tools = report?.tools ?? [];
  if (values.json) data(io, `${JSON.stringify({ name, ok: reason === null, reason, tools }, null, 2)}\n`);
  else if (reason !== null) note(io, `MCP server ${name} does not work: ${reason}\n`);
  else {
    say(io, `MCP server ${name} works and offers ${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}.\n`);
    say(io, tools.map((tool) => `  ${tool}\n`).join(''));
  }
  return reason === null ? 0 : 1;
}
