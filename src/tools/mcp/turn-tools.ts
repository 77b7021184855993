import type { LeftOutTool, McpTool } from '../../models/mcp/index.ts';
import type { McpServer } from '../../storage/config/index.ts';
import type { ToolHandler, ToolRegistry } from '../contract/index.ts';
import { type McpCaller, mcpTool } from './mcp-tool.ts';
import { type ResourceReader, resourceTools } from './resource-tools.ts';

export interface McpToolsOptions {
  readonly caller: McpCaller & ResourceReader;
  /** Whether a server offers something to be read. */
  readonly hasResources: boolean;
  readonly servers: readonly McpServer[];
  /** What the servers offer in this turn, in the order of the request. */
  readonly tools: readonly McpTool[];
}

/** The tools of a turn with those of its servers. */
export interface WithMcpTools {
  readonly registry: ToolRegistry;
  /** Names to offer, in order: the tools that read resources, if there are any, then the tools of the servers. */
  readonly names: readonly string[];
  /** Tools that are not offered, because their arguments can't be described to a provider. */
  readonly leftOut: readonly LeftOutTool[];
}

/** Adds what servers offer to the tools that come with keel, for one turn. */
export function withMcpTools(registry: ToolRegistry, options: McpToolsOptions): WithMcpTools {
  const { caller, hasResources, servers, tools } = options;
  const leftOut: LeftOutTool[] = [];
  const resources = hasResources ? resourceTools(caller) : [];
  const offered = tools.flatMap((tool) => {
    const server = servers.find(({ name }) => name === tool.server);
    const approval = server?.toolApprovals[tool.name] ?? server?.approval ?? 'auto';
    const registration = mcpTool(tool, { caller, approval });
    if (registration === null) {
      leftOut.push({ server: tool.server, name: tool.name, reason: "its arguments can't be described" });
    }
    return registration ?? [];
  });
  const isMcpName = (name: string) => name.startsWith('mcp__');
  return {
    registry: registry.with([...resources, ...offered], (name) => (isMcpName(name) ? goneMcpTool : null)),
    names: [...resources, ...offered].map(({ name }) => name),
    leftOut,
  };
}

/** Answers calls of a server's tool that doesn't exist (any more). It `asks`, so that a call which was started before is not started again. */
const goneMcpTool: ToolHandler = {
  payloads: ['function'],
  parallel: false,
  repeat: 'asks',
  run: ({ name }) => Promise.resolve({ body: `err: the tool ${name} is not available now`, success: false }),
};
