import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { findRollout, KeelError, recordedThread } from 'keel/session';
import { isThreadId, PlaceError, type Places } from '../place/index.ts';
import { SseStream, watchThread } from '../watch/index.ts';
import type { EngineIngress, KnownThread } from './engine-ingress.ts';
import { BadRequest, judgedInput, judgedSubmission, limitsOf } from './judge.ts';
import type { RateLimit } from './rate-limit.ts';
import { BodyTooLarge, readBody } from './read-body.ts';
import type { Tokens } from './tokens.ts';

export interface FrontOptions {
  readonly tokens: Pick<Tokens, 'userOf'>;
  readonly ingress: EngineIngress;
  readonly places: Places;
  readonly rates: RateLimit;
  /** Turns that a user may have at work at once. */
  readonly turnsPerUser: number;
  /** Streams that a user may have open at once. */
  readonly watchesPerUser: number;
  /** The workers' shared secret. */
  readonly secret: string;
  /** Whether a worker may be at this address: the secret is sent to no other. */
  readonly isWorker: (address: string) => boolean;
  readonly log: (line: string) => void;
}

interface Asked {
  readonly user: string;
  readonly threadId: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What the front has, and nothing else: each route with its method. The first five are under the engine's paths. */
const ROUTES = [
  ['POST', /^\/thread\/([^/]+)\/submit$/, 'submit'],
  ['POST', /^\/thread\/([^/]+)\/input$/, 'input'],
  ['POST', /^\/thread\/([^/]+)\/stop$/, 'stop'],
  ['POST', /^\/thread\/([^/]+)\/state$/, 'state'],
  ['GET', /^\/restate\/workflow\/turn\/([^/.]+)\.f\d+(?:-late-\d+)*\.\d+\/attach$/, 'stage'],
  ['GET', /^\/threads\/([^/]+)\/watch$/, 'watch'],
  ['GET', /^\/threads\/([^/]+)\/turns$/, 'turns'],
] as const;
type Route = (typeof ROUTES)[number][2];

/**
 * The door of a fleet for its users: who they are, what they may ask, how often, and of which threads. It keeps no state. What it
 * lets through reaches one of four handlers of a thread, the end of one of its stages, or the thread's record.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #watches = new Map<string, number>();

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  readonly handler: RequestListener = (request, response) => {
    this.#serve(request, response).catch((error: unknown) => this.#failed(error, response));
  };

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://front');
    if (url.pathname === '/health') return reply(response, 200, {});
    const user = this.#options.tokens.userOf(bearerOf(request));
    if (user === null) {
      response.setHeader('www-authenticate', 'Bearer');
      return reply(response, 401, { message: 'a token of this fleet is required' });
    }
    if (!this.#options.rates.take(user)) {
      response.setHeader('retry-after', '1');
      return reply(response, 429, { message: 'too many requests' });
    }
    if (url.pathname === '/threads' && request.method === 'GET') return this.#list(user, response);
    for (const [method, path, route] of ROUTES) {
      const threadId = path.exec(url.pathname)?.[1];
      if (threadId === undefined || method !== request.method || !isThreadId(threadId)) continue;
      return this.#answer(route, { user, threadId, request, response, path: url.pathname, query: url.searchParams });
    }
    reply(response, 404, { message: 'not found' });
  }

  async #answer(route: Route, asked: Asked): Promise<void> {
    switch (route) {
      case 'submit':
        return this.#submit(asked);
      case 'input':
        return this.#forward(asked, route, judgedInput(await readBody(asked.request)));
      case 'stop':
      case 'state':
        await readBody(asked.request);
        return this.#forward(asked, route, undefined);
      case 'stage':
        return this.#stage(asked);
      case 'watch':
        return this.#watch(asked);
      case 'turns':
        return this.#turns(asked);
    }
  }

  async #submit(asked: Asked): Promise<void> {
    const { ingress, places, turnsPerUser } = this.#options;
    const { user, threadId } = asked;
    const { submissionId, op, work, settings } = judgedSubmission(await readBody(asked.request));
    const known = await ingress.known(user, threadId);
    if (known === 'ofAnother') return notFound(asked);
    if (known !== 'new') return this.#forward(asked, 'submit', { submissionId, op });
    if (work === undefined) throw new BadRequest('a new thread needs a place to work: give `work`');
    const stop = new AbortController();
    asked.response.on('close', () => stop.abort());
    const place = await places.make(threadId, work, stop.signal);
    await places.noteOwner(threadId, user);
    const limits = limitsOf(user, turnsPerUser);
    await this.#forward(asked, 'submit', { submissionId, op, place, settings: settings ?? { overrides: [] }, limits });
  }

  async #forward(
    { user, threadId, response }: Asked,
    handler: 'submit' | 'input' | 'stop' | 'state',
    body: unknown,
  ): Promise<void> {
    const answer = await this.#options.ingress.call(user, threadId, handler, body);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  }

  /** Answers when a stage of a turn has ended, or after as long as a call may take. */
  async #stage(asked: Asked): Promise<void> {
    if ((await this.#own(asked)) === null) return notFound(asked);
    const { path, response } = asked;
    const [, , , , key = ''] = path.split('/');
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const answer = await this.#options.ingress.stage(key, gone.signal);
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  }

  async #watch(asked: Asked): Promise<void> {
    const { user, threadId, response, query, request } = asked;
    const after = query.has('live') ? null : Number(request.headers['last-event-id'] ?? query.get('after') ?? -1);
    if (after !== null && !(Number.isSafeInteger(after) && after >= -1))
      throw new BadRequest('after: the number of a line');
    const known = await this.#own(asked);
    if (known === null) return notFound(asked);
    const open = this.#watches.get(user) ?? 0;
    if (open >= this.#options.watchesPerUser) return reply(response, 429, { message: 'too many open streams' });
    this.#watches.set(user, open + 1);
    try {
      const { secret, isWorker } = this.#options;
      const rolloutPath = () => rolloutOf(known, threadId);
      await watchThread({ threadId, rolloutPath, after, secret, isWorker }, new SseStream(response));
    } finally {
      this.#watches.set(user, (this.#watches.get(user) ?? 1) - 1);
    }
  }

  /** The turns so far as people see them, for a client that begins to watch. */
  async #turns(asked: Asked): Promise<void> {
    const known = await this.#own(asked);
    if (known === null) return notFound(asked);
    const path = rolloutOf(known, asked.threadId);
    reply(asked.response, 200, path === null ? { turns: [], context: null } : recordedThread(path));
  }

