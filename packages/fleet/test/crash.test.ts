import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Place } from '../src/protocol.ts';
import { binary, prompt, TestFleet } from './support/fleet.ts';
import { randomOf } from './support/random.ts';
import { type StepCounts, StepsModel } from './support/steps-model.ts';

/** Turns a case. The suite for releases: KEEL_RUNS=200 KEEL_FLEET_STEPS=20. */
const TURNS = Number(process.env['KEEL_RUNS'] ?? 4);
const STEPS = Number(process.env['KEEL_FLEET_STEPS'] ?? 5);
const SEED = Number(process.env['KEEL_SEED'] ?? Date.now() % 1_000_000);
const AT_ONCE = 8;
/** Requests to the model between two failures, at most. A run has some twenty of them, or few in a small one. */
const GAP = Math.max(STEPS * 2, (TURNS * STEPS) / 10);
const LIMIT_MS = 40_000 + TURNS * STEPS * 200;

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
    model = await StepsModel.start(STEPS, () => 'sleep 0.02');
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
    if (process.env['KEEL_RUNS'] !== undefined) {
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
      await delay(3_500);
      worker?.child.signal('SIGCONT');
    });
    judge('frozen workers', runs);
  });

  test('no step is lost or repeated when the engine is killed, and nothing is cut off', {
    timeout: LIMIT_MS,
  }, async () => {
    const runs = await runAll('killed engine', async () => {
      fleet.fleet.engine?.child.signal('SIGKILL');
    });
    expect(judge('killed engine', runs)).toMatchObject({ unknown: 0 });
  });

  test('nothing is lost, repeated or cut off when workers are drained', { timeout: LIMIT_MS }, async () => {
    const runs = await runAll('drained workers', async (random) => {
      const worker = pickWorker(random);
      if (worker && fleet.fleet.workers.length > 1) await fleet.fleet.drainWorker(worker.name);
    });
    expect(judge('drained workers', runs)).toMatchObject({ unknown: 0 });
  });
});
