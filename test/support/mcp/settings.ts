import { join } from 'node:path';

export const serverFile = join(import.meta.dirname, 'stdio-server.ts');

/** The settings of a server of the tests, as `-c` takes them: its mode and state file, and further keys. */
export function stdioServer(
  name: string,
  args: readonly string[] = [],
  more: Readonly<Record<string, unknown>> = {},
): string {
  // Node itself may lie with the checkout below /tmp, where no server that has more rights than commands may come from.
  return mcpServer(name, { command: '/usr/bin/env', args: [process.execPath, serverFile, ...args], ...more });
}

export function mcpServer(name: string, settings: Readonly<Record<string, unknown>>): string {
  return `mcp_servers.${name}=${toml(settings)}`;
}

/** A value of JSON as TOML. */
function toml(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}=${toml(inner)}`)}}`;
}
