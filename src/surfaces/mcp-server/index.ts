export { type McpServerOptions, runMcpServer } from './run-mcp-server.ts';
