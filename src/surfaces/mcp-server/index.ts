export { runMcpServer } from './run-mcp-server.ts';
