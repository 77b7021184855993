import { createHash } from 'node:crypto';
import type { McpServer } from '../../storage/config/index.ts';
import type { ListedTool, McpTool } from './types.ts';

/** What providers take as the name of a function. */
const MAX_NAME_CHARS = 64;
/** Kept of a longer name; its SHA-1 in hex, 40 characters, follows. */
const KEPT_CHARS = 24;

/** Whether a server's name can be part of a tool's. */
export function isServerName(name: string): boolean {
  return /^[a-zA-Z0-9_-]+$/.test(name);
}

/** The name by which a model calls a tool: always the same for the same tool, never more than a provider takes. */
function qualifiedName(server: string, tool: string): string {
  const full = `mcp__${server}__${tool}`;
  const name = full.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
  if (name.length <= MAX_NAME_CHARS) return name;
  return name.slice(0, KEPT_CHARS) + createHash('sha1').update(full).digest('hex');
}

/** Whether the user lets this tool be used. */
export function isAllowed({ enabledTools, disabledTools }: McpServer, tool: string): boolean {
  return (enabledTools === null || enabledTools.includes(tool)) && !disabledTools.includes(tool);
}

export interface ServerTools {
  readonly server: McpServer;
  readonly tools: readonly ListedTool[];
}

/**
 * The tools of all servers as a model is offered them, in byte order of their names. Of two with the same name the first
 * counts; `onCollision` gets the other.
 */
export function offeredMcpTools(servers: readonly ServerTools[], onCollision: (tool: McpTool) => void): McpTool[] {
  const byName = new Map<string, McpTool>();
  for (const { server, tools } of servers) {
    for (const listed of tools.filter(({ name }) => isAllowed(server, name))) {
      const tool = { ...listed, server: server.name, qualifiedName: qualifiedName(server.name, listed.name) };
      if (byName.has(tool.qualifiedName)) onCollision(tool);
      else byName.set(tool.qualifiedName, tool);
    }
  }
  return [...byName.values()].sort((a, b) => (a.qualifiedName < b.qualifiedName ? -1 : 1));
}
