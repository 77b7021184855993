import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay, setImmediate as tick } from 'node:timers/promises';
import { openSession, type Session, type ThreadOrigin } from '../../src/engine/session/index.ts';
import type { Op, SessionEvent, SessionEventOf } from '../../src/foundation/protocol/index.ts';
import type { HttpRequest } from '../../src/models/client/transport.ts';
import { type Config, loadConfig } from '../../src/storage/config/index.ts';
import { startModelServer } from '../../src/testing/index.ts';
import { gitRepository } from '../support/temp-dir.ts';
import { MemoryTransport } from './memory-transport.ts';
import type { Move, Plan } from './plan.ts';
import { ScriptedModel, type Sent } from './scripted-model.ts';

/** An op as it was handed over. `text`: what the user said with it. */
export interface Submitted {
  readonly id: string;
  readonly op: Op;
  readonly text: string | null;
}

/** One session on the thread, from its opening to its close or its death. */
export interface Life {
  readonly events: SessionEvent[];
  /** Requests of the thread itself and of its children. */
  readonly sent: Sent[];
  readonly submitted: Submitted[];
  /** Whole lines of the rollout when the session was opened. */
  readonly linesAtOpen: number;
  fate: 'lives' | 'closed' | 'killed';
  /** It was ended while something may have been under way. */
  endedAtWork: boolean;
}

/** All that can be known of a course of events from outside. */
export interface Course {
  readonly lives: readonly Life[];
  /** The rollout at the end, line by line. */
  readonly lines: readonly string[];
  /** Lines of the file that the model's patches and commands write to. */
  readonly effects: readonly string[];
  readonly threadId: string;
  /** Calls that the ledger had no end of when everything else had come to its own. */
  readonly openCalls: readonly string[];
  /** What keel wrote into its own log. */
  readonly log: string;
  /** Whether `sent` holds every request in the order of the `turn_context` lines. */
  readonly isExact: boolean;
}

/** How long everything that is under way may take to end once nothing holds it, milliseconds. */
const PATIENCE_MS = 40_000;
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
/** How the folders of this process's sessions begin: other processes play at the same time. */
export const PLACES = `keel-props-${process.pid}-`;
const LIMIT = 100_000;

let shared: Promise<Config> | null = null;

/** Read once: what differs between sessions is put in its place. */
async function baseConfig(): Promise<Config> {
  shared ??= readBaseConfig();
  return shared;
}

async function readBaseConfig(): Promise<Config> {
  const home = mkdtempSync(join(ROOT, 'keel-props-home-'));
  const config = loadConfig({
    env: { PATH: process.env['PATH'], HOME: home, KEEL_HOME: home, OPENAI_API_KEY: 'test' },
    cwd: home,
    overrides: [
      'sandbox_mode="danger-full-access"',
      'shell_environment_policy.experimental_use_profile=false',
      `model_auto_compact_token_limit=${LIMIT}`,
    ],
    flags: {},
    systemDir: home,
  });
  return config.finally(() => rmSync(home, { recursive: true, force: true }));
}

let template: string | null = null;

/** Made once and copied. */
function repository(): string {
  if (template === null) {
    const repo = gitRepository();
    template = repo.path;
    process.once('exit', () => repo[Symbol.dispose]());
  }
  return template;
}

/** Plays a plan against a real session, its files and its wire, and ends it in good order. */
export async function play(plan: Plan, wire: 'memory' | 'loopback'): Promise<Course> {
  const world = new World(plan, wire);
  try {
    await world.open({ type: 'new' });
    for (const { after, move } of plan.steps) {
      for (let turns = 0; turns < after; turns += 1) await tick();
      await world.make(move);
    }
    await world.settle();
    world.model.calm();
    // The next request shows the live state, and the one after a resume the rebuilt state.
    await world.make('say');
    await world.settle();
    await world.lookAtLedger();
    await world.make('reopen');
    await world.make('say');
    await world.settle();
    await world.close();
    return world.course();
  } finally {
    await world.tidy();
  }
}

