/** An MCP server made with the protocol's own library, as most servers are. */
import { McpServer } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod';

const server = new McpServer({ name: 'library', version: '1.0.0' });
server.registerTool(
  'add',
  {
    description: 'Adds two numbers.',
    inputSchema: z.object({ a: z.number(), b: z.number().optional().describe('Absent: 1.') }),
    outputSchema: z.object({ sum: z.number() }),
    annotations: { readOnlyHint: true },
  },
  ({ a, b = 1 }) => ({ content: [{ type: 'text', text: String(a + b) }], structuredContent: { sum: a + b } }),
);
server.registerResource('motto', 'motto://1', { description: 'A saying.' }, () => ({
  contents: [{ uri: 'motto://1', text: 'Festina lente.' }],
}));
await server.connect(new StdioServerTransport());
