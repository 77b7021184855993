import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binary, prompt, TestFleet } from './support/fleet.ts';
import { StepsModel } from './support/steps-model.ts';

const SIGNAL = () => AbortSignal.timeout(40_000);

describe.skipIf(binary === null)('a fleet in an outage', () => {
  let model: StepsModel;
  let fleet: TestFleet;

  beforeAll(async () => {
    // Its first command takes long, and says that it has begun.
    model = await StepsModel.start(2, (step) => (step === 0 ? 'sleep 4; echo whole >> whole' : ''));
    fleet = await TestFleet.start(model.server.url);
  }, 60_000);

  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
    await model?.[Symbol.asyncDispose]();
  }, 60_000);

  async function started(text: string) {
    const { threadId, place } = fleet.newThread();
    const { turnId } = await fleet.client.submit(threadId, { op: prompt(text), place });
    await expect.poll(() => existsSync(join(place.cwd, 'effects')), { timeout: 20_000 }).toBe(true);
    const end = async () => {
      const state = await fleet.client.settled(threadId, turnId, SIGNAL());
      return state.type === 'ended' ? state.turn.status : state.type;
    };
    return { place, end };
  }

  const whole = (cwd: string) => (existsSync(join(cwd, 'whole')) ? readFileSync(join(cwd, 'whole'), 'utf8') : '');

  test('a long command runs on while the engine is killed and started again', { timeout: 60_000 }, async () => {
    const { place, end } = await started('engine away');
    fleet.fleet.engine?.child.signal('SIGKILL');
    expect(await end()).toBe('completed');
    expect(whole(place.cwd)).toBe('whole\n');
    expect(model.counts('engine away', place, 2)).toEqual({ repeated: 0, lost: 0, unknown: 0, falseUnknown: 0 });
  });

  test('another worker waits for a long command as long as its worker lives', { timeout: 60_000 }, async () => {
    const { place, end } = await started('connection lost');
    // The engine loses its connections to all workers, and tries the turn on whichever is next.
    fleet.fleet.cutConnections();
    expect(await end()).toBe('completed');
    expect(whole(place.cwd)).toBe('whole\n');
    expect(model.counts('connection lost', place, 2)).toEqual({ repeated: 0, lost: 0, unknown: 0, falseUnknown: 0 });
  });

  test('a worker that is drained finishes its command first', { timeout: 60_000 }, async () => {
    const { place, end } = await started('drained');
    await Promise.all(fleet.fleet.workers.map(({ name }) => fleet.fleet.drainWorker(name)));
    expect(await end()).toBe('completed');
    expect(whole(place.cwd)).toBe('whole\n');
    expect(model.counts('drained', place, 2)).toEqual({ repeated: 0, lost: 0, unknown: 0, falseUnknown: 0 });
  });

  test('a command whose worker was killed is reported as unknown within seconds, and not repeated', {
    timeout: 60_000,
  }, async () => {
    const { place, end } = await started('worker dead');
    const killedAt = performance.now();
    for (const { child } of fleet.fleet.workers) child.signal('SIGKILL');
    await expect.poll(() => model.stepOf('worker dead'), { timeout: 20_000, interval: 50 }).toBe(1);
    expect(performance.now() - killedAt).toBeLessThan(15_000);
    expect(await end()).toBe('completed');
    expect(model.counts('worker dead', place, 2)).toEqual({ repeated: 0, lost: 0, unknown: 1, falseUnknown: 0 });
  });
});
