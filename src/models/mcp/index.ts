export type { CallResult } from './call-result.ts';
export type { ServerStatus } from './connection.ts';
export { type LeftOutTool, McpConnections } from './connections.ts';
export type { LaunchRequest, ServerProcess } from './launcher.ts';
export type { ShownCode } from './oauth/device-provider.ts';
export { signInTo } from './open-server.ts';
export type { ResourceKind, ResourcePage } from './resource-types.ts';
export { hasCredentials, serverHeaders } from './server-environment.ts';
export type { AskServerQuestion, McpFailure, McpOutcome, McpTool, ServerAnswer, ServerPrompt } from './types.ts';
