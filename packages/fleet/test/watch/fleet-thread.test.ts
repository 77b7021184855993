import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ApprovalDecision, SessionEvent, UserInput } from 'keel/protocol';
import { loadConfig } from 'keel/session';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FleetThread } from '../../../../src/engine/fleet/index.ts';
import { SharedThreads } from '../../../../src/surfaces/app-server/threads/shared-threads.ts';
import { SseStream } from '../../src/watch/index.ts';

const THREAD = '01999999-0000-7000-8000-000000000001';
/** The smallest PNG: one grey point. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==',
  'base64',
);
const SETTINGS = {
  cwd: '/',
  approvalPolicy: 'on-request',
  sandboxPolicy: { mode: 'read-only' },
  model: 'm',
  effort: null,
  summary: 'auto',
} as const;

/** What the front answers now. */
interface FakeFront {
  status: number;
  current: object | null;
  turns: object[];
  ended: object[];
  readonly inputs: unknown[];
  readonly looks: string[];
  readonly streams: SseStream[];
}

let dir: string;
let server: Server;
let front: FakeFront;
let thread: FleetThread;
let events: SessionEvent[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  front = { status: 200, current: null, turns: [], ended: [], inputs: [], looks: [], streams: [] };
  server = createServer(async (request, response) => {
    const body = await text(request);
    answer(request.url ?? '', body, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const url = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  thread = await FleetThread.open({ url, token: 't', threadId: THREAD }, SETTINGS, new AbortController().signal);
  events = [];
  void (async () => {
    for await (const event of thread.events()) events.push(event);
  })();
});
afterEach(async () => {
  await thread.close();
  server.close();
  server.closeAllConnections();
  rmSync(dir, { recursive: true, force: true });
});

function answer(url: string, body: string, response: ServerResponse): void {
  const reply = (value: unknown) => response.end(JSON.stringify(value));
  if (front.status !== 200) {
    response.writeHead(front.status);
    return void reply({ message: `refused with ${front.status}` });
  }
  if (url.endsWith('/watch?live')) return void front.streams.push(new SseStream(response));
  front.looks.push(url.split('/').at(-1) ?? '');
  if (url.endsWith('/state')) {
    return void reply({ place: { cwd: dir }, current: front.current, ended: front.ended });
  }
  if (url.endsWith('/turns')) return void reply({ turns: front.turns, context: null });
  front.inputs.push(JSON.parse(body));
  reply({ turnId: 'f1', at: front.inputs.length });
}

const of = <T extends SessionEvent['type']>(type: T) => events.filter((event) => event.type === type);
const turn = (id: string) => ({
  ...{ id, status: 'completed', error: null },
  items: [{ type: 'agentMessage', id: `${id}-0`, text: `said in ${id}` }],
});

describe('a thread of a fleet whose front', () => {
  test.each([
    [401, 'unauthorized'],
    [404, 'threadNotFound'],
  ])('answers with %i from now on says so once, and asks no more', async (status, kind) => {
    front.status = status;
    for (const stream of front.streams) stream[Symbol.dispose]();
    await expect.poll(() => of('error')).toMatchObject([{ error: { kind }, willRetry: false }]);
    expect(() => thread.submit({ type: 'interrupt' })).toThrow(expect.objectContaining({ kind: 'sessionClosed' }));
    await thread.ended;
    expect(events.at(-1)).toEqual({ type: 'thread.closed', threadId: THREAD });
    front.status = 200;
    front.looks.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 1_300));
    expect(front.looks).toEqual([]);
    expect(of('error')).toHaveLength(1);
  });

  test('is away for a while is asked again, without a word', async () => {
    front.status = 503;
    for (const stream of front.streams) stream[Symbol.dispose]();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    front.turns = [turn('f1')];
    front.current = { turnId: 'f2', phase: 'running', questions: [] };
    front.status = 200;
    await expect.poll(() => of('turn.completed')).toMatchObject([{ turnId: 'f1' }]);
    expect(of('error')).toEqual([]);
  });

  test('has lost the worker that showed it shows the record instead', async () => {
    front.current = { turnId: 'f1', phase: 'running', questions: [] };
    await expect.poll(() => front.streams.length).toBeGreaterThan(0);
    await front.streams.at(-1)?.send('attached', '{}');
    await expect.poll(() => front.looks.includes('turns')).toBe(true);
    front.turns = [turn('f1')];
    await front.streams.at(-1)?.send('detached', '{}');
    await expect.poll(() => of('turn.completed')).toMatchObject([{ turnId: 'f1' }]);
  });

  test('has a thread in which nothing happens is not asked for its record again and again', async () => {
    await expect.poll(() => front.looks.filter((look) => look === 'state').length).toBeGreaterThanOrEqual(3);
    front.looks.length = 0;
    await expect.poll(() => front.looks.length).toBeGreaterThan(0);
    expect(front.looks).not.toContain('turns');
  });
});

