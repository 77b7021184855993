export { type ConnectionsOptions, McpConnections } from './connections.ts';
export type { LaunchRequest, ServerLauncher, ServerProcess } from './launcher.ts';
export type { ResourceKind, ResourcePage } from './resource-types.ts';
export type { CallResult, ListedTool, McpOutcome, McpTool, ToolAnnotations } from './types.ts';
