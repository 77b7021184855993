import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addToken, startFront } from '../../src/front/index.ts';
import { RateLimit } from '../../src/front/rate-limit.ts';
import type { RunningFront } from '../../src/front/start-front.ts';
import { TokenFileError, Tokens } from '../../src/front/tokens.ts';
import { watch } from '../../src/watch/index.ts';
import { startFakeEngine } from './fake-engine.ts';

type Engine = Awaited<ReturnType<typeof startFakeEngine>>;
const SECRET = 'the secret of the whole fleet';
let data: string;
let engine: Engine;
let front: RunningFront;
let ann: string;
let bob: string;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  const tokenFile = join(data, 'tokens.json');
  ann = addToken(tokenFile, 'ann');
  bob = addToken(tokenFile, 'bob');
  engine = await startFakeEngine();
  front = await startFront({
    ...{ host: '127.0.0.1', port: 0, ingress: engine.url, data, tokenFile, secret: SECRET },
    ...{ cloneFrom: [], workers: ['127.0.0.1'], watchesPerUser: 2, turnsPerUser: 3 },
    rates: { burst: 10_000, perSecond: 10_000 },
    log: () => undefined,
  });
});
afterAll(async () => {
  await front[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  rmSync(data, { recursive: true, force: true });
});
beforeEach(() => {
  engine.calls.length = 0;
});

interface Sent {
  readonly method?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Sends a path as it is: `fetch` would straighten it. */
async function send(path: string, { method = 'POST', token = ann, headers = {}, body }: Sent = {}) {
  const { hostname, port } = new URL(front.url);
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly body: string }>();
  const auth = token === null ? {} : { authorization: `Bearer ${token}` };
  const sent = httpRequest({ hostname, port, path, method, headers: { ...auth, ...headers } }, (response) => {
    text(response).then((all) => resolve({ status: response.statusCode ?? 0, body: all }), reject);
  });
  sent.on('error', reject);
  sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  return promise;
}

const turn = (more: object = {}) => ({
  submissionId: randomUUID(),
  op: { type: 'userInput', items: [{ type: 'text', text: 'go' }] },
  ...more,
});

async function newThread(token = ann): Promise<string> {
  const id = randomUUID();
  const { status } = await send(`/thread/${id}/submit`, { token, body: turn({ work: { type: 'empty' } }) });
  expect(status).toBe(200);
  return id;
}

describe('the front of a fleet', () => {
  test('makes the place of a new thread, and passes the turn to the engine in its user’s name', async () => {
    const id = await newThread();
    const { body, headers, path } = engine.calls.at(-1) ?? {};
    expect(path).toBe(`/thread/${id}/submit`);
    expect(headers).toMatchObject({ 'x-keel-user': 'ann' });
    expect(body).toMatchObject({
      place: { cwd: join(data, 'threads', id, 'work'), home: join(data, 'threads', id, 'home') },
      limits: [{ name: 'user:ann', max: 3 }],
      settings: { overrides: [] },
    });
    expect(existsSync(join(data, 'threads', id, 'work'))).toBe(true);
  });

  test('lets a user steer, answer and stop a thread of theirs', async () => {
    const id = await newThread();
    const inputs = [{ type: 'steer', text: 'and this' }, { type: 'interrupt' }];
    for (const body of inputs) expect(await send(`/thread/${id}/input`, { body })).toMatchObject({ status: 200 });
    expect(await send(`/thread/${id}/stop`)).toMatchObject({ status: 200 });
    expect(JSON.parse((await send(`/thread/${id}/state`)).body)).toMatchObject({ owner: 'ann', count: 1 });
  });

  test('answers when a stage of a turn has ended', async () => {
    const id = await newThread();
    const answer = send(`/restate/workflow/turn/${id}.f1.0/attach?x=/y/attach`, { method: 'GET' });
    await expect.poll(() => engine.calls.at(-1)?.path).toBe(`/restate/workflow/turn/${id}.f1.0/attach`);
    const outcome = { type: 'parked' as const, questions: [{ questionId: 'q', about: 'a' }] };
    engine.end(id, outcome);
    expect(JSON.parse((await answer).body)).toEqual(outcome);
  });

  test('passes on why the engine refuses something', async () => {
    const id = await newThread();
    for (let at = 0; at < 64; at += 1) await send(`/thread/${id}/input`, { body: { type: 'interrupt' } });
    const refused = await send(`/thread/${id}/input`, { body: { type: 'interrupt' } });
    expect(refused).toMatchObject({ status: 409, body: expect.stringContaining('64 inputs') });
  });

  test('is asked for its health without a token', async () => {
    expect(await send('/health', { method: 'GET', token: null })).toEqual({ status: 200, body: '{}' });
  });
});

describe('who asks', () => {
  const wrong: readonly (readonly [string, Sent])[] = [
    ['without a token', { token: null }],
    ['with an empty one', { token: '' }],
    ['with a wrong one', { token: 'x'.repeat(43) }],
    ['with a token in another form', { token: null, headers: { authorization: 'Basic YW5uOng=' } }],
    ['with a name in place of a token', { token: null, headers: { 'x-keel-user': 'ann' } }],
  ];
  test.each(wrong)('%s is nobody, and reaches nothing', async (_, sent) => {
    const id = randomUUID();
    for (const path of [`/thread/${id}/state`, `/threads/${id}/watch`, '/anything']) {
      expect(await send(path, sent)).toMatchObject({ status: 401 });
    }
    expect(engine.calls).toEqual([]);
  });

  test('with a token in the query is nobody', async () => {
    const id = await newThread();
    expect(await send(`/thread/${id}/state?token=${ann}`, { token: null })).toMatchObject({ status: 401 });
  });

  test('is the user of the token, whatever a header says', async () => {
    const id = await newThread();
    const headers = { 'x-keel-user': 'ann' };
    expect(await send(`/thread/${id}/state`, { token: bob, headers })).toMatchObject({ status: 404 });
    expect(engine.calls.at(-1)?.headers['x-keel-user']).toBe('bob');
  });

  test('sees another user’s thread as one that does not exist, by every way', async () => {
    const id = await newThread();
    const unknown = await send(`/thread/${randomUUID()}/input`, { token: bob, body: { type: 'interrupt' } });
    const tries: readonly (readonly [string, Sent])[] = [
      [`/thread/${id}/state`, {}],
      [`/thread/${id}/input`, { body: { type: 'interrupt' } }],
      [`/thread/${id}/stop`, {}],
      [`/thread/${id}/submit`, { body: turn({ work: { type: 'empty' } }) }],
      [`/threads/${id}/watch?after=-1`, { method: 'GET' }],
      [`/threads/${id}/turns`, { method: 'GET' }],
      [`/restate/workflow/turn/${id}.f1.0/attach`, { method: 'GET' }],
    ];
    for (const [path, sent] of tries) expect(await send(path, { ...sent, token: bob })).toEqual(unknown);
    expect(engine.threads.get(id)).toMatchObject({ owner: 'ann', count: 1 });
  });
});

describe('what is asked', () => {
  const paths = (id: string) => [
    `/thread/${id}/granted`,
    `/thread/${id}/stageEnded`,
    `/turn/${id}.f1.0/run`,
    `/limit/user:ann/giveBack`,
    `/restate/health`,
    `/restate/workflow/turn/${id}.f1.0/output`,
    `/restate/workflow/turn/${id}.f1.0/../x/attach`,
    `/restate/workflow/turn/${id}.x.0/attach`,
    `/restate/workflow/turn/${id}.f1.0%2f..%2fx/attach`,
    `/restate/workflow/thread/${id}.f1.0/attach`,
    `/restate/invocation/inv_1/attach`,
    `/thread/${id}/../../turn/x/run`,
    `/thread/${id}%2f..%2fgranted/state`,
    `/thread/${id}/state/send`,
    `//evil.example/thread/${id}/granted`,
    `http://evil.example/thread/${id}/granted`,
    `/thread/../thread/${id}/granted`,
    `/threads/${id}/../watch`,
    `/threads/..%2f..%2fetc/watch`,
    `/threads/../watch`,
    `/live/${id}`,
    `/turns/${id}/f1`,
  ];
  test('reaches no other handler, service or worker, however the path is written', async () => {
    const id = await newThread();
    engine.calls.length = 0;
    for (const path of paths(id)) {
      for (const method of ['GET', 'POST']) {
        expect(await send(path, { method, ...(method === 'POST' ? { body: {} } : {}) }), path).toMatchObject({
          status: 404,
        });
      }
    }
    expect(engine.calls).toEqual([]);
  });

  const refusedTurns: readonly (readonly [string, object])[] = [
    ['a place of its own', { place: { cwd: '/', home: '/root' } }],
    ['limits of its own', { limits: [{ name: 'user:bob', max: 9_999 }] }],
    ['other rights', { op: { ...userTurn(), cwd: '/' } }],
    ['a command without a sandbox', { op: { type: 'userShell', command: 'id' } }],
    ['settings for all turns', { op: { type: 'overrideTurnContext', settings: {} } }],
    ['an answer', { op: { type: 'approval', questionId: 'q', decision: { type: 'approved' } } }],
    ['a file of the worker', { op: { type: 'userInput', items: [{ type: 'localImage', path: '/etc/passwd' }] } }],
    ['an id that is none', { submissionId: '../x' }],
    ['a directory elsewhere', { work: { type: 'directory', name: '../../etc' } }],
    ['a clone from elsewhere', { work: { type: 'clone', url: 'https://evil.example/x' } }],
    ['no sandbox', { settings: { overrides: ['sandbox_mode="danger-full-access"'] } }],
    ['another provider', { settings: { overrides: ['model_providers.x.base_url="http://evil"'] } }],
    ['another provider behind a line', { settings: { overrides: ['model="x"\nsandbox_mode="danger-full-access"'] } }],
    ['a server', { settings: { overrides: ['mcp_servers.x.command="sh"'] } }],
    ['a program of notices', { settings: { overrides: ['notify=["sh"]'] } }],
  ];
  test.each(refusedTurns)('is no turn with %s', async (_, more) => {
    const id = randomUUID();
    const body = turn({ work: { type: 'empty' }, ...more });
    expect(await send(`/thread/${id}/submit`, { body })).toMatchObject({ status: 400 });
    expect(engine.calls.filter(({ path }) => path.endsWith('/submit'))).toEqual([]);
  });

  test('can be a model, an effort, a policy and a budget', async () => {
    const overrides = ['model="m"', 'model_reasoning_effort="high"', 'approval_policy="untrusted"', 'budget.tokens=9'];
    const body = turn({ work: { type: 'empty' }, settings: { overrides } });
    expect(await send(`/thread/${randomUUID()}/submit`, { body })).toMatchObject({ status: 200 });
    expect(engine.calls.at(-1)?.body).toMatchObject({ settings: { overrides } });
  });

  test('of a thread that exists changes neither its place nor its settings', async () => {
    const id = await newThread();
    const body = turn({ work: { type: 'empty' }, settings: { overrides: ['model="m"'] } });
    expect(await send(`/thread/${id}/submit`, { body })).toMatchObject({ status: 200 });
    expect(Object.keys(Object(engine.calls.at(-1)?.body))).toEqual(['submissionId', 'op']);
  });

  test.each(['{', '[]', '"x"', 'null', '{"op":{"type":"userInput"}}'])('is no JSON of a turn: %s', async (body) => {
    expect(await send(`/thread/${randomUUID()}/submit`, { body })).toMatchObject({ status: 400 });
  });

  test('has neither the secret of the fleet nor a token in what reaches the engine', async () => {
    const id = await newThread();
    await send(`/thread/${id}/input`, { body: { type: 'steer', text: 'x' } });
    const all = JSON.stringify(engine.calls);
    for (const secret of [SECRET, ann, bob]) expect(all).not.toContain(secret);
  });
});

describe('how much is asked', () => {
  test('is bounded for a body that names its length', async () => {
    const id = randomUUID();
    const headers = { 'content-length': String(64 * 1024 * 1024) };
    const { hostname, port } = new URL(front.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const head = [`POST /thread/${id}/submit HTTP/1.1`, 'host: x', `authorization: Bearer ${ann}`];
    socket.write([...head, ...Object.entries(headers).map(([key, value]) => `${key}: ${value}`), '', '{'].join('\r\n'));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /);
    expect(engine.calls).toEqual([]);
  });

  test('is bounded for a body that does not', async () => {
    const { hostname, port } = new URL(front.url);
    const headers = { authorization: `Bearer ${ann}`, 'transfer-encoding': 'chunked' };
    const path = `/thread/${randomUUID()}/submit`;
    const { promise, resolve } = Promise.withResolvers<number | 'reset'>();
    const sent = httpRequest({ hostname, port, path, method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', () => resolve('reset'));
    for (let at = 0; at < 160; at += 1) sent.write('x'.repeat(64 * 1024));
    sent.end();
    expect([413, 'reset']).toContain(await promise);
    expect(engine.calls).toEqual([]);
  });

  test('is bounded for each user: their rate', () => {
    let now = 0;
    const rates = new RateLimit({ burst: 3, perSecond: 2, now: () => now });
    expect([1, 2, 3, 4].map(() => rates.take('ann'))).toEqual([true, true, true, false]);
    expect(rates.take('bob')).toBe(true);
    now = 500;
    expect([rates.take('ann'), rates.take('ann')]).toEqual([true, false]);
    now = 1_000_000;
    expect([1, 2, 3, 4].map(() => rates.take('ann'))).toEqual([true, true, true, false]);
  });

  test('is bounded for each user: their open streams', async () => {
    const id = await newThread();
    const stop = new AbortController();
    const open = () =>
      fetch(`${front.url}/threads/${id}/watch?after=-1`, {
        headers: { authorization: `Bearer ${ann}` },
        signal: stop.signal,
      });
    expect([(await open()).status, (await open()).status, (await open()).status]).toEqual([200, 200, 429]);
    stop.abort();
    await expect.poll(async () => (await fetchOnce(id)).status).toBe(200);
  });

  async function fetchOnce(id: string) {
    const stop = new AbortController();
    const response = await fetch(`${front.url}/threads/${id}/watch?after=-1`, {
      headers: { authorization: `Bearer ${ann}` },
      signal: stop.signal,
    });
    stop.abort();
    return response;
  }
});

describe('watching through the front', () => {
  const recorded = (id: string) => {
    const folder = join(data, 'threads', id, 'home', 'sessions', '2026', '11', '30');
    mkdirSync(folder, { recursive: true });
    const meta = { id, timestamp: '2026-11-30T10:00:00.000Z', cwd: '/', originator: 'keel_fleet', cli_version: '0' };
    const lines = [
      { type: 'session_meta', payload: meta },
      { type: 'event_msg', payload: { type: 'task_started', turn_id: 'f1' } },
      {
        type: 'response_item',
        payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'go' }] },
        turn: 'f1',
      },
      { type: 'event_msg', payload: { type: 'task_complete', turn_id: 'f1' } },
    ];
    const timestamp = '2026-11-30T10:00:00.000Z';
    const whole = lines.map((line, ordinal) => `${JSON.stringify({ timestamp, ordinal, ...line })}\n`).join('');
    writeFileSync(join(folder, `rollout-2026-11-30T10-00-00-${id}.jsonl`), whole);
  };

  test('has the record from a line on, and the turns so far', async () => {
    const id = await newThread();
    recorded(id);
    const stop = new AbortController();
    const lines: number[] = [];
    for await (const one of watch({ url: front.url, token: ann, threadId: id, after: 1 }, stop.signal)) {
      if (one.type === 'line') lines.push(one.ordinal);
      if (lines.length === 2) stop.abort();
    }
    expect(lines).toEqual([2, 3]);
    const { body } = await send(`/threads/${id}/turns`, { method: 'GET' });
    expect(JSON.parse(body).turns).toMatchObject([{ id: 'f1', status: 'completed' }]);
  });

  test.each(['-2', 'x', '1.5', '1e99'])('begins at no line %s', async (after) => {
    const id = await newThread();
    expect(await send(`/threads/${id}/watch?after=${after}`, { method: 'GET' })).toMatchObject({ status: 400 });
  });
});

