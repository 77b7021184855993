import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  functionCall,
  type ModelServer,
  message,
  type RecordedRequest,
  respond,
  startModelServer,
  usage,
} from 'keel/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StdioServer } from '../../../../test/support/app-server/run.ts';
import { type TempDir, tempDir } from '../../../../test/support/temp-dir.ts';
import { startWorkedFleet } from '../support/worked-fleet.ts';

const slow = { timeout: 60_000 };
const used = usage({ input: 10, output: 5 });
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);

/** A request for `run …` runs that as a command; every other one is answered with what the user said last. */
function obedient(request: RecordedRequest) {
  const said = request.textsOf('user').filter((text) => !text.startsWith('<'));
  const runs = said.filter((text) => text.startsWith('run '));
  const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
  const next = runs[done];
  return next === undefined
    ? respond(message(`heard: ${said.at(-1)}`), used)
    : respond(shell(next.slice('run '.length), `c${done}`), used);
}

describe('keel app-server --fleet', () => {
  let home: TempDir;
  let model: ModelServer;
  let fleet: Awaited<ReturnType<typeof startWorkedFleet>>;
  let client: StdioServer;
  const id = randomUUID();

  beforeEach(async () => {
    home = tempDir();
    model = await startModelServer(obedient);
    fleet = await startWorkedFleet(model.url, ['approval_policy="untrusted"']);
    const env = { KEEL_FLEET_TOKEN: fleet.token, OPENAI_API_KEY: '' };
    const place = { home: home.path, cwd: home.path, url: 'http://127.0.0.1:9', env };
    client = new StdioServer(place, ['--fleet', fleet.url]);
    await client.initialize();
  }, 60_000);
  afterEach(async () => {
    const { faults } = client;
    await client.close();
    await fleet[Symbol.asyncDispose]();
    await model.close();
    home[Symbol.dispose]();
    expect(faults).toEqual([]);
    expect(JSON.stringify(client.received)).not.toContain(fleet.token);
  });

  const log = () => {
    const path = join(fleet.data, 'threads', id, 'work', 'log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };
  const idOf = (value: unknown) => String(Object(value).id);
  const input = (text: string) => [{ type: 'text', text }];
  const approve = () => {
    client.answer = ({ method }) =>
      method === 'item/commandExecution/requestApproval' ? { decision: 'accept' } : null;
  };
  const start = async (text: string) => {
    const { turn } = await client.call('turn/start', { threadId: id, input: input(text) });
    return idOf(turn);
  };
  const completed = async (turnId: string) => {
    const { turn } = await client.next('turn/completed', ({ turn: ended }) => idOf(ended) === turnId);
    return Object(turn);
  };

  test('opens a thread of the fleet: its question is answered, and its next turn is started here', slow, async () => {
    await fleet.submit(id, 'run echo one >> log');
    await expect.poll(() => fleet.sessions.get(id)?.isOnlyWaiting).toBe(true);
    approve();
    const { thread, cwd } = await client.call('thread/resume', { threadId: id });
    expect(Object(thread)).toMatchObject({ id, path: null, turns: [{ id: 'f1', status: 'inProgress' }] });
    expect(cwd).toBe(join(fleet.data, 'threads', id, 'work'));
    expect(await completed('f1')).toMatchObject({ status: 'completed' });
    expect(log()).toBe('one\n');
    const second = await start('and more');
    expect(second).toBe('f2');
    expect(await completed(second)).toMatchObject({ status: 'completed' });
    const { data } = await client.call('thread/turns/list', { threadId: id, itemsView: 'full', sortDirection: 'asc' });
    expect(JSON.stringify(data)).toContain('heard: and more');
    expect(fleet.engine.threads.get(id)).toMatchObject({ owner: 'ann', count: 2, current: null });
  });

  test('adds to a turn that runs, and stops one', slow, async () => {
    await fleet.submit(id, 'hello');
    await client.call('thread/resume', { threadId: id });
    await expect.poll(() => fleet.engine.threads.get(id)?.ended.length).toBe(1);
    approve();
    const first = await start('run echo one >> log; until [ -e enough ]; do sleep 0.05; done');
    await expect.poll(log).toBe('one\n');
    const steered = await client.call('turn/steer', { threadId: id, input: input('quietly'), expectedTurnId: first });
    expect(steered).toEqual({ turnId: first });
    writeFileSync(join(fleet.data, 'threads', id, 'work', 'enough'), '');
    await client.next('item/completed', ({ item }) => Object(item).text === 'heard: quietly');
    await completed(first);
    const second = await start('run echo two >> log; sleep 300');
    await expect.poll(log).toBe('one\ntwo\n');
    await client.call('turn/interrupt', { threadId: id, turnId: second });
    expect(await completed(second)).toMatchObject({ status: 'interrupted' });
  });

  test(
    'shows the question of a thread that no worker has, and leaves the thread alone when its client goes',
    slow,
    async () => {
      await fleet.submit(id, 'run echo one >> log');
      await expect.poll(() => fleet.sessions.get(id)?.isOnlyWaiting).toBe(true);
      await fleet.park(id, 'run echo one', 'the question');
      await client.call('thread/resume', { threadId: id });
      const asked = await client.next('item/commandExecution/requestApproval');
      expect(asked).toMatchObject({ threadId: id, turnId: 'f1', command: expect.stringContaining('run echo one') });
      expect(await client.call('thread/unsubscribe', { threadId: id })).toEqual({ status: 'unsubscribed' });
      await client.next('thread/closed');
      expect(fleet.engine.threads.get(id)?.current).toMatchObject({ phase: 'parked', inputs: [] });
      expect(log()).toBe('');
    },
  );

  test('takes the settings that the thread has, and refuses others', slow, async () => {
    await fleet.submit(id, 'hello');
    await expect.poll(() => fleet.engine.threads.get(id)?.ended.length).toBe(1);
    const { cwd } = await client.call('thread/resume', { threadId: id, cwd: '/not/here' });
    const turn = { threadId: id, input: input('again'), cwd };
    const { turn: started } = await client.call('turn/start', turn);
    await completed(idOf(started));
    for (const other of [{ model: 'another' }, { sandboxPolicy: { type: 'readOnly' } }]) {
      await expect(client.call('turn/start', { ...turn, ...other })).rejects.toThrow('can’t be changed from here');
    }
    await expect(client.call('thread/revert', { threadId: id, beforeTurnId: 'f1' })).rejects.toThrow('from here');
    expect(fleet.engine.threads.get(id)?.count).toBe(2);
  });

  test('gives the reason where the fleet has no such thread', slow, async () => {
    await expect(client.call('thread/resume', { threadId: id })).rejects.toThrow(`the fleet has no thread ${id}`);
  });

  test('gives the reason why a worker could not run a turn', slow, async () => {
    await fleet.submit(id, 'hello');
    await expect.poll(() => fleet.engine.threads.get(id)?.ended.length).toBe(1);
    await client.call('thread/resume', { threadId: id });
    fleet.refuse('the model is not known');
    await expect(client.call('turn/start', { threadId: id, input: input('again') })).rejects.toThrow('is not known');
  });
});
