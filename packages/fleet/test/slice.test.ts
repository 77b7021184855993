import { functionCall, message, respond, startModelServer, usage } from 'keel/testing';
import { expect, test } from 'vitest';
import { prompt, TestFleet } from './support/fleet.ts';

test('a turn runs on a worker', async () => {
  await using server = await startModelServer([
    respond(functionCall('exec_command', { cmd: 'echo hi >> effects' }, 'c1'), usage({ input: 10, output: 5 })),
    respond(message('done'), usage({ input: 20, output: 5 })),
  ]);
  const t0 = performance.now();
  await using fleet = await TestFleet.start(server.url);
  console.log('up', performance.now() - t0);
  const { threadId, place } = fleet.newThread();
  const t1 = performance.now();
  const { turnId } = await fleet.client.submit(threadId, { op: prompt('go'), place });
  const end = await fleet.client.settled(threadId, turnId, AbortSignal.timeout(10_000)).catch((e) => {
    console.log(fleet.workerLogs(), fleet.log);
    throw e;
  });
  console.log('turn', performance.now() - t1, end);
  expect(end).toMatchObject({ type: 'ended', turn: { status: 'completed', message: 'done' } });
});
