import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Op } from 'keel/protocol';
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

/** Turns that wait at once, and turns one after the other. For releases: KEEL_FLEET_PARKED=2000, KEEL_FLEET_TURNS=10000. */
const PARKED = Number(process.env['KEEL_FLEET_PARKED'] ?? 4);
const TURNS = Number(process.env['KEEL_FLEET_TURNS'] ?? 0);

/** The memory that the workers have in use, MB. */
function workersMb({ fleet }: TestFleet): number {
  const kb = fleet.workers.map(({ child }) => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  });
  return kb.reduce((sum, one) => sum + one, 0) / 1024;
}

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
    const end = await fleet.client.settled(thread.threadId, turnId, AbortSignal.timeout(60_000));
    expect(end).toMatchObject({ type: 'waiting', state: { current: { phase: 'parked' } } });
    const [question] = end.type === 'waiting' ? (end.state.current?.questions ?? []) : [];
    return { ...thread, turnId, questionId: question?.questionId ?? '', about: question?.about };
  }

  async function ended({ threadId, turnId }: { readonly threadId: string; readonly turnId: string }) {
    const end = await fleet.client.settled(threadId, turnId, AbortSignal.timeout(50_000));
    return end.type === 'ended' ? end.turn : null;
  }

  const effects = (cwd: string) => (existsSync(join(cwd, 'effects')) ? readFileSync(join(cwd, 'effects'), 'utf8') : '');

  test('is kept by no worker, and continues with the answer', async () => {
    const waiting = await parked('ask me');
    expect(waiting.about).toContain('echo done');
    expect(effects(waiting.place.cwd)).toBe('');
    await expect.poll(() => fleet.liveTurns(), { timeout: 20_000 }).toBe(0);
    await fleet.client.answer(waiting.threadId, waiting.questionId, { type: 'approved' });
    expect(await ended(waiting)).toMatchObject({ status: 'completed', message: expect.stringContaining('ran') });
    expect(effects(waiting.place.cwd)).toBe('done\n');
  });

  test('beside many others costs no worker memory, and each continues with its answer', {
    timeout: 60_000 + PARKED * 2_000,
  }, async () => {
    const all: Awaited<ReturnType<typeof parked>>[] = [];
    const until = async (count: number) => {
      const one = async () => {
        while (all.length < count) all.push(await parked(`ask me, the ${all.length}`));
      };
      await Promise.all(Array.from({ length: 8 }, one));
      await expect.poll(() => fleet.liveTurns(), { timeout: 20_000 }).toBe(0);
    };
    // What the first ones load stays.
    await until(PARKED / 2);
    const before = workersMb(fleet);
    const halfway = all.length;
    await until(PARKED);
    const perTurnKb = (1024 * (workersMb(fleet) - before)) / (all.length - halfway);
    if (PARKED >= 500) {
      console.log(
        `${all.length} wait: ${workersMb(fleet).toFixed(0)} MB in both workers, ${perTurnKb.toFixed(1)} KB a turn`,
      );
      expect(perTurnKb).toBeLessThan(20);
    }
    for (const waiting of all.slice(-4)) {
      await fleet.client.answer(waiting.threadId, waiting.questionId, { type: 'approved' });
      expect(await ended(waiting)).toMatchObject({ status: 'completed' });
    }
  });

  test.skipIf(TURNS === 0)(
    'and turns that do not wait leave nothing behind in a worker',
    {
      timeout: 60_000 + TURNS * 1_000,
    },
    async () => {
      let left = TURNS;
      const figures: number[] = [];
      const one = async () => {
        while (left > 0) {
          left -= 1;
          if (left % Math.ceil(TURNS / 10) === 0) figures.push(workersMb(fleet));
          const thread = fleet.newThread('approval_policy = "never"\n');
          const { turnId } = await fleet.client.submit(thread.threadId, { op: prompt('go'), place: thread.place });
          await fleet.client.settled(thread.threadId, turnId, AbortSignal.timeout(60_000));
          rmSync(dirname(thread.place.home), { recursive: true, force: true });
        }
      };
      await Promise.all(Array.from({ length: 8 }, one));
      console.log(
        `${TURNS} turns: MB of both workers after each tenth: ${figures.map((mb) => mb.toFixed(0)).join(', ')}`,
      );
      const [, early = 0] = figures;
      expect((figures.at(-1) ?? 0) - early).toBeLessThan(60);
    },
  );

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

  test('has turns behind it, which have an end as well when the thread is stopped', async () => {
    const waiting = await parked('ask me, then more');
    const { turnId } = await fleet.client.submit(waiting.threadId, { op: prompt('more') });
    await fleet.client.stop(waiting.threadId);
    expect(await ended({ threadId: waiting.threadId, turnId })).toMatchObject({ status: 'stopped' });
    expect(await ended(waiting)).toMatchObject({ status: 'interrupted' });
  });

  test('gets pictures, which the engine does not keep, with its prompt and while it waits', async () => {
    const picture = (letter: string) => `data:image/png;base64,${letter.repeat(300_000)}`;
    const thread = fleet.newThread(ASKS);
    const image = { type: 'image', url: picture('A') } as const;
    const op: Op = { type: 'userInput', items: [{ type: 'text', text: 'ask me about this' }, image] };
    const { turnId } = await fleet.client.submit(thread.threadId, { op, place: thread.place });
    const end = await fleet.client.settled(thread.threadId, turnId, AbortSignal.timeout(60_000));
    await sent(`thread/${thread.threadId}/input`, { type: 'steer', text: 'and this', images: [picture('B')] });
    const [state] = await fleet.fleet.admin.query(
      `select value_utf8 from state where service_name = 'thread' and service_key = '${thread.threadId}'`,
    );
    expect(String(state?.['value_utf8'])).toContain('and this');
    expect(String(state?.['value_utf8']).length).toBeLessThan(4_096);
    const [question] = end.type === 'waiting' ? (end.state.current?.questions ?? []) : [];
    await fleet.client.answer(thread.threadId, question?.questionId ?? '', { type: 'approved' });
    expect(await ended({ threadId: thread.threadId, turnId })).toMatchObject({ status: 'completed', error: null });
    const urls = JSON.stringify(model.requests.at(-1)?.input).match(/data:image\/png;base64,[AB]+/g);
    expect(urls).toEqual([picture('A'), picture('B')]);
  });

  /** As a client of another language does. */
  async function sent(path: string, body: unknown): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(new URL(path, fleet.fleet.ingressUrl), {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    });
    if (!response.ok) throw new Error(await response.text());
  }

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
