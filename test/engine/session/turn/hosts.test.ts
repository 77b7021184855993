import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ApprovalDecision, SessionEventOf } from '../../../../src/foundation/protocol/index.ts';
import {
  functionCall,
  type ModelServer,
  message,
  respond,
  type Script,
  startModelServer,
} from '../../../../src/testing/index.ts';
import { type TestSession, type TestSessionOptions, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let model: ModelServer;
let web: Server;
let port: number;
let live: TestSession;

beforeEach(async () => {
  home = tempDir();
  repo = gitRepository();
  web = createServer((_, res) => res.end('hello from there')).listen(0, '127.0.0.1');
  await new Promise((resolve) => web.once('listening', resolve));
  const address = web.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await model.close();
  web.closeAllConnections();
  web.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const listed = [
  'sandbox_mode="workspace-write"',
  'sandbox.network.allowed_domains=["a.test"]',
  'sandbox.network.denied_domains=["bad.test"]',
  'sandbox.network.allow_local_binding=true',
];

async function open(script: Script, more: Partial<TestSessionOptions> = {}): Promise<void> {
  model = await startModelServer(script);
  live = await testSession({
    ...{ url: model.url, home: home.path, cwd: repo.path, ...more },
    overrides: [...listed, ...(more.overrides ?? [])],
    options: { resolve: async () => ['127.0.0.1'], ...more.options },
  });
}

const ok = respond(message('ok'));
const get = (host: string) => `curl -sS -m 10 http://${host}:${port}/; echo`;
const shell = (script: string, id: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, id));
const questions = () =>
  live.events.flatMap((event) =>
    event.type === 'approval.requested' && event.request.type === 'network' ? [event.request] : [],
  );
const outputOf = (request: number, id: string) => String(model.requests[request]?.outputOf(id));

function answer({ request }: SessionEventOf<'approval.requested'>, decision: ApprovalDecision): void {
  live.session.submit({ type: 'approval', questionId: request.questionId, decision });
}

describe('T39: hosts of a session', () => {
  test('an allowed one is reached unasked; a denied one is refused unasked; the model learns which it may reach', async () => {
    await open([shell(get('a.test'), 'c1'), shell(get('bad.test'), 'c2'), ok]);
    await live.say('go');
    expect(outputOf(1, 'c1')).toContain('hello from there');
    expect(outputOf(2, 'c2')).toContain('it is on the deny-list');
    expect(outputOf(2, 'c2')).toMatch(/keel:\w+ the network sandbox refused bad\.test:\d+/);
    expect(questions()).toEqual([]);
    expect(JSON.stringify(model.requests[0]?.body)).toContain('The network reaches only: a.test. keel asks the user');
  });

  test('another one is asked about by its name, once a turn, and again in the next', async () => {
    await open([shell(`${get('b.test')}; ${get('B.test')}`, 'c1'), ok, shell(get('b.test'), 'c2'), ok]);
    const first = live.say('go');
    const asked = await live.next('approval.requested');
    expect(asked.request).toMatchObject({ type: 'network', host: 'b.test', port, protocol: 'http' });
    answer(asked, { type: 'approved' });
    await first;
    expect(outputOf(1, 'c1').match(/hello from there/g)).toHaveLength(2);
    expect(questions()).toHaveLength(1);
    const second = live.say('again');
    answer(await live.next('approval.requested', ({ request }) => request.questionId !== asked.request.questionId), {
      type: 'denied',
      message: 'not today',
    });
    await second;
    expect(outputOf(3, 'c2')).toContain('not today');
  });

  test('a yes for the session is not asked again, and covers no other port', async () => {
    const other = `curl -sS -m 10 http://b.test:1/ -o /dev/null -w '%{http_code}'`;
    await open([shell(get('b.test'), 'c1'), ok, shell(get('b.test'), 'c2'), shell(other, 'c3'), ok]);
    const first = live.say('go');
    answer(await live.next('approval.requested'), { type: 'approvedForSession' });
    await first;
    const second = live.say('again');
    answer(await live.next('approval.requested', ({ request }) => request.type === 'network' && request.port === 1), {
      type: 'denied',
    });
    await second;
    expect(outputOf(3, 'c2')).toContain('hello from there');
    expect(outputOf(4, 'c3')).toContain('403');
    expect(questions()).toHaveLength(2);
  });

  test('what runs on between turns reaches what was approved for the session, and asks about nothing else', async () => {
    const wait = 'while [ ! -e go ]; do sleep 0.05; done';
    const cmd = `${get('b.test')}; ${wait}; (${get('b.test')}; ${get('c.test')}) > late 2>&1; touch done; sleep 30`;
    await open([respond(functionCall('exec_command', { cmd, yield_time_ms: 2_000 }, 'c1')), ok]);
    const turn = live.say('go');
    answer(await live.next('approval.requested'), { type: 'approvedForSession' });
    await turn;
    repo.write({ go: '' });
    while (!existsSync(join(repo.path, 'done'))) await new Promise((resolve) => setTimeout(resolve, 20));
    const late = readFileSync(join(repo.path, 'late'), 'utf8');
    expect(late).toMatch(/hello from there.*keel refused c\.test:\d+.*has ended/s);
    expect(questions()).toHaveLength(1);
  });

  test('a no holds for the rest of the turn', async () => {
    await open([shell(`${get('b.test')}; ${get('b.test')}`, 'c1'), ok]);
    const turn = live.say('go');
    answer(await live.next('approval.requested'), { type: 'denied' });
    await turn;
    expect(outputOf(1, 'c1').match(/keel refused b\.test/g)).toHaveLength(2);
    expect(questions()).toHaveLength(1);
  });

  test.each([
    ['under never', { overrides: ['approval_policy="never"'] }, 'the approval policy is never'],
    ['where nobody answers', { options: { canAsk: false } }, 'nobody can give it in this run'],
  ])('%s nobody is asked', async (_, more, words) => {
    await open([shell(get('b.test'), 'c1'), ok], more);
    await live.say('go');
    expect(outputOf(1, 'c1')).toContain(words);
    expect(questions()).toEqual([]);
    expect(JSON.stringify(model.requests[0]?.body)).not.toContain('keel asks the user about others');
  });

  test('a command on a terminal is held the same', async () => {
    const cmd = `${get('a.test')}; ${get('bad.test')}; (exec 3<>/dev/tcp/127.0.0.1/${port}) || echo held`;
    await open([respond(functionCall('exec_command', { cmd, tty: true, yield_time_ms: 10_000 }, 'c1')), ok]);
    await live.say('go');
    expect(outputOf(1, 'c1')).toMatch(/hello from there.*deny-list.*held.*network sandbox refused bad\.test/s);
  });

  test('the time that the user takes is not the command’s', async () => {
    const script = functionCall('shell', { command: ['bash', '-c', get('b.test')], timeout_ms: 2_500 }, 'c1');
    const slow = functionCall('shell', { command: ['bash', '-c', 'sleep 20'], timeout_ms: 500 }, 'c2');
    await open([respond(script), respond(slow), ok]);
    const turn = live.say('go');
    const asked = await live.next('approval.requested');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    answer(asked, { type: 'approved' });
    await turn;
    expect(outputOf(1, 'c1')).toContain('hello from there');
    expect(outputOf(2, 'c2')).toContain('timed out');
  });

  test('a child’s question about a host goes to the user under its name', async () => {
    await open([shell(get('b.test'), 'c1'), ok]);
    const turn = live.turn({ type: 'review', target: { type: 'custom', instructions: 'look' } });
    const asked = await live.next('approval.requested');
    expect(asked).toMatchObject({ agent: 'review', request: { type: 'network', host: 'b.test' } });
    answer(asked, { type: 'approved' });
    await turn;
    expect(outputOf(1, 'c1')).toContain('hello from there');
  });

  test('a host that was refused is no reason to ask about a run without the sandbox', async () => {
    const script = `curl -sS --fail-with-body http://b.test:${port}/`;
    await open([shell(script, 'c1'), ok], { overrides: ['approval_policy="on-failure"'] });
    const turn = live.say('go');
    answer(await live.next('approval.requested'), { type: 'denied' });
    expect((await turn).status).toBe('completed');
    expect(live.events.filter(({ type }) => type === 'approval.requested')).toHaveLength(1);
  });

  test('an interrupt settles the question; a late answer opens nothing', async () => {
    await open([shell(get('b.test'), 'c1'), shell(get('b.test'), 'c2'), ok]);
    const turn = live.say('go');
    const asked = await live.next('approval.requested');
    live.session.submit({ type: 'interrupt' });
    expect((await turn).status).toBe('interrupted');
    answer(asked, { type: 'approvedForSession' });
    const second = live.say('again');
    const again = await live.next(
      'approval.requested',
      ({ request }) => request.questionId !== asked.request.questionId,
    );
    answer(again, { type: 'abort' });
    expect((await second).status).toBe('interrupted');
  });

  test('a question whose command has ended is withdrawn', async () => {
    const gone = `curl -sS -m 1.5 http://b.test:${port}/ || true`;
    await open([shell(gone, 'c1'), ok]);
    await live.say('go');
    expect(questions()).toHaveLength(1);
    const [asked] = questions();
    await live.next('approval.resolved', ({ questionId }) => questionId === asked?.questionId);
  });

  test('shutting down with a question open leaves nothing waiting', async () => {
    await open([shell(get('b.test'), 'c1'), ok]);
    void live.say('go');
    await live.next('approval.requested');
    await live.session.close();
  });
});

describe('rules about hosts', () => {
  const rule = (host: string, more: string) => `network_rule(host="${host}", protocol="http"${more})\n`;

  test('allow, forbid and ask beside the lists; what is denied stays denied', async () => {
    home.write({
      'rules/mine.rules': [
        rule('B.test.', ''),
        rule('bad.test', ''),
        rule('a.test', ', decision="prompt", justification="it costs money"'),
        rule('c.test', ', decision="deny", justification="use the mirror"'),
      ].join(''),
    });
    await open([shell(['b', 'bad', 'c', 'a'].map((name) => get(`${name}.test`)).join('; '), 'c1'), ok]);
    const turn = live.say('go');
    const asked = await live.next('approval.requested');
    expect(asked.request).toMatchObject({ type: 'network', host: 'a.test', reason: 'it costs money' });
    expect(asked.request).not.toHaveProperty('proposedRule');
    answer(asked, { type: 'denied' });
    await turn;
    const lines = outputOf(1, 'c1');
    expect(lines.match(/hello from there/g)).toHaveLength(1);
    expect(lines).toMatch(/deny-list.*use the mirror.*it costs money/s);
    expect(questions()).toHaveLength(1);
  });

  test('a wrong file allows nothing, and still forbids', async () => {
    home.write({
      'rules/mine.rules': `${rule('b.test', '')}${rule('a.test', ', decision="deny"')}network_rule(host="*")\n`,
    });
    await open([shell(`${get('b.test')}; ${get('a.test')}`, 'c1'), ok], { options: { canAsk: false } });
    await live.say('go');
    expect(outputOf(1, 'c1')).not.toContain('hello from there');
    expect(live.events).toContainEqual(
      expect.objectContaining({ type: 'warning', message: expect.stringMatching(/mine\.rules:3: host has to be/) }),
    );
  });

  test('a yes for good shows what it lets through, is kept, and holds for the next session', async () => {
    await open([shell(get('b.test'), 'c1'), shell(get('b.test'), 'c2'), ok]);
    const turn = live.say('go');
    const asked = await live.next('approval.requested');
    expect(asked.request).toMatchObject({
      proposedRule: { host: 'b.test', protocol: 'http', wouldMatch: ['plain HTTP to b.test at every port'] },
    });
    answer(asked, { type: 'approvedAndRemembered' });
    await turn;
    expect(outputOf(2, 'c2')).toContain('hello from there');
    expect(readFileSync(join(home.path, 'rules', 'default.rules'), 'utf8')).toBe(
      'network_rule(host="b.test", protocol="http", decision="allow")\n',
    );
    await live[Symbol.asyncDispose]();
    await model.close();
    await open([shell(get('b.test'), 'c3'), ok], { options: { canAsk: false } });
    await live.say('go');
    expect(outputOf(1, 'c3')).toContain('hello from there');
  });
});
