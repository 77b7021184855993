// An MCP server with 300 tools, and nothing else: newline-delimited JSON-RPC on standard input and output.
const TOOLS = Array.from({ length: 300 }, (_, at) => ({
  name: `tool_${at}`,
  description: `Looks up record ${at} of the archive, by its number or by a word in its title, newest first.`,
  inputSchema: {
    type: 'object',
    properties: { query: { type: 'string', description: 'A number or a word' }, limit: { type: 'integer' } },
    required: ['query'],
  },
}));

let rest = '';
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines.filter(Boolean)) answer(JSON.parse(line));
});

function answer({ id, method, params }) {
  if (id === undefined) return;
  const result = resultOf(method, params);
  const reply = result === null ? { error: { code: -32601, message: `no method ${method}` } } : { result };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`);
}

function resultOf(method, params) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'many', version: '1' },
      };
    case 'tools/list':
      return { tools: TOOLS };
    case 'ping':
      return {};
    default:
      return null;
  }
}
