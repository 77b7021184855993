import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Place } from '../src/protocol.ts';
import { binary, prompt, TestFleet, turnsAt } from './support/fleet.ts';
import { randomOf } from './support/random.ts';
import { type StepCounts, StepsModel } from './support/steps-model.ts';
import { IS_LARGE, judgeTakeovers, TAKEOVERS } from './support/takeovers.ts';

/** Turns a case. The suite for releases: KEEL_RUNS=200 KEEL_FLEET_STEPS=20. */
const TURNS = Number(process.env['KEEL_RUNS'] ?? 3);
const STEPS = Number(process.env['KEEL_FLEET_STEPS'] ?? 4);
const SEED = Number(process.env['KEEL_SEED'] ?? Date.now() % 1_000_000);
const AT_ONCE = 8;
/** Of a turn in the tests of outages, whose first command takes long. */
const OUTAGE_STEPS = 2;
/** A frozen worker is asleep for longer than it takes others to notice and to take its turns. */
const FREEZE_MS = 3_000;
/** The engine's own sleep: nobody takes anything from it. */
const ENGINE_FREEZE_MS = IS_LARGE ? FREEZE_MS : 800;
/** Requests to the model between two failures, at most. A run has some twenty of them, or few in a small one. */
const GAP = Math.max(STEPS * 2, (TURNS * STEPS) / 10);
const LIMIT_MS = 180_000 + TURNS * STEPS * 200;

interface Run {
  readonly text: string;
  readonly threadId: string;
  readonly place: Place;
  readonly status: string;
}

