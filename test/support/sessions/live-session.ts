import { afterEach } from 'vitest';
import { type ModelServer, type Script, startModelServer } from '../../../src/testing/index.ts';
import { freshPlaces } from '../fresh-places.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../session.ts';
import type { TempDir } from '../temp-dir.ts';

/** Chosen per session; directories and address are the fixture's unless given. */
type SessionOptions = Partial<TestSessionOptions>;

export interface LiveSession {
  readonly home: TempDir;
  readonly repo: TempDir;
  /** The model server of the running test. */
  readonly server: ModelServer;
  /** The session that the running test opened last. */
  readonly live: TestSession;
  /** Starts the model server alone. */
  serve(script: Script): Promise<void>;
  /** Starts the model server and opens a session. */
  open(script: Script, options?: SessionOptions): Promise<TestSession>;
  /** Opens another session in the same places. The session before it is the caller's to close. */
  reopen(options?: SessionOptions): Promise<TestSession>;
}

/**
 * The session, model server, home and repository of each test of the calling file, closed and removed when the test ends.
 * `shared`: options of all its sessions.
 */
export function liveSession(shared: SessionOptions = {}): LiveSession {
  const { home, repo } = freshPlaces();
  let server: ModelServer | null = null;
  let live: TestSession | null = null;
  afterEach(async () => {
    await live?.[Symbol.asyncDispose]();
    await server?.close();
    live = null;
    server = null;
  });
  const currentServer = () => made(server, 'no model server was started');
  const currentLive = () => made(live, 'no session was opened');

  async function serve(script: Script): Promise<void> {
    server = await startModelServer(script);
  }
  async function reopen(options: SessionOptions = {}): Promise<TestSession> {
    live = await testSession({ url: currentServer().url, home: home.path, cwd: repo.path, ...shared, ...options });
    return live;
  }
  async function open(script: Script, options?: SessionOptions): Promise<TestSession> {
    await serve(script);
    return reopen(options);
  }
  return { home, repo, server: serverOf(currentServer), live: sessionOf(currentLive), serve, open, reopen };
}

function made<T>(value: T | null, message: string): T {
  if (value === null) throw new Error(message);
  return value;
}

/** Forwards to the server that runs now, so that a test file can name it once. */
function serverOf(get: () => ModelServer): ModelServer {
  return {
    get url() {
      return get().url;
    },
    get requests() {
      return get().requests;
    },
    get abandoned() {
      return get().abandoned;
    },
    request: (index, signal) => get().request(index, signal),
    assertDone: () => get().assertDone(),
    close: () => get().close(),
    [Symbol.asyncDispose]: () => get().close(),
  };
}

/** Forwards to the session that is open now. */
function sessionOf(get: () => TestSession): TestSession {
  return {
    get session() {
      return get().session;
    },
    get events() {
      return get().events;
    },
    next: (type, fits) => get().next(type, fits),
    turn: (op) => get().turn(op),
    say: (text) => get().say(text),
    answer: (callId, decision) => get().answer(callId, decision),
    [Symbol.asyncDispose]: () => get()[Symbol.asyncDispose](),
  };
}
