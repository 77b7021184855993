import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';

export interface StdioBridge extends AsyncDisposable {
  readonly url: string;
}

interface Session {
  readonly child: ChildProcessWithoutNullStreams;
  /** By the id of a request, what takes its answer. */
  readonly waiting: Map<unknown, (line: string) => void>;
}

/** Makes a server over its input and output reachable by HTTP, for clients that know nothing else: one process a session. */
export async function stdioBridge(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<StdioBridge> {
  const sessions = new Map<string, Session>();
  const open = (): string => {
    const id = randomUUID();
    const child = spawn(command, args, { env });
    const waiting: Session['waiting'] = new Map();
    child.stderr.resume();
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message: { id?: unknown } = JSON.parse(line);
      waiting.get(message.id)?.(line);
    });
    sessions.set(id, { child, waiting });
    return id;
  };
  const server = createServer((request, response) => {
    void (async () => {
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const text = await textOf(request);
      const message: { id?: unknown; method?: string } = JSON.parse(text);
      const id = message.method === 'initialize' ? open() : String(request.headers['mcp-session-id']);
      const session = sessions.get(id);
      if (session === undefined) return void response.writeHead(404).end();
      answer(response, { session, id, text, requestId: message.id });
    })();
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    async [Symbol.asyncDispose]() {
      for (const { child } of sessions.values()) child.kill();
      server.closeAllConnections();
      const { promise: closed, resolve: done } = Promise.withResolvers<void>();
      server.close(() => done());
      await closed;
    },
  };
}

interface Asked {
  readonly session: Session;
  readonly id: string;
  readonly text: string;
  readonly requestId: unknown;
}

function answer(response: ServerResponse, { session, id, text, requestId }: Asked): void {
  if (requestId === undefined) response.writeHead(202).end();
  else
    session.waiting.set(requestId, (line) => {
      session.waiting.delete(requestId);
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': id }).end(line);
    });
  session.child.stdin.write(`${text}\n`);
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
