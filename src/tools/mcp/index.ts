export { type WithMcpTools, withMcpTools } from './turn-tools.ts';
