import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { functionCall, respond } from '../../../src/testing/index.ts';
import { processesWith, startKeel, until } from '../../support/keel.ts';
import { malformedLines } from '../../support/malformed-lines.ts';
import { AcpPlace, ask } from './place.ts';

const place = AcpPlace.ofFile('sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');

const METHODS = [
  ...['initialize', 'authenticate', 'logout', 'session/new', 'session/load', 'session/list', 'session/resume'],
  ...['session/prompt', 'session/cancel', 'session/set_mode', 'session/set_config_option', 'session/close'],
  ...['session/delete', '$/cancel_request'],
];
/** A client that writes lines, and waits until the agent has answered the last one. */
async function answersTo(
  lines: Iterable<string>,
): Promise<readonly { id?: unknown; result?: unknown; error?: { code: number; message: string } }[]> {
  const live = startKeel(['acp'], { home: place.home.path, cwd: place.repo.path, url: 'http://127.0.0.1:1' });
  const { stdin } = live.child;
  const send = async (text: string) => {
    if (!stdin.write(text)) await new Promise((drained) => stdin.once('drain', drained));
  };
  const request = (id: string, method: string, params: object) =>
    send(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  await request('first', 'initialize', { protocolVersion: 1 });
  for (const line of lines) await send(line);
  await request('last', 'session/new', { cwd: place.repo.path, mcpServers: [] });
  await until(() => live.stdout().includes('"id":"last"'), 100_000);
  stdin.end();
  const { stdout, code } = await live.ended;
  expect(code).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('keel acp: hostile input', () => {
  test('malformed messages get errors and end nothing', async () => {
    const deep = `{"jsonrpc":"2.0","id":1,"deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const answers = await answersTo([...malformedLines(METHODS, 10_000), deep].map((text) => `${text}\n`));
    const codes = answers.flatMap(({ error }) => error?.code ?? []);
    expect(new Set(codes)).toEqual(new Set([-32700, -32600, -32601, -32602]));
    expect(answers.find(({ id }) => id === 'last')).toMatchObject({ result: { sessionId: expect.any(String) } });
  }, 120_000);

  test('a message that is too long is refused, and the next one is read', async () => {
    const answers = await answersTo([...Array.from({ length: 33 }, () => 'x'.repeat(1024 * 1024)), '\n']);
    const limit = { code: -32600, message: expect.stringMatching(/at most/) };
    expect(answers).toContainEqual(expect.objectContaining({ id: null, error: expect.objectContaining(limit) }));
    expect(answers.find(({ id }) => id === 'last')).toMatchObject({ result: {} });
  }, 60_000);

  test('nothing but initialize is answered before it, and the end of the input ends the agent with all that it runs', async () => {
    const runs = respond(functionCall('shell', { command: ['bash', '-c', 'touch begun; sleep 300'] }, 'c1'));
    await using editor = await place.connect([runs], { isOwn: true });
    const sessionId = await place.open(editor);
    const prompt = ask(editor, sessionId, 'go').catch(() => null);
    await until(() => existsSync(join(place.repo.path, 'begun')));
    editor.live.child.stdin.end();
    expect((await editor.live.ended).code).toBe(0);
    await prompt;
    expect(processesWith(`HOME=${place.home.path}`)).toEqual([]);

    const early = startKeel(['acp'], { home: place.home.path, cwd: place.repo.path, url: place.server.url });
    early.child.stdin.end(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'session/list', params: {} })}\n`);
    const { stdout, code } = await early.ended;
    expect([JSON.parse(stdout), code]).toEqual([
      { jsonrpc: '2.0', id: 1, error: expect.objectContaining({ code: -32600 }) },
      0,
    ]);
  });
});
