import { byteLength, ownValue } from '../../foundation/util/index.ts';
import type { LeftOutTool, McpTool } from '../../models/mcp/index.ts';
import type { McpServer } from '../../storage/config/index.ts';
import { failedOutput, type Tool, type ToolHandler, type ToolRegistry } from '../contract/index.ts';
import { type McpCaller, mcpTool } from './mcp-tool.ts';
import { type ResourceReader, resourceTools } from './resource-tools.ts';
import { toolSearch } from './tool-search.ts';

export interface McpToolsOptions {
  readonly caller: McpCaller & ResourceReader;
  /** Whether a server offers something to be read. */
  readonly hasResources: boolean;
  readonly servers: readonly McpServer[];
  /** What the servers offer in this turn, in the order of the request. */
  readonly tools: readonly McpTool[];
  /** Whether the user lets a tool of this name be offered. */
  readonly isAllowed: (name: string) => boolean;
  /** If the specs of the tools take more bytes than this, a request carries a tool to search them instead. */
  readonly searchAboveBytes: number;
  /** Names of tools that the thread has been offered or has found, in that order: they stay. */
  readonly kept: readonly string[];
}

/** The tools of a turn with those of its servers. */
export interface WithMcpTools {
  readonly registry: ToolRegistry;
  /** Names to offer, in order: the tools that read resources, if there are any, then the tools of the servers or their search. */
  readonly names: readonly string[];
  /** Names of tools that can be called and are offered once they are found. */
  readonly deferred: readonly string[];
  /** Tools that are not offered, because their arguments can't be described to a provider. */
  readonly leftOut: readonly LeftOutTool[];
}

/** Adds what servers offer to the tools that come with keel, for one turn. */
export function withMcpTools(registry: ToolRegistry, options: McpToolsOptions): WithMcpTools {
  const { caller, hasResources, servers, tools, isAllowed } = options;
  const leftOut: LeftOutTool[] = [];
  const resources = (hasResources ? resourceTools(caller) : []).filter(({ name }) => isAllowed(name));
  const usable = tools.flatMap((tool) => {
    const server = servers.find(({ name }) => name === tool.server);
    const approval = ownValue(server?.toolApprovals ?? {}, tool.name) ?? server?.approval ?? 'auto';
    const registration = mcpTool(tool, { caller, approval });
    if (registration === null) {
      leftOut.push({ server: tool.server, name: tool.name, reason: "its arguments can't be described" });
    }
    return registration === null || !isAllowed(tool.qualifiedName) ? [] : [{ ...registration, tool }];
  });
  const { shown, deferred } = shownTools(usable, options);
  const isMcpName = (name: string) => name.startsWith('mcp__');
  return {
    registry: registry.with([...resources, ...shown, ...deferred], (name) => (isMcpName(name) ? goneMcpTool : null)),
    names: [...resources, ...shown].map(({ name }) => name),
    deferred: deferred.map(({ name }) => name),
    leftOut,
  };
}

type UsableTool = Tool & { readonly tool: McpTool };

/** All tools where they are few; else their search, and those that the thread knows already. */
function shownTools(
  usable: readonly UsableTool[],
  { kept, searchAboveBytes }: McpToolsOptions,
): { readonly shown: readonly Tool[]; readonly deferred: readonly Tool[] } {
  const bytes = usable.reduce((sum, { spec }) => sum + byteLength(JSON.stringify(spec)), 0);
  if (bytes <= searchAboveBytes) return { shown: usable, deferred: [] };
  const known = [...new Set(kept)].flatMap((name) => usable.find((tool) => tool.name === name) ?? []);
  return {
    shown: [toolSearch(usable.map(({ tool }) => tool)), ...known],
    deferred: usable.filter((tool) => !known.includes(tool)),
  };
}

/** Answers calls of a server's tool that doesn't exist (any more). It `asks`, so that a call which was started before is not started again. */
const goneMcpTool: ToolHandler = {
  payloads: ['function'],
  parallel: false,
  repeat: 'asks',
  run: ({ name }) => Promise.resolve(failedOutput(`err: the tool ${name} is not available now`, 'notRun')),
};
