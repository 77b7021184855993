/**
 * An MCP server over its input and output that answers by a script: `node malformed-server.ts SCRIPT`. The script is JSON, a list of
 * lines by method; `$ID` in a line is the id of the request, without quotes around it. `list`, where it is given, are the pages of
 * tools/list in turn, and `PROGRESS` as a line reports progress of the call some times before the next line.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const { call = [], list = [] }: { call?: string[]; list?: object[] } = JSON.parse(process.argv[2] ?? '{}');
const PLAIN = { tools: [{ name: 'odd', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }] };
const PROGRESS_REPORTS = 8;
const PROGRESS_PAUSE_MS = 200;
let listed = 0;

async function answerCall(id: unknown, token: unknown): Promise<void> {
  for (const line of call) {
    if (line !== 'PROGRESS') process.stdout.write(`${line.replaceAll('$ID', JSON.stringify(id))}\n`);
    else
      for (let progress = 1; progress <= PROGRESS_REPORTS; progress += 1) {
        send({ method: 'notifications/progress', params: { progressToken: token, progress } });
        await delay(PROGRESS_PAUSE_MS);
      }
  }
}

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') {
    const serverInfo = { name: 'odd', version: '1' };
    send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === 'tools/list') {
    send({ id, result: list[Math.min(listed, list.length - 1)] ?? PLAIN });
    listed += 1;
  } else if (method === 'tools/call') void answerCall(id, params._meta?.progressToken);
});
