export type { CallResult } from './call-result.ts';
export type { ServerStatus } from './connection.ts';
export { type LeftOutTool, McpConnections } from './connections.ts';
export type { LaunchRequest, ServerProcess } from './launcher.ts';
export type { ResourceKind, ResourcePage } from './resource-types.ts';
export type { McpOutcome, McpTool } from './types.ts';