describe('a question of the model', () => {
  const asked = [
    {
      ...{ id: 'db', header: 'Database', question: 'Which?' },
      options: ['Postgres', 'SQLite'].map((label) => ({ label, description: '' })),
    },
  ];
  const parked = (question: object) => ({ turnId: 'f1', phase: 'parked', questions: [question] });
  const whole = { type: 'questions', questionId: 'q', questions: asked, reason: null };
  const says = (decision: ApprovalDecision) => thread.submit({ type: 'approval', questionId: 'q', decision });
  const postgres: ApprovalDecision = { type: 'approved', content: { db: 'Postgres' } };

  test('that waits without a worker is asked as it was, and its answer arrives', async () => {
    front.current = parked({ questionId: 'q', about: 'answer: Which?', asked });
    await expect.poll(() => of('approval.requested')).toMatchObject([{ request: whole }]);
    says(postgres);
    await expect.poll(() => front.inputs).toHaveLength(1);
    expect(front.inputs).toMatchObject([{ type: 'answer', questionId: 'q', decision: postgres }]);
  });

  const call = {
    ...{ type: 'command', questionId: 'q', callId: 'c', command: ['make', 'install'], cwd: '/w', commandActions: [] },
    ...{ reason: 'It writes outside of the project.', escalated: true },
  };

  test('about a call that waits without a worker has the command and the reason, as where one has it', async () => {
    front.current = parked({ questionId: 'q', about: 'run make install', call });
    await expect.poll(() => of('approval.requested'), { timeout: 10_000 }).toHaveLength(1);
    expect(of('approval.requested')).toMatchObject([{ turnId: 'f1', request: call }]);
  });

  test.each([
    ['is about another question', { ...call, questionId: 'other' }],
    ['is of a kind that a newer fleet has', { type: 'hologram', questionId: 'q' }],
    ['is no call', 'make install'],
  ])('whose call %s is shown in its line', async (_, given) => {
    front.current = parked({ questionId: 'q', about: 'run make install', call: given });
    await expect.poll(() => of('approval.requested'), { timeout: 10_000 }).toHaveLength(1);
    expect(of('approval.requested')).toMatchObject([{ request: { questionId: 'q', command: ['run make install'] } }]);
  });

  test('of an earlier worker is shown in its line', async () => {
    front.current = parked({ questionId: 'q', about: 'answer: Which?' });
    await expect.poll(() => of('approval.requested')).toHaveLength(1);
    expect(of('approval.requested')).toMatchObject([{ request: { type: 'command', command: ['answer: Which?'] } }]);
  });

  test('whose answer the fleet did not take is asked again once it can be', async () => {
    front.current = parked({ questionId: 'q', about: 'answer: Which?', asked });
    await expect.poll(() => of('approval.requested')).toHaveLength(1);
    front.status = 503;
    says(postgres);
    await expect.poll(() => of('error')).toHaveLength(1);
    front.status = 200;
    await expect.poll(() => of('approval.requested')).toHaveLength(2);
    says(postgres);
    await expect.poll(() => front.inputs).toHaveLength(1);
  });

  test('with which a worker waits is asked again at once, as it was', async () => {
    front.current = { turnId: 'f1', phase: 'running', questions: [] };
    await expect.poll(() => front.streams.length).toBeGreaterThan(0);
    const stream = front.streams.at(-1);
    await stream?.send('attached', '{}');
    const request = { ...whole, callId: 'c' };
    const event = { type: 'approval.requested', turnId: 'f1', threadId: 'child', agent: 'tests', request };
    await stream?.send('live', JSON.stringify(event));
    await expect.poll(() => of('approval.requested')).toEqual([event]);
    front.status = 503;
    says(postgres);
    await expect.poll(() => of('approval.requested')).toEqual([event, event]);
  });
});

