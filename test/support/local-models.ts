import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** The answers of a server of local models; any other path goes to the scripted model, or is unknown. */
export type LocalAnswers = Readonly<
  Record<string, string | { readonly status: number; readonly body: string } | { readonly hangsAfter: string }>
>;

export interface LocalModelsServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly root: string;
  /** `GET /api/tags`, `POST /api/pull {"model":"x"}`, in order. */
  readonly asked: readonly string[];
  /** Resolves when a client has gone away from an answer that hangs. */
  readonly left: Promise<void>;
}

/** A server of local models on 127.0.0.1, by path; what lies below `/v1/` is passed on to `modelUrl`. */
export async function startLocalModels(answers: LocalAnswers, modelUrl: string | null): Promise<LocalModelsServer> {
  const asked: string[] = [];
  const left = Promise.withResolvers<void>();
  const listener = createServer((incoming, outgoing) => void answer(incoming, outgoing));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '' } = incoming;
    const given = answers[url];
    if (given === undefined && modelUrl !== null && url.startsWith('/v1/')) return pass(incoming, outgoing, modelUrl);
    asked.push(`${method} ${url} ${await text(incoming)}`.trim());
    if (given === undefined) outgoing.writeHead(404).end('404 page not found');
    else if (typeof given === 'string') outgoing.writeHead(200).end(given);
    else if ('hangsAfter' in given) {
      outgoing.once('close', () => left.resolve());
      outgoing.writeHead(200).write(given.hangsAfter);
    } else outgoing.writeHead(given.status).end(given.body);
  }

  return {
    root: `http://127.0.0.1:${address.port}`,
    asked,
    left: left.promise,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse, modelUrl: string): void {
  const url = `${modelUrl.replace(/\/v1$/, '')}${incoming.url ?? ''}`;
  const onward = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers }, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(outgoing);
  });
  onward.once('error', () => outgoing.destroy());
  incoming.pipe(onward);
}
