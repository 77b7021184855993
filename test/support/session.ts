import { type OpenSessionOptions, openSession, type Session } from '../../src/engine/session/index.ts';
import type { ApprovalDecision, Op, SessionEvent, SessionEventOf } from '../../src/foundation/protocol/index.ts';
import { loadConfig } from '../../src/storage/config/index.ts';

export interface TestSessionOptions {
  readonly url: string;
  readonly home: string;
  readonly cwd: string;
  readonly overrides?: readonly string[];
  /** Beside the ones that every session here has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: Partial<OpenSessionOptions>;
}

/** A live session of the real engine, with all its events so far. */
export interface TestSession extends AsyncDisposable {
  readonly session: Session;
  readonly events: SessionEvent[];
  /** Waits for an event that fits, among past and future ones. */
  next<T extends SessionEvent['type']>(
    type: T,
    fits?: (event: SessionEventOf<T>) => boolean,
  ): Promise<SessionEventOf<T>>;
  /** Submits an op and waits for the end of the turn it starts. */
  turn(op: Op): Promise<SessionEventOf<'turn.completed'>>;
  say(text: string): Promise<SessionEventOf<'turn.completed'>>;
  /** Answers the newest question about a call, whether it still waits or not. */
  answer(callId: string, decision: ApprovalDecision): void;
}

export function says(text: string): Op {
  return { type: 'userInput', items: [{ type: 'text', text }] };
}

export function asksAbout(callId: string): (event: SessionEventOf<'approval.requested'>) => boolean {
  return ({ request }) => 'callId' in request && request.callId === callId;
}

export async function testSession({
  url,
  home,
  cwd,
  overrides = [],
  env = {},
  options,
}: TestSessionOptions): Promise<TestSession> {
  const config = await loadConfig({
    env: {
      ...{ PATH: process.env['PATH'], HOME: home, KEEL_HOME: home, OPENAI_BASE_URL: url, OPENAI_API_KEY: 'test' },
      ...env,
    },
    cwd,
    // Snapshots start Git seven times in each turn that changes files; tests of undo turn them on.
    overrides: ['sandbox_mode="danger-full-access"', 'features.undo=false', ...overrides],
    flags: {},
    systemDir: home,
  });
  const session = await openSession({
    config,
    origin: { type: 'new' },
    source: 'exec',
    originator: 'keel_test',
    version: '0.0.0',
    ephemeral: false,
    canAsk: true,
    unfinishedTurn: 'interrupt',
    ...options,
  });
  const events: SessionEvent[] = [];
  const waiting = new Set<() => void>();
  const following = (async () => {
    for await (const event of session.events()) {
      events.push(event);
      for (const wake of waiting) wake();
    }
  })();

  function next<T extends SessionEvent['type']>(type: T, fits: (event: SessionEventOf<T>) => boolean = () => true) {
    const { promise, resolve } = Promise.withResolvers<SessionEventOf<T>>();
    let seen = 0;
    const look = () => {
      for (; seen < events.length; seen += 1) {
        const event = events[seen];
        if (event && isType(event, type) && fits(event)) {
          waiting.delete(look);
          resolve(event);
          return;
        }
      }
    };
    waiting.add(look);
    look();
    return promise;
  }

  async function turn(op: Op): Promise<SessionEventOf<'turn.completed'>> {
    const id = session.submit(op);
    return next('turn.completed', (event) => event.turnId === id);
  }

  return {
    session,
    events,
    next,
    turn,
    say: (text) => turn(says(text)),
    answer(callId, decision) {
      const asked = events.filter((event) => isType(event, 'approval.requested')).findLast(asksAbout(callId));
      if (!asked) throw new Error(`nothing was asked about ${callId}`);
      session.submit({ type: 'approval', questionId: asked.request.questionId, decision });
    },
    async [Symbol.asyncDispose]() {
      await session.close();
      await following;
    },
  };
}

function isType<T extends SessionEvent['type']>(event: SessionEvent, type: T): event is SessionEventOf<T> {
  return event.type === type;
}
