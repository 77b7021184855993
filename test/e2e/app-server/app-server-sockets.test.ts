import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  functionCall,
  hold,
  type ModelServer,
  message,
  respond,
  startModelServer,
} from '../../../src/testing/index.ts';
import type { AppClient, Params } from '../../support/app-server/client.ts';
import { SocketClient, SocketServer, StdioServer } from '../../support/app-server/run.ts';
import { runKeel, until } from '../../support/keel.ts';
import { gitRepository, keelHome, type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
/** The server that refuses those who may not connect. */
let server: SocketServer;
let url: string;
let port: string;
/** A connection to it that says nothing. */
let silent: Socket;
let silentEnded: Promise<void>;

beforeAll(async () => {
  home = keelHome();
  repo = gitRepository();
  server = new SocketServer(options());
  url = await server.url();
  port = new URL(url).port;
  silent = connectTcp(Number(port), '127.0.0.1').on('error', () => undefined);
  silent.resume();
  silentEnded = new Promise((resolve) => silent.once('close', () => resolve()));
});
afterAll(async () => {
  silent.destroy();
  await server[Symbol.asyncDispose]();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const options = (url = 'http://127.0.0.1:9') => ({ home: home.path, cwd: repo.path, url });
const input = [{ type: 'text', text: 'go' }];

/** The connections that a server takes, those that say nothing among them. */
const MAX_CONNECTIONS = 256;

/** Status of the answer to an upgrade, or 101. */
async function upgrade(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket = new WebSocket(url, { headers, handshakeTimeout: 10_000 });
  socket.on('open', () => resolve(101));
  socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
  socket.on('error', () => resolve(0));
  const status = await promise;
  socket.terminate();
  return status;
}

/** Sends requests whose answers are more than the server keeps for a client. */
function askForMuch(client: AppClient): void {
  for (let count = 0; count < 26; count += 1) client.raw(JSON.stringify({ id: 'x'.repeat(1_000_000), method: 'y' }));
}

async function initialized(server: SocketServer): Promise<SocketClient> {
  const client = await server.connect();
  await client.initialize();
  return client;
}

async function newThread(client: SocketClient, params: Params = {}): Promise<string> {
  const { thread } = await client.call('thread/start', { sandbox: 'workspace-write', ...params });
  return String(Object(thread).id);
}

describe('who may connect', () => {
  test('the token is in a file that only its owner can read, and the server prints where', () => {
    const path = join(home.path, 'app-server-token');
    expect(server.keel.stderr()).toContain(path);
    expect(server.keel.stderr()).not.toContain(server.token);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(server.keel.stdout()).toBe('');
  });

  test('protocol 37: health is answered without a token, but to no web page', async () => {
    const http = url.replace('ws:', 'http:');
    for (const path of ['/readyz', '/healthz']) {
      expect((await fetch(`${http}${path}`)).status).toBe(200);
      expect((await fetch(`${http}${path}`, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    }
    expect((await fetch(`${http}/`)).status).toBe(404);
  });

  test('only a client with the token gets in, and none from a web page or under another host name', async () => {
    const authorization = `Bearer ${server.token}`;
    const cases: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
      ['the token', { authorization }, 101],
      ['by the name localhost', { authorization, host: `localhost:${port}` }, 101],
      ['no token', {}, 401],
      ['a wrong token', { authorization: `Bearer ${'x'.repeat(43)}` }, 401],
      ['a part of the token', { authorization: authorization.slice(0, -1) }, 401],
      ['another scheme', { authorization: `Basic ${server.token}` }, 401],
      ['an origin', { authorization, origin: `http://127.0.0.1:${port}` }, 403],
      ['an origin of null', { authorization, origin: 'null' }, 403],
      ['a rebound name', { authorization, host: `evil.example:${port}` }, 403],
      ['a name that begins like an address', { authorization, host: `127.0.0.1.evil.example:${port}` }, 403],
      ['another address', { authorization, host: `10.0.0.1:${port}` }, 403],
    ];
    const found = await Promise.all(cases.map(async ([name, headers]) => [name, await upgrade(url, headers)]));
    expect(found).toEqual(cases.map(([name, , status]) => [name, status]));
  });

  test('a frame that is too large ends its connection and no other', async () => {
    using other = await initialized(server);
    using client = await initialized(server);
    client.socket.send('x'.repeat(33 * 1024 * 1024));
    expect(await client.closed).toMatchObject({ code: 1009 });
    using binary = await initialized(server);
    binary.socket.send(Buffer.from('{}'));
    expect(await binary.closed).toMatchObject({ code: 1003 });
    expect(await other.call('thread/loaded/list')).toMatchObject({ data: [] });
  });

  test('1,000 connections are more than it takes, and it stays usable', async () => {
    using client = await initialized(server);
    const authorization = `Bearer ${server.token}`;
    const idle: Socket[] = [];
    const sockets = Array.from({ length: 100 }, () => new WebSocket(url, { headers: { authorization } }));
    const outcomes = await Promise.all(
      sockets.map((socket) => {
        const { promise, resolve } = Promise.withResolvers<string>();
        socket.on('open', () => resolve('open'));
        socket.on('unexpected-response', (_, { statusCode }) => resolve(String(statusCode)));
        socket.on('error', () => resolve('error'));
        return promise;
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'open')).toHaveLength(63);
    expect(outcomes.filter((outcome) => outcome === '503')).toHaveLength(37);
    for (let count = 0; count < 1_000; count += 1) {
      idle.push(
        connectTcp(Number(port), '127.0.0.1')
          .on('error', () => undefined)
          .resume(),
      );
    }
    await Promise.all(
      idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
    );
    // Those that are beyond its limit are closed at once.
    await until(() => idle.filter(({ destroyed }) => destroyed).length >= 1_000 - MAX_CONNECTIONS);
    expect(await client.call('thread/loaded/list')).toMatchObject({ data: [] });
    for (const socket of sockets) socket.terminate();
    for (const socket of idle) socket.destroy();
  });
});

test.each([
  ['an address of the network', ['--listen', 'ws://0.0.0.0:0'], 'other machines could connect'],
  ['a host name', ['--listen', 'ws://localhost:4500'], 'expected stdio:, unix:PATH or ws://IP:PORT'],
  ['another word for what happens to a turn', ['--on-disconnect', 'maybe'], 'expected interrupt or continue'],
])('%s is refused', async (_, args, reason) => {
  const { code, stdout, stderr } = await runKeel(['app-server', ...args], options());
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(reason);
});

test('a token that others can read is not used', async () => {
  using own = tempDir();
  const path = join(own.path, 'app-server-token');
  writeFileSync(path, 'x'.repeat(43));
  chmodSync(path, 0o644);
  const args = ['app-server', '--listen', 'ws://127.0.0.1:0'];
  const { code, stderr } = await runKeel(args, { ...options(), home: own.path });
  expect([code, stderr]).toEqual([1, expect.stringContaining(`chmod 600 ${path}`)]);
});

test('a Unix socket is for its owner alone, refuses web pages, and is taken over from a server that was killed', async () => {
  const path = join(home.path, 'sock');
  for (let run = 0; run < 2; run += 1) {
    await using server = new SocketServer(options(), ['--listen', `unix:${path}`]);
    expect(await server.url()).toBe(`unix://${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await upgrade(`ws+unix:${path}:/`, { origin: 'http://localhost' })).toBe(403);
    const client = new SocketClient(new WebSocket(`ws+unix:${path}:/`));
    await client.opened;
    expect(await client.initialize()).toHaveProperty('userAgent');
    server.keel.child.kill('SIGKILL');
    await server.keel.ended;
  }
});

describe('several clients', () => {
  let model: ModelServer;
  const serve = async (script: Parameters<typeof startModelServer>[0], args: readonly string[] = []) => {
    model = await startModelServer(script);
    return new SocketServer(options(model.url), ['--listen', 'ws://127.0.0.1:0', ...args]);
  };

  test('one that joins late gets the turn so far, then the stream, and is asked what is open; the first answer counts', async () => {
    const gate = Promise.withResolvers<void>();
    await using server = await serve([
      respond(
        message('Hello there.', { deltas: ['Hello ', hold(gate.promise), 'there.'] }),
        functionCall('exec_command', { cmd: 'touch a' }, 'c1'),
      ),
      respond(message('Done.')),
    ]);
    using first = await initialized(server);
    const threadId = await newThread(first, { approvalPolicy: 'untrusted' });
    await first.call('turn/start', { threadId, input });
    await first.next('item/agentMessage/delta');
    using late = await initialized(server);
    const { thread } = await late.call('thread/resume', { threadId });
    expect(thread).toMatchObject({
      status: { type: 'active' },
      turns: [{ status: 'inProgress', items: [{ type: 'userMessage' }, { type: 'agentMessage', text: 'Hello ' }] }],
    });
    gate.resolve();
    expect(await late.next('item/agentMessage/delta')).toMatchObject({ delta: 'there.' });
    const questions = [first, late].map((client) =>
      client.nextMessage(({ method }) => method === 'item/commandExecution/requestApproval'),
    );
    const [, asked] = await Promise.all(questions);
    using later = await initialized(server);
    await later.call('thread/resume', { threadId });
    await later.nextMessage(({ method }) => method === 'item/commandExecution/requestApproval');
    late.raw(JSON.stringify({ id: asked?.id, result: { decision: 'accept' } }));
    for (const client of [first, late, later]) {
      await client.next('serverRequest/resolved');
      expect(await client.next('turn/completed')).toMatchObject({ turn: { status: 'completed' } });
      expect(client.faults).toEqual([]);
    }
    await model.close();
  });

  test.each([
    ['interrupts its turn, and the thread can be resumed', [], 'interrupted'],
    ['leaves its turn running where that was asked for', ['--on-disconnect', 'continue'], 'completed'],
  ])('a client that dies in a turn %s', async (_, args, status) => {
    const gate = Promise.withResolvers<void>();
    await using server = await serve(
      [
        respond(message('Hello there.', { deltas: ['Hello ', hold(gate.promise), 'there.'] })),
        respond(message('Again.')),
      ],
      args,
    );
    using first = await initialized(server);
    using watcher = await initialized(server);
    const threadId = await newThread(first);
    await first.call('turn/start', { threadId, input });
    await first.next('item/agentMessage/delta');
    first.socket.terminate();
    if (status === 'completed') gate.resolve();
    await watcher.next('thread/closed');
    gate.resolve();
    expect(await watcher.call('thread/resume', { threadId })).toMatchObject({ thread: { turns: [{ status }] } });
    await watcher.call('turn/start', { threadId, input });
    await watcher.next('item/completed', ({ item }) => Object(item).text === 'Again.');
    expect(await watcher.next('turn/completed')).toMatchObject({ turn: { status: 'completed' } });
    expect(watcher.faults).toEqual([]);
    await model.close();
  });

  test('one that reads too slowly is disconnected with a word, and neither the turn nor another client waits for it', {
    timeout: 60_000,
  }, async () => {
    await using server = await serve([respond(message('Hello.'))]);
    using slow = await initialized(server);
    using quick = await initialized(server);
    const threadId = await newThread(quick);
    await slow.call('thread/resume', { threadId });
    slow.socket.pause();
    askForMuch(slow);
    await quick.call('turn/start', { threadId, input });
    expect(await quick.next('turn/completed')).toMatchObject({ turn: { status: 'completed' } });
    await until(() => server.keel.stderr().includes('too slowly'), 40_000);
    slow.socket.resume();
    expect(await slow.closed).toMatchObject({ code: 1013, reason: expect.stringContaining('too slowly') });
    expect(slow.methods.at(-1)).toBe('warning');
    await model.close();
  });
});

test('a client on standard output that reads nothing is given up, and the server ends', {
  timeout: 60_000,
}, async () => {
  const server = new StdioServer(options());
  server.keel.child.stdout.pause();
  askForMuch(server);
  await until(() => server.keel.stderr().includes('too slowly'), 40_000);
  server.keel.child.stdout.resume();
  expect((await server.keel.ended).code).toBe(0);
});

test('a connection that says nothing is closed, however few there are', async () => {
  await silentEnded;
  expect(silent.destroyed).toBe(true);
});
