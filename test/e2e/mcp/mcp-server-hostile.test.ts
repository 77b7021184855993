import { LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import { freshPlaces } from '../../support/fresh-places.ts';
import { startKeel, until } from '../../support/keel.ts';
import { malformedLines } from '../../support/malformed-lines.ts';

const places = freshPlaces();
const METHODS = [
  ...['initialize', 'ping', 'tools/list', 'tools/call', 'resources/list', 'prompts/get', 'completion/complete'],
  ...['logging/setLevel', 'notifications/initialized', 'notifications/cancelled', 'notifications/progress'],
];

test('what is no message gets an error with the id that can be read, and the next line is read as usual', async () => {
  const live = startKeel(['mcp-server'], { home: places.home.path, cwd: places.repo.path, url: 'http://127.0.0.1:1' });
  const lines = [
    '{"jsonrpc":"2.0","id":1,',
    '[]',
    '{"jsonrpc":"2.0","id":7,"method":5}',
    '{"jsonrpc":"1.0","id":"seven","method":"ping"}',
    '{"id":{},"method":"ping"}',
    '',
    '"text"',
  ];
  for (const line of lines) live.child.stdin.write(`${line}\n`);
  for (let size = 0; size < 33; size += 1) live.child.stdin.write('x'.repeat(1024 * 1024));
  live.child.stdin.end('\n');
  const { stdout, code } = await live.ended;
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ id, error }) => [id, error.code]);
  expect(answers).toEqual([
    [null, -32700],
    [null, -32600],
    [7, -32600],
    ['seven', -32600],
    [null, -32600],
    [null, -32600],
    [null, -32600],
  ]);
  expect(code).toBe(0);
});

test.each([
  ['a version that keel has is echoed', '2025-06-18', '2025-06-18'],
  ['one that it does not have is answered with its newest', '1999-01-01', LATEST_PROTOCOL_VERSION],
])('the version is negotiated: %s', async (_, asked, answered) => {
  const live = startKeel(['mcp-server'], { home: places.home.path, cwd: places.repo.path, url: 'http://127.0.0.1:1' });
  const clientInfo = { name: 'raw', version: '1' };
  const params = { protocolVersion: asked, capabilities: {}, clientInfo };
  for (const id of [1, 2])
    live.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params })}\n`);
  await until(() => live.stdout().split('\n').length > 2);
  live.child.stdin.end();
  const { stdout, code } = await live.ended;
  expect(code).toBe(0);
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line): { id: number } => JSON.parse(line))
    .sort((a, b) => a.id - b.id);
  expect(answers).toMatchObject([
    { id: 1, result: { protocolVersion: answered, serverInfo: { name: 'keel' } } },
    { id: 2, error: { code: -32600 } },
  ]);
});

test('malformed messages end nothing: keel mcp-server answers the next request, and writes nothing but messages', async () => {
  const live = startKeel(['mcp-server'], {
    home: places.home.path,
    cwd: places.repo.path,
    url: 'http://127.0.0.1:1',
  });
  const { stdin } = live.child;
  const send = async (text: string) => {
    if (!stdin.write(`${text}\n`)) await new Promise((drained) => stdin.once('drain', drained));
  };
  const request = (id: string, method: string, params: object) =>
    send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  const clientInfo = { name: 'raw', version: '1' };
  await request('first', 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  await send(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
  for (const line of malformedLines(METHODS, 10_000)) await send(line);
  await send(`{"jsonrpc":"2.0","id":1,"deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
  await request('method', 'nonsense', {});
  await request('params', 'tools/call', { name: 5 });
  await request('last', 'tools/list', {});
  await until(() => live.stdout().includes('"id":"last"'), 100_000);
  stdin.end();
  const { stdout, code } = await live.ended;
  expect(code).toBe(0);
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line): { id?: unknown; result?: unknown; error?: { code: number } } => JSON.parse(line));
  const codeOf = (id: unknown) => answers.filter((answer) => answer.id === id).map(({ error }) => error?.code);
  expect(codeOf('method')).toEqual([-32601]);
  expect(codeOf('params')).toEqual([-32602]);
  const withoutId = new Set(codeOf(null));
  expect(withoutId).toContain(-32700);
  expect(withoutId).toContain(-32600);
  expect(answers.find(({ id }) => id === 'last')).toMatchObject({ result: { tools: [{ name: 'keel' }, {}] } });
}, 120_000);