class World {
  readonly model: ScriptedModel;
  readonly #lives: Life[] = [];
  readonly #wire: 'memory' | 'loopback';
  readonly #plan: Plan;
  readonly #zombies: Promise<void>[] = [];
  readonly #folders: string[] = [];
  readonly #homes: string[] = [];
  #home = '';
  #cwd = '';
  #live: Live | null = null;
  #openCalls: readonly string[] = [];
  #said = 0;

  constructor(plan: Plan, wire: 'memory' | 'loopback') {
    this.model = new ScriptedModel(plan);
    this.#plan = plan;
    this.#wire = wire;
    this.#home = this.#folder();
    this.#cwd = this.#folder();
    if (plan.keepsFiles) cpSync(repository(), this.#cwd, { recursive: true });
    writeFileSync(join(this.#cwd, 'log.txt'), 'start\n');
  }

  async open(origin: ThreadOrigin, unfinishedTurn: 'continue' | 'interrupt' = 'interrupt'): Promise<void> {
    const path = origin.type === 'resume' ? origin.id : null;
    const linesAtOpen = path === null ? 0 : wholeLines(readFileSync(path, 'utf8')).length;
    const life: Life = { events: [], sent: [], submitted: [], linesAtOpen, fate: 'lives', endedAtWork: false };
    this.#lives.push(life);
    if (this.#homes.at(-1) !== this.#home) this.#homes.push(this.#home);
    this.model.hold();
    this.model.cwd = this.#cwd;
    this.#live = await Live.open(
      life,
      this.model,
      this.#wire,
      {
        ...(await baseConfig()),
        home: this.#home,
        cwd: this.#cwd,
        undo: this.#plan.keepsFiles,
        approvalPolicy: this.#plan.asks ? 'untrusted' : 'never',
      },
      origin,
      unfinishedTurn,
    );
    this.model.threadId = this.#live.session.threadId;
  }

  async make(move: Move): Promise<void> {
    const live = this.#now();
    switch (move) {
      case 'say': {
        this.#said += 1;
        const text = `said-${this.#said}.`;
        return live.submit({ type: 'userInput', items: [{ type: 'text', text }] }, text);
      }
      case 'sayNothing':
        return live.submit({ type: 'userInput', items: [] });
      case 'interrupt':
        return live.submit({ type: 'interrupt' });
      case 'approve':
        return live.answer({ type: 'approved' });
      case 'approveForSession':
        return live.answer({ type: 'approvedForSession' });
      case 'deny':
        return live.answer({ type: 'denied' });
      case 'abortByAnswer':
        return live.answer({ type: 'abort' });
      case 'answerNobody':
        return live.submit({ type: 'approval', questionId: 'nobody', decision: { type: 'approved' } });
      case 'compact':
        return live.submit({ type: 'compact' });
      case 'review':
        return live.submit({ type: 'review', target: { type: 'custom', instructions: 'look' } });
      case 'undo':
        return live.submit({ type: 'undo' });
      case 'shell':
        return live.submit({ type: 'userShell', command: 'echo hello' });
      case 'longShell':
        return live.submit({ type: 'userShell', command: 'sleep 0.5039' });
      case 'askAlways':
        return live.submit({ type: 'overrideTurnContext', settings: { approvalPolicy: 'untrusted' } });
      case 'askNever':
        return live.submit({ type: 'overrideTurnContext', settings: { approvalPolicy: 'never' } });
      case 'settle':
        await this.settle();
        return this.model.hold();
      case 'reopen':
        live.life.endedAtWork = !live.isSettled;
        await this.close();
        return this.open({ type: 'resume', id: live.path });
      case 'kill':
        return this.#kill({ isTorn: false, unfinishedTurn: 'continue' });
      case 'killTorn':
        return this.#kill({ isTorn: true, unfinishedTurn: 'continue' });
      case 'killForGood':
        return this.#kill({ isTorn: false, unfinishedTurn: 'interrupt' });
    }
  }

  /** Releases everything held, approves every question, and waits until nothing runs. */
  settle(): Promise<void> {
    this.model.release();
    return this.#now().settle();
  }

  async close(): Promise<void> {
    const live = this.#now();
    this.model.release();
    await live.close();
    live.life.fate = 'closed';
  }

  /** Every call has ended, or does so in a moment. */
  async lookAtLedger(): Promise<void> {
    const path = join(this.#home, 'threads', this.model.threadId, 'calls.jsonl');
    const patience = AbortSignal.timeout(PATIENCE_MS);
    do {
      const calls = existsSync(path) ? readFileSync(path, 'utf8') : '';
      // A call that waits for approval counts as not started: its last line has its state.
      const states = Array.from(
        calls.matchAll(/"state":"(\w+)","key":"([^"]*)"/g),
        ([, state, key]) => [key, state] as const,
      );
      this.#openCalls = [...new Map(states)].flatMap(([key, state]) => (state === 'started' ? [key ?? ''] : []));
      if (this.#openCalls.length > 0) await delay(10);
    } while (this.#openCalls.length > 0 && !patience.aborted);
  }

  course(): Course {
    const { path, session } = this.#now();
    return {
      lives: this.#lives,
      lines: wholeLines(readFileSync(path, 'utf8')),
      effects: readFileSync(join(this.#cwd, 'log.txt'), 'utf8').split('\n'),
      threadId: session.threadId,
      openCalls: this.#openCalls,
      log: this.#homes.map(logOf).join(''),
      isExact: this.#wire === 'memory',
    };
  }

  async tidy(): Promise<void> {
    this.model.release();
    await this.#live?.close();
    await Promise.all(this.#zombies);
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  /**
   * What a kill leaves is what has left the process by then: the files as they are in this instant. The session continues
   * with a copy of them; the dead one can do no more harm to it.
   */
  async #kill(how: { readonly isTorn: boolean; readonly unfinishedTurn: 'continue' | 'interrupt' }): Promise<void> {
    const { session, path, life } = this.#now();
    const [home, cwd] = [this.#folder(), this.#folder()];
    cpSync(this.#cwd, cwd, { recursive: true });
    const copy = join(home, relative(this.#home, path));
    mkdirSync(join(copy, '..'), { recursive: true });
    writeFileSync(copy, readFileSync(path));
    const things = join('threads', session.threadId);
    if (existsSync(join(this.#home, things))) cpSync(join(this.#home, things), join(home, things), { recursive: true });
    life.fate = 'killed';
    life.endedAtWork = true;
    if (how.isTorn) {
      appendFileSync(copy, '{"timestamp":"2026-01-01T00:00:00.000Z","ordinal":99,"type":"response_it');
      mkdirSync(join(home, things), { recursive: true });
      appendFileSync(join(home, things, 'calls.jsonl'), '{"state":"done","key":"tool-1.0');
    }
    this.#zombies.push(this.#now().close());
    [this.#home, this.#cwd] = [home, cwd];
    await this.open({ type: 'resume', id: copy }, how.unfinishedTurn);
  }

  #now(): Live {
    if (!this.#live) throw new Error('no session is open');
    return this.#live;
  }

  #folder(): string {
    const folder = mkdtempSync(join(ROOT, PLACES));
    this.#folders.push(folder);
    return folder;
  }
}

/** A session that is open, and what is seen of it. */
class Live {
  readonly session: Session;
  readonly life: Life;
  readonly path: string;
  readonly #following: Promise<void>;
  readonly #endWire: () => Promise<void>;
  readonly #open = new Set<string>();
  readonly #asked = new Set<string>();
  #barriers = 0;
  #closing: Promise<void> | null = null;
  #answersAll = false;
  /** Everything that was handed over has come to its end. */
  isSettled = true;

  private constructor(session: Session, life: Life, endWire: () => Promise<void>) {
    this.session = session;
    this.life = life;
    this.path = session.rolloutPath ?? '';
    this.#endWire = endWire;
    this.#following = this.#follow();
  }

  static async open(
    life: Life,
    model: ScriptedModel,
    wire: 'memory' | 'loopback',
    config: Config,
    origin: ThreadOrigin,
    unfinishedTurn: 'continue' | 'interrupt',
  ): Promise<Live> {
    const { provider } = config;
    const isAlive = () => life.fate !== 'killed';
    const answer = (request: Omit<Sent, 'eventsSeen'>) => {
      if (!isAlive()) return { response: [], isDeaf: false };
      life.sent.push({ ...request, eventsSeen: life.events.length });
      return model.answer(request);
    };
    const server =
      wire === 'memory'
        ? null
        : await startModelServer((request) => {
            const header = (name: string) => String(request.headers[name] ?? '');
            const sent = { threadId: header('session_id'), taskKind: header('codex-task-type'), body: request.text };
            return answer(sent).response;
          });
    const session = await openSession({
      config: {
        ...config,
        provider: { ...provider, baseUrl: server?.url ?? provider.baseUrl, requestMaxRetries: 1, streamMaxRetries: 2 },
      },
      origin,
      source: 'exec',
      originator: 'keel_test',
      version: '0.0.0',
      ephemeral: false,
      canAsk: true,
      unfinishedTurn,
      ...(server ? {} : { openTransport: () => new MemoryTransport((request) => answer(sentBy(request))) }),
    });
    return new Live(session, life, async () => server?.close());
  }

  submit(op: Op, text: string | null = null): void {
    const id = this.session.submit(op);
    this.isSettled = false;
    this.life.submitted.push({ id, op, text });
  }

  /** Answers the oldest question that is open; nobody's if none is. */
  answer(decision: Extract<Op, { type: 'approval' }>['decision']): void {
    const [questionId] = this.#asked;
    this.submit({ type: 'approval', questionId: questionId ?? 'nobody', decision });
  }

  async settle(): Promise<void> {
    this.#answersAll = true;
    for (const questionId of this.#asked) this.submit({ type: 'approval', questionId, decision: { type: 'approved' } });
    await this.#handled();
    const patience = AbortSignal.timeout(PATIENCE_MS);
    while (!(await this.#isIdle())) {
      if (patience.aborted)
        throw new Error(
          `stuck: the turns ${[...this.#open]} don't end ${this.life.events
            .slice(-12)
            .map((e) => JSON.stringify(e).slice(0, 300))
            .join('\n')} ${JSON.stringify(this.life.submitted)}`,
        );
      await delay(1);
    }
    this.#answersAll = false;
    this.isSettled = true;
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.session.close();
      await this.#following;
      await this.#endWire();
    })();
    return this.#closing;
  }

  /** Ops are handled in order: when one that can only fail has failed, all before it are. */
  async #handled(): Promise<void> {
    this.#barriers += 1;
    const mark = `barrier-${this.#barriers}`;
    this.session.submit({ type: 'overrideTurnContext', settings: { cwd: mark } });
    const patience = AbortSignal.timeout(PATIENCE_MS);
    while (!this.life.events.some((event) => event.type === 'error' && event.error.message.includes(mark))) {
      if (patience.aborted) throw new Error('stuck: an op is not handled');
      await tick();
    }
  }

  /** A turn may follow another at once: it is looked twice. */
  async #isIdle(): Promise<boolean> {
    if (this.#open.size > 0) return false;
    for (let turns = 0; turns < 3; turns += 1) await tick();
    return this.#open.size === 0;
  }

  async #follow(): Promise<void> {
    for await (const event of this.session.events()) {
      if (this.life.fate === 'killed') return;
      this.life.events.push(event);
      if (event.type === 'turn.started') this.#open.add(event.turnId);
      if (event.type === 'turn.completed') this.#open.delete(event.turnId);
      if (event.type === 'approval.requested') this.#ask(event);
      if (event.type === 'approval.resolved') this.#asked.delete(event.questionId);
    }
  }

  #ask({ request }: SessionEventOf<'approval.requested'>): void {
    this.#asked.add(request.questionId);
    if (this.#answersAll) {
      this.submit({ type: 'approval', questionId: request.questionId, decision: { type: 'approved' } });
    }
  }
}

function sentBy({ headers, body }: HttpRequest): Omit<Sent, 'eventsSeen'> {
  return {
    threadId: headers['session_id'] ?? '',
    taskKind: headers['codex-task-type'] ?? '',
    body: Buffer.concat(body).toString(),
  };
}

function logOf(home: string): string {
  const path = join(home, 'log', 'keel.log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

export function wholeLines(text: string): string[] {
  return text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== '');
}