const total = ({ counts }: { readonly counts: readonly StepCounts[] }) => ({
  repeated: sum(counts.map(({ repeated }) => repeated)),
  lost: sum(counts.map(({ lost }) => lost)),
  unknown: sum(counts.map(({ unknown }) => unknown)),
  falseUnknown: sum(counts.map(({ falseUnknown }) => falseUnknown)),
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((one, other) => one + other, 0);
}

describe.skipIf(binary === null)(`a fleet whose parts fail (KEEL_SEED=${SEED})`, () => {
  let model: StepsModel;
  let fleet: TestFleet;

  beforeAll(async () => {
    const isOutage = (text: string) => text.startsWith('outage');
    model = await StepsModel.start(
      (text) => (isOutage(text) ? OUTAGE_STEPS : STEPS),
      (step, text) => (isOutage(text) ? long(step, text) : 'sleep 0.02'),
    );
    fleet = await TestFleet.start(model.server.url);
  }, 60_000);

  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
    await model?.[Symbol.asyncDispose]();
  }, 60_000);

  /** Runs the turns of a case, some at once, while `disturb` is called again and again until all have ended. */
  async function runAll(name: string, disturb: (random: () => number) => Promise<void>): Promise<readonly Run[]> {
    const random = randomOf(SEED);
    const stop = new AbortController();
    const left = Array.from({ length: TURNS }, (_, at) => `${name} ${at}`);
    const runs: Run[] = [];
    const one = async () => {
      for (let text = left.shift(); text !== undefined; text = left.shift()) {
        const { threadId, place } = fleet.newThread();
        const { turnId } = await submitted(threadId, text, place);
        const end = await fleet.client.settled(threadId, turnId, AbortSignal.timeout(LIMIT_MS));
        runs.push({ text, threadId, place, status: end.type === 'ended' ? end.turn.status : end.type });
      }
    };
    const disturbing = (async () => {
      for (;;) {
        await progress(1 + Math.floor(random() * GAP), stop.signal);
        if (stop.signal.aborted) return;
        await disturb(random);
      }
    })();
    try {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, TURNS) }, one));
    } finally {
      stop.abort();
      await disturbing;
    }
    return runs;
  }

  /** Resolves when `count` more requests have reached the model. */
  async function progress(requests: number, signal: AbortSignal): Promise<void> {
    try {
      await model.server.request(model.server.requests.length + requests, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** The server may be away: the id of the submission makes a second one harmless. */
  async function submitted(threadId: string, text: string, place: Place) {
    for (;;) {
      try {
        return await fleet.client.submit(threadId, { submissionId: 'first', op: prompt(text), place });
      } catch {
        await delay(100);
      }
    }
  }

  function judge(name: string, runs: readonly Run[]): ReturnType<typeof total> {
    const counts = total({ counts: runs.map(({ text, place }) => model.counts(text, place, STEPS)) });
    if (IS_LARGE) {
      console.log(
        `${name}: ${runs.length} turns x ${STEPS} steps`,
        JSON.stringify(counts),
        fleet.log.length,
        'restarts',
      );
    }
    expect(runs.filter(({ status }) => status !== 'completed')).toEqual([]);
    expect(runs).toHaveLength(TURNS);
    expect(counts).toMatchObject({ repeated: 0, lost: 0, falseUnknown: 0 });
    return counts;
  }

  const pickWorker = (random: () => number) => fleet.fleet.workers[Math.floor(random() * fleet.fleet.workers.length)];

  test('no step is lost or repeated when workers are killed', { timeout: LIMIT_MS }, async () => {
    const runs = await runAll('killed workers', async (random) => {
      pickWorker(random)?.child.signal('SIGKILL');
    });
    judge('killed workers', runs);
  });

  test('no step is lost or repeated when workers freeze and wake up', { timeout: LIMIT_MS }, async () => {
    const runs = await runAll('frozen workers', async (random) => {
      const worker = pickWorker(random);
      worker?.child.signal('SIGSTOP');
      await delay(FREEZE_MS);
      worker?.child.signal('SIGCONT');
    });
    judge('frozen workers', runs);
  });

  test('no step is lost or repeated when the engine is killed or freezes, and nothing is cut off', {
    timeout: LIMIT_MS,
  }, async () => {
    let isKilled = false;
    const runs = await runAll('killed and frozen engine', async () => {
      const engine = fleet.fleet.engine?.child;
      isKilled = !isKilled;
      if (isKilled) return engine?.signal('SIGKILL');
      engine?.signal('SIGSTOP');
      await delay(ENGINE_FREEZE_MS);
      engine?.signal('SIGCONT');
    });
    expect(judge('killed and frozen engine', runs)).toMatchObject({ unknown: 0 });
  });

  test('nothing is lost, repeated or cut off when workers are drained', { timeout: LIMIT_MS }, async () => {
    const runs = await runAll('drained workers', async (random) => {
      const worker = pickWorker(random);
      if (worker && fleet.fleet.workers.length > 1) await fleet.fleet.drainWorker(worker.name);
    });
    expect(judge('drained workers', runs)).toMatchObject({ unknown: 0 });
  });

  async function started(text: string) {
    const { threadId, place } = fleet.newThread();
    const { turnId } = await submitted(threadId, text, place);
    await expect.poll(() => existsSync(join(place.cwd, 'effects'))).toBe(true);
    const end = async () => {
      const state = await fleet.client.settled(threadId, turnId, AbortSignal.timeout(40_000));
      return state.type === 'ended' ? state.turn.status : state.type;
    };
    return { place, end };
  }

  const whole = (cwd: string) => (existsSync(join(cwd, 'whole')) ? readFileSync(join(cwd, 'whole'), 'utf8') : '');

  /** @returns how long another worker took to ask the model to continue, ms */
  async function takenOver(text: string, since: number): Promise<number> {
    await expect.poll(() => model.stepOf(text), { timeout: 50_000, interval: 10 }).toBe(1);
    return performance.now() - since;
  }

  /** A turn is in its first command when its worker fails. @returns how long the takeover took, ms */
  async function takeover(text: string, fail: () => Promise<() => void>): Promise<number> {
    const { place, end } = await started(text);
    const since = performance.now();
    const recover = await fail();
    const took = await takenOver(text, since);
    expect(await end()).toBe('completed');
    recover();
    expect(model.counts(text, place, OUTAGE_STEPS)).toEqual({ repeated: 0, lost: 0, unknown: 1, falseUnknown: 0 });
    return took;
  }

  test.skipIf(!IS_LARGE)(
    'a turn whose worker hangs continues elsewhere within seconds',
    {
      timeout: 60_000 * TAKEOVERS,
    },
    async () => {
      const times: number[] = [];
      for (let at = 0; at < TAKEOVERS; at += 1) {
        const freeze = async () => {
          const { workers } = fleet.fleet;
          // One that was killed below may not listen yet.
          const counts = await Promise.all(workers.map(({ healthUrl }) => turnsAt(healthUrl).catch(() => 0)));
          const hung = workers[counts.indexOf(1)];
          hung?.child.signal('SIGSTOP');
          // Its command would keep it busy for long.
          return () => hung?.child.signal('SIGKILL');
        };
        times.push(await takeover(`outage 300: worker hangs, ${at}`, freeze));
      }
      judgeTakeovers('worker hangs', times);
    },
  );

  test('a long command runs on while the engine is killed and started again', { timeout: 60_000 }, async () => {
    const { place, end } = await started('outage 2.5: engine away');
    fleet.fleet.engine?.child.signal('SIGKILL');
    expect(await end()).toBe('completed');
    expect(whole(place.cwd)).toBe('whole\n');
    expect(model.counts('outage 2.5: engine away', place, OUTAGE_STEPS)).toEqual({
      repeated: 0,
      lost: 0,
      unknown: 0,
      falseUnknown: 0,
    });
  });

  test('another worker waits for a long command as long as its worker lives', { timeout: 60_000 }, async () => {
    const { place, end } = await started('outage 1.5: connection lost');
    // The engine loses its connections to all workers, and tries the turn on whichever is next.
    fleet.fleet.cutConnections();
    expect(await end()).toBe('completed');
    expect(whole(place.cwd)).toBe('whole\n');
    expect(model.counts('outage 1.5: connection lost', place, OUTAGE_STEPS)).toEqual({
      repeated: 0,
      lost: 0,
      unknown: 0,
      falseUnknown: 0,
    });
  });

  test('a worker that is drained finishes its command first', { timeout: 60_000 }, async () => {
    const { place, end } = await started('outage 1.5: drained');
    await Promise.all(fleet.fleet.workers.map(({ name }) => fleet.fleet.drainWorker(name)));
    expect(await end()).toBe('completed');
    expect(whole(place.cwd)).toBe('whole\n');
    expect(model.counts('outage 1.5: drained', place, OUTAGE_STEPS)).toEqual({
      repeated: 0,
      lost: 0,
      unknown: 0,
      falseUnknown: 0,
    });
  });

  test('a command whose worker was killed is reported as unknown within seconds, and not repeated', {
    timeout: 60_000 * TAKEOVERS,
  }, async () => {
    const times: number[] = [];
    for (let at = 0; at < TAKEOVERS; at += 1) {
      const kill = async () => {
        for (const { child } of fleet.fleet.workers) child.signal('SIGKILL');
        return () => undefined;
      };
      times.push(await takeover(`outage 1.5: worker dead, ${at}`, kill));
    }
    judgeTakeovers('workers dead', times);
  });
});

/** The first command of a turn in an outage: of as many seconds as its prompt says. */
function long(step: number, text: string): string {
  const seconds = /[\d.]+/.exec(text)?.[0];
  return step === 0 ? `sleep ${seconds}; echo whole >> whole` : '';
}
