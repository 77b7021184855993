export type { CallResult, ResultPart } from './call-result.ts';
export { type ConnectionsOptions, type LeftOutTool, McpConnections } from './connections.ts';
export type { LaunchRequest, ServerLauncher, ServerProcess } from './launcher.ts';
export type { ResourceKind, ResourcePage } from './resource-types.ts';
export type { ListedTool, McpOutcome, McpTool, ToolAnnotations } from './types.ts';
