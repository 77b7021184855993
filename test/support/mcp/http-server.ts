import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { played, TOOLS, type ToolCallParams } from './tools.ts';

export interface HttpMcpServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: { readonly method: string; readonly headers: IncomingHttpHeaders; readonly rpc: string }[];
  /** Answers that it knows no session, as after a restart. */
  forgetSessions(): void;
}

export interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: ToolCallParams & Readonly<Record<string, unknown>>;
}

export interface HttpMcpServerOptions {
  /** Answers a request in place of the server. @returns whether it has */
  readonly gate?: (request: IncomingMessage, response: ServerResponse, rpc: Message) => Promise<boolean>;
  /** How each call is answered: the media type, and what follows the id in the message. */
  readonly callAnswer?: { readonly type: string; readonly fields: string };
}

/** An MCP server over streamable HTTP on this machine; answers as JSON, calls as an event stream. */
export async function httpMcpServer({ gate, callAnswer }: HttpMcpServerOptions = {}): Promise<HttpMcpServer> {
  const requests: HttpMcpServer['requests'] = [];
  let session = 1;
  const server = createServer((request, response) => {
    void (async () => {
      const isForServer = request.method === 'POST' && request.url === '/mcp';
      const message = isForServer ? await messageIn(request) : {};
      if (await gate?.(request, response, message)) return;
      requests.push({ method: request.method ?? '', headers: request.headers, rpc: message.method ?? '' });
      const known = `session-${session}`;
      if (request.method !== 'POST') return end(response, request.method === 'DELETE' ? 200 : 405);
      const isStart = message.method === 'initialize';
      if (!isStart && request.headers['mcp-session-id'] !== known) return end(response, 404);
      if (message.id === undefined) return end(response, 202);
      if (message.params?.name === 'structured') return flood(response);
      const isCall = message.method === 'tools/call';
      const body =
        isCall && callAnswer !== undefined
          ? `{"jsonrpc":"2.0","id":${JSON.stringify(message.id)},${callAnswer.fields}}`
          : JSON.stringify({ jsonrpc: '2.0', id: message.id, result: await resultOf(message) });
      const streams = isCall && callAnswer?.type !== 'application/json';
      response.writeHead(200, {
        'content-type': streams ? 'text/event-stream' : 'application/json',
        'mcp-session-id': known,
      });
      response.end(streams ? `event: message\ndata: ${body}\n\n` : body);
    })();
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    requests,
    forgetSessions: () => {
      session += 1;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      const { promise: closed, resolve: done } = Promise.withResolvers<void>();
      server.close(() => done());
      await closed;
    },
  };
}

async function resultOf({ method, params }: Message): Promise<object> {
  if (method === 'initialize') {
    const serverInfo = { name: 'http-test', version: '1' };
    return { protocolVersion: params?.['protocolVersion'], capabilities: { tools: {} }, serverInfo };
  }
  if (method === 'tools/list') return { tools: TOOLS.slice(0, 4) };
  return (await played(params ?? { name: '' })) ?? {};
}

async function messageIn(request: IncomingMessage): Promise<Message> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text);
}

/** More than any client should take in. */
async function flood(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  const piece = `"${'x'.repeat(1024 * 1024)}",`;
  response.write('[');
  const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
  response.once('close', leave);
  for (let n = 0; n < 64 && !response.destroyed; n += 1) {
    if (response.write(piece)) continue;
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    response.once('drain', resolve);
    await Promise.race([drained, gone]);
  }
  response.end('""]');
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status);
  response.end();
}
