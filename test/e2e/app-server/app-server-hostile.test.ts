import { expect, test } from 'vitest';
import { freshPlaces } from '../../support/fresh-places.ts';
import { startKeel, until } from '../../support/keel.ts';
import { malformedLines } from '../../support/malformed-lines.ts';

const places = freshPlaces();
const METHODS = [
  ...['initialize', 'initialized', 'thread/resume', 'thread/read', 'thread/fork', 'thread/archive', 'thread/name/set'],
  ...['thread/revert', 'turn/start', 'turn/steer', 'turn/interrupt', 'review/start', 'thread/turns/list', 'model/list'],
  ...['fs/readFile', 'fs/writeFile', 'fs/remove', 'fs/copy', 'fs/watch', 'command/exec', 'command/exec/write'],
  ...['config/value/write', 'config/batchWrite', 'account/login/start', 'fuzzyFileSearch', 'thread/compact/start'],
];

test('malformed messages end nothing: keel app-server answers the next request, and writes nothing but messages', async () => {
  const live = startKeel(['app-server'], { home: places.home.path, cwd: places.repo.path, url: 'http://127.0.0.1:1' });
  const { stdin } = live.child;
  const send = async (text: string) => {
    if (!stdin.write(`${text}\n`)) await new Promise((drained) => stdin.once('drain', drained));
  };
  const request = (id: string, method: string, params: object) => send(JSON.stringify({ id, method, params }));
  await request('first', 'initialize', { clientInfo: { name: 'raw', title: null, version: '1' }, capabilities: {} });
  for (const line of malformedLines(METHODS, 10_000)) await send(line);
  await send(`{"id":1,"deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
  await request('method', 'nonsense', {});
  await request('params', 'thread/read', { threadId: 5 });
  await request('last', 'thread/loaded/list', {});
  await until(() => live.stdout().includes('"id":"last"'), 100_000);
  stdin.end();
  const { stdout, code } = await live.ended;
  expect(code).toBe(0);
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line): { id?: unknown; result?: unknown; error?: { code: number } } => JSON.parse(line));
  const codesOf = (id: unknown) => answers.filter((answer) => answer.id === id).map(({ error }) => error?.code);
  expect([codesOf('method'), codesOf('params')]).toEqual([[-32601], [-32600]]);
  const codes = new Set(answers.flatMap(({ error }) => error?.code ?? []));
  expect([...codes].filter((one) => ![-32700, -32600, -32601, -32602].includes(one))).toEqual([]);
  expect(codes).toContain(-32700);
  expect(answers.find(({ id }) => id === 'last')).toMatchObject({ result: { data: [] } });
}, 120_000);