describe('the file of tokens', () => {
  const file = (name: string) => join(data, `${name}.json`);

  test('has digests only, and is readable by its owner alone', () => {
    const token = addToken(file('new'), 'carl');
    expect(statSync(file('new')).mode & 0o777).toBe(0o600);
    expect(readFileSync(file('new'), 'utf8')).not.toContain(token);
    expect(new Tokens(file('new')).userOf(token)).toBe('carl');
    expect(new Tokens(file('new')).userOf(`${token}x`)).toBe(null);
  });

  test('that others can read, that is broken, or that is gone lets nobody in', () => {
    const token = addToken(file('open'), 'carl');
    const tokens = new Tokens(file('open'));
    chmodSync(file('open'), 0o644);
    expect(() => new Tokens(file('open'))).toThrow(TokenFileError);
    rmSync(file('open'));
    expect(() => tokens.userOf(token)).toThrow(TokenFileError);
    writeFileSync(file('open'), '{"tokens":[{"user":"carl"}]}', { mode: 0o600 });
    expect(() => tokens.userOf(token)).toThrow(TokenFileError);
  });

  test('counts as it is now: a token that is taken out lets nobody in', () => {
    const [gone, kept] = [addToken(file('two'), 'carl'), addToken(file('two'), 'dora')];
    const tokens = new Tokens(file('two'));
    expect(tokens.userOf(gone)).toBe('carl');
    const { tokens: all } = JSON.parse(readFileSync(file('two'), 'utf8'));
    writeFileSync(file('two'), JSON.stringify({ tokens: all.slice(1) }));
    expect([tokens.userOf(gone), tokens.userOf(kept)]).toEqual([null, 'dora']);
  });

  test.each(['', 'a b', '../x', 'a\r\nx-keel-user: bob', 'x'.repeat(65)])('has no user %j', (user) => {
    expect(() => addToken(file('names'), user)).toThrow(TokenFileError);
  });
});

function userTurn(): object {
  return {
    ...{ type: 'userTurn', items: [{ type: 'text', text: 'x' }], approvalPolicy: 'never', model: 'm' },
    ...{ sandboxPolicy: { mode: 'danger-full-access' }, summary: 'auto', cwd: '/' },
  };
}
