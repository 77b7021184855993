export { functionParameters } from './input-schema.ts';
export { McpCallItem } from './mcp-item.ts';
export { readArguments } from './mcp-tool.ts';
export { withServerNames } from './property-names.ts';
export { type WithMcpTools, withMcpTools } from './turn-tools.ts';