describe('a client of the app server whose thread', () => {
  test('is not to be seen any more waits for no turn of it, and gets another one when it resumes it', async () => {
    const bound = server.address();
    const url = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
    const env = { HOME: dir, KEEL_HOME: dir, OPENAI_API_KEY: 'test' };
    const configOf = () => loadConfig({ env, cwd: dir, overrides: [], flags: {} });
    const nothing = () => undefined;
    await using threads = new SharedThreads({
      ...{ home: dir, fleet: { url, token: 't' }, whenAlone: 'continue', broadcast: nothing, log: nothing },
    });
    const first = await threads.resume(THREAD, configOf);
    expect(threads.folders).toEqual([]);
    const interrupted = first.interrupt('f1');
    await expect.poll(() => front.inputs).toEqual([{ type: 'interrupt' }]);
    front.status = 401;
    for (const stream of front.streams) stream[Symbol.dispose]();
    await expect(interrupted).rejects.toMatchObject({ kind: 'sessionClosed' });
    await first.ended;
    expect(threads.find(THREAD)).toBeNull();
    front.status = 200;
    expect(await threads.resume(THREAD, configOf)).not.toBe(first);
  });
});

describe('a message for the turn that runs', () => {
  const says = (text: string) => thread.submit({ type: 'userInput', items: [{ type: 'text', text }] });
  beforeEach(() => {
    front.current = { turnId: 'f1', phase: 'running', questions: [] };
  });

  test('that the fleet drops is reported by its id, once, and no other one is', async () => {
    const ids = [says('taken'), says('dropped')];
    await expect.poll(() => front.inputs.length).toBe(2);
    front.current = null;
    front.ended = [{ turnId: 'f1', status: 'interrupted', dropped: [2] }];
    await expect.poll(() => of('submissions.dropped')).toHaveLength(1);
    front.looks.length = 0;
    await expect.poll(() => front.looks.length).toBeGreaterThan(0);
    expect(of('submissions.dropped')).toMatchObject([{ turnId: 'f1', ids: ids.slice(1) }]);
  });

  test('is dropped by nobody but the fleet: what the worker’s session says of it is not passed on', async () => {
    await expect.poll(() => front.streams.length).toBeGreaterThan(0);
    const stream = front.streams.at(-1);
    await stream?.send('live', JSON.stringify({ type: 'submissions.dropped', turnId: 'f1', ids: ['f1-steer-1'] }));
    await stream?.send('live', JSON.stringify({ type: 'warning', turnId: null, message: 'behind it' }));
    await expect.poll(() => of('warning')).toHaveLength(1);
    expect(of('submissions.dropped')).toEqual([]);
  });

  test('of which an earlier fleet only counts what it dropped is still a message of a thread that is shown', async () => {
    front.ended = [{ turnId: 'f0', status: 'interrupted', dropped: 1 }];
    front.current = { turnId: 'f1', phase: 'parked', questions: [{ questionId: 'q', about: 'run x' }] };
    await expect.poll(() => of('approval.requested')).toHaveLength(1);
  });
});

describe('a picture of this machine', () => {
  const image = (name: string): UserInput => ({ type: 'localImage', path: name });
  const send = (...items: UserInput[]) => thread.submit({ type: 'userInput', items });

  test.each([
    ['starts a turn', null],
    ['is for the turn that runs', { turnId: 'f1', phase: 'running', questions: [] }],
  ])('in a message that %s is sent whole', async (_, current) => {
    front.current = current;
    writeFileSync(join(dir, 'a.png'), PNG);
    send({ type: 'text', text: 'see' }, image('a.png'));
    await expect.poll(() => front.inputs).toHaveLength(1);
    const url = expect.stringMatching(/^data:image\/png;base64,/);
    const items = [
      { type: 'text', text: 'see' },
      { type: 'image', url },
    ];
    const whole = current === null ? { op: { items } } : { type: 'steer', text: 'see', images: [url] };
    expect(front.inputs).toMatchObject([whole]);
  });

  test('that can’t be read is said to be missing', async () => {
    front.current = { turnId: 'f1', phase: 'running', questions: [] };
    send({ type: 'text', text: 'see ' }, image('none.png'));
    await expect.poll(() => front.inputs).toHaveLength(1);
    expect(front.inputs).toMatchObject([{ type: 'steer', text: expect.stringContaining('none.png'), images: [] }]);
  });
});