  /** The user's newest threads. What a folder says of its owner is a hint: the engine decides whose a thread is. */
  async #list(user: string, response: ServerResponse): Promise<void> {
    const { ingress, places } = this.#options;
    const ids = await places.threadsOf(user);
    const threads = await Promise.all(
      ids.map(async (id) => {
        const { status, body } = await ingress.call(user, id, 'state', undefined);
        return status === 200 && body !== '' && body !== 'null' ? [{ id, state: JSON.parse(body) }] : [];
      }),
    );
    reply(response, 200, { threads: threads.flat() });
  }

  async #own({ user, threadId }: Asked): Promise<KnownThread | null> {
    const known = await this.#options.ingress.known(user, threadId);
    return known === 'new' || known === 'ofAnother' ? null : known;
  }

  #failed(error: unknown, response: ServerResponse): void {
    if (response.headersSent) return void response.destroy();
    if (error instanceof BadRequest || error instanceof PlaceError)
      return reply(response, 400, { message: error.message });
    if (error instanceof SyntaxError) return reply(response, 400, { message: 'the body is not JSON' });
    if (error instanceof BodyTooLarge) {
      response.setHeader('connection', 'close');
      return reply(response, 413, { message: 'the body is too large' });
    }
    this.#options.log(`a request failed: ${error instanceof Error ? error.message : String(error)}`);
    reply(response, 503, { message: 'the fleet does not answer' });
  }
}

/** The record is in the thread's home, which is its own. */
function rolloutOf({ place }: KnownThread, threadId: string): string | null {
  try {
    return findRollout(place.home, { type: 'id', id: threadId });
  } catch (error) {
    if (error instanceof KeelError && error.kind === 'threadNotFound') return null;
    throw error;
  }
}

function bearerOf({ headers }: IncomingMessage): string {
  return /^Bearer ([\w-]{1,200})$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** Another user's thread looks as one that does not exist. */
function notFound({ response }: Asked): void {
  reply(response, 404, { message: 'there is no such thread' });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
