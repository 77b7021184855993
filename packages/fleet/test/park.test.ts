import { existsSync, readFileSync } from 'node:fs';
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
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FleetClient, FleetError } from '../src/client/index.ts';
import { binary, prompt, TestFleet } from './support/fleet.ts';

/** Asks for a command that needs an approval, then says what came of it and what else the user said. */
function scripted(request: RecordedRequest) {
  const counted = usage({ input: 50, output: 5 });
  const output = request.outputOf('c1');
  if (output === undefined) {
    return respond(functionCall('exec_command', { cmd: 'echo done >> effects' }, 'c1'), counted);
  }
  const said = request.textsOf('user').filter((text) => !text.startsWith('<'));
  const what = /denied|declined|rejected/i.test(JSON.stringify(output)) ? 'denied' : 'ran';
  return respond(message(`${what}; said: ${said.join(' / ')}`), counted);
}

const ASKS = 'approval_policy = "untrusted"\n';

describe.skipIf(binary === null)('a turn that waits for a person', () => {
  let model: ModelServer;
  let fleet: TestFleet;

  beforeAll(async () => {
    model = await startModelServer(scripted);
    fleet = await TestFleet.start(model.url, { parkAfterMs: 200 });
  }, 60_000);

  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
    await model?.close();
  }, 60_000);

  async function parked(text: string) {
    const thread = fleet.newThread(ASKS);
    const { turnId } = await fleet.client.submit(thread.threadId, { op: prompt(text), place: thread.place });
    const end = await fleet.client.settled(thread.threadId, turnId, AbortSignal.timeout(15_000));
    expect(end).toMatchObject({ type: 'waiting', state: { current: { phase: 'parked' } } });
    const [question] = end.type === 'waiting' ? (end.state.current?.questions ?? []) : [];
    return { ...thread, turnId, questionId: question?.questionId ?? '', about: question?.about };
  }

  async function ended({ threadId, turnId }: { readonly threadId: string; readonly turnId: string }) {
    const end = await fleet.client.settled(threadId, turnId, AbortSignal.timeout(15_000));
    return end.type === 'ended' ? end.turn : null;
  }

  const effects = (cwd: string) => (existsSync(join(cwd, 'effects')) ? readFileSync(join(cwd, 'effects'), 'utf8') : '');

  test('is kept by no worker, and continues with the answer', async () => {
    const waiting = await parked('ask me');
    expect(waiting.about).toContain('echo done');
    expect(effects(waiting.place.cwd)).toBe('');
    await expect.poll(() => fleet.liveTurns()).toBe(0);
    await fleet.client.answer(waiting.threadId, waiting.questionId, { type: 'approved' });
    expect(await ended(waiting)).toMatchObject({ status: 'completed', message: expect.stringContaining('ran') });
    expect(effects(waiting.place.cwd)).toBe('done\n');
  });

  test('continues on workers that were not there when it asked', async () => {
    const waiting = await parked('ask me later');
    for (const { name } of fleet.fleet.workers) await fleet.fleet.drainWorker(name);
    await fleet.client.answer(waiting.threadId, waiting.questionId, { type: 'denied' });
    expect(await ended(waiting)).toMatchObject({ status: 'completed', message: expect.stringContaining('denied') });
    expect(effects(waiting.place.cwd)).toBe('');
  });

  test('ends when it is interrupted', async () => {
    const waiting = await parked('ask me in vain');
    await fleet.client.interrupt(waiting.threadId);
    expect(await ended(waiting)).toMatchObject({ status: 'interrupted' });
    expect(effects(waiting.place.cwd)).toBe('');
  });

  test('takes what the user adds while it waits', async () => {
    const waiting = await parked('ask me, and listen');
    await fleet.client.steer(waiting.threadId, 'quietly please');
    await fleet.client.answer(waiting.threadId, waiting.questionId, { type: 'approved' });
    expect(await ended(waiting)).toMatchObject({ message: expect.stringContaining('quietly please') });
  });

  test('refuses an answer to a question that it did not ask', async () => {
    const waiting = await parked('ask me once');
    const wrong = fleet.client.answer(waiting.threadId, 'another', { type: 'approved' });
    await expect(wrong).rejects.toThrow(FleetError);
    await fleet.client.stop(waiting.threadId);
    expect(await ended(waiting)).toMatchObject({ status: 'interrupted' });
  });

  test('is seen and answered by its own user only', async () => {
    const waiting = await parked('ask nobody else');
    const other = new FleetClient({ url: fleet.fleet.ingressUrl, user: 'mallory' });
    expect(await other.state(waiting.threadId)).toBeNull();
    await expect(other.answer(waiting.threadId, waiting.questionId, { type: 'approved' })).rejects.toThrow(
      'no such thread',
    );
    await fleet.client.interrupt(waiting.threadId);
    await ended(waiting);
  });
});
