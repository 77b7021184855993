import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FleetClient } from '../../src/client/index.ts';
import { promptOp, type TurnOutcome } from '../../src/protocol.ts';
import { startFakeEngine } from '../front/fake-engine.ts';

const ended = (message: string): TurnOutcome => {
  return { type: 'ended', status: 'completed', message, error: null, tokens: 7, taken: [] };
};
const place = { cwd: '/work', home: '/home' };
const first = { op: promptOp('go'), place, settings: { overrides: [] }, limits: [] };

describe('a client that waits for a turn', () => {
  let engine: Awaited<ReturnType<typeof startFakeEngine>>;
  let client: FleetClient;
  let threadId: string;
  beforeEach(async () => {
    engine = await startFakeEngine();
    client = new FleetClient({ url: engine.url });
    threadId = randomUUID();
  });
  afterEach(() => engine[Symbol.asyncDispose]());

  const signal = () => AbortSignal.timeout(20_000);
  const calls = (handler: string) => engine.calls.filter(({ path }) => path.endsWith(`/${handler}`));
  const attached = (count: number) => expect.poll(() => calls('attach').length).toBe(count);

  test('asks once, however long the turn takes', async () => {
    const { turnId } = await client.submit(threadId, first);
    const settled = client.settled(threadId, turnId, signal());
    await attached(1);
    await delay(300);
    engine.end(threadId, ended('done'));
    const turn = { turnId, status: 'completed', message: 'done', error: null, tokens: 7 };
    expect(await settled).toEqual({ type: 'ended', turn });
    expect(engine.calls.map(({ path }) => path.split('/').at(-1))).toEqual(['submit', 'attach']);
  });

  test('learns that it waits for a person', async () => {
    const { turnId } = await client.submit(threadId, first);
    const settled = client.settled(threadId, turnId, signal());
    await attached(1);
    engine.end(threadId, { type: 'parked', questions: [{ questionId: 'q', about: 'run x' }] });
    expect(await settled).toMatchObject({ type: 'waiting', state: { current: { questions: [{ about: 'run x' }] } } });
  });

  test('follows a turn from its answer until it ends', async () => {
    const { turnId } = await client.submit(threadId, first);
    engine.end(threadId, { type: 'parked', questions: [{ questionId: 'q', about: 'run x' }] });
    await client.answer(threadId, 'q', { type: 'approved' });
    const settled = client.settled(threadId, turnId, signal());
    await attached(2);
    engine.end(threadId, ended('behind the answer'));
    expect(await settled).toMatchObject({ type: 'ended', turn: { message: 'behind the answer' } });
  });

  test('waits for the turns before it, and takes none of them for its own', async () => {
    await client.submit(threadId, first);
    const { turnId } = await client.submit(threadId, first);
    const settled = client.settled(threadId, turnId, signal());
    // The second has not begun: it is not known to the engine, and the first one is waited for.
    await attached(2);
    engine.end(threadId, ended('the first'));
    await expect.poll(() => calls('attach').at(-1)?.path).toContain(turnId);
    engine.end(threadId, ended('the second'));
    expect(await settled).toMatchObject({ turn: { turnId, message: 'the second' } });
  });

  test('finds a turn that ended long ago, whose stage the engine has forgotten', async () => {
    const { turnId } = await client.submit(threadId, first);
    engine.end(threadId, ended('yesterday'));
    const state = engine.threads.get(threadId);
    await engine[Symbol.asyncDispose]();
    engine = await startFakeEngine();
    if (state !== undefined) engine.threads.set(threadId, state);
    client = new FleetClient({ url: engine.url });
    expect(await client.settled(threadId, turnId, signal())).toMatchObject({ turn: { message: 'yesterday' } });
  });

  test('stops when it is asked to', async () => {
    const { turnId } = await client.submit(threadId, first);
    const stop = new AbortController();
    const settled = client.settled(threadId, turnId, stop.signal);
    await attached(1);
    stop.abort(new Error('enough'));
    await expect(settled).rejects.toThrow('enough');
  });
});

test.each([503, 429])('a client tries again what the front refuses for now, with %d', async (status) => {
  let refusals = 1;
  const front = createServer((_, response) => {
    response.writeHead(refusals-- > 0 ? status : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ turnId: 'f1', message: 'later' }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => front.once('listening', resolve));
  const address = front.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = new FleetClient({ url: `http://127.0.0.1:${port}`, token: 't' });
  const turn = { ...first, submissionId: 's' };
  expect(await client.submitted(randomUUID(), turn, AbortSignal.timeout(20_000))).toMatchObject({ turnId: 'f1' });
  front.close();
  front.closeAllConnections();
});
