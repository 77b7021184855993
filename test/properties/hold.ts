import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { laws } from './laws.ts';
import type { Plan } from './plan.ts';
import { countsOf, type Tally } from './tally.ts';
import { PLACES, play } from './world.ts';

/** How many courses run side by side: each spends most of its time waiting. */
const LANES = 24;
/** The same, for courses that start many programs. */
const FEW_LANES = 6;
/** How long a failure is shrunk, ms. */
const SHRINK_MS = 60_000;
const TRIES = 4;

export interface HoldOptions {
  readonly plans: fc.Arbitrary<Plan>;
  readonly runs: number;
  readonly wire: 'memory' | 'loopback';
  readonly startsPrograms?: boolean;
}

/** The seed of this run, printed with its result: always the same walk, or with `KEEL_SEED` any other. */
export const SEED = Number(process.env['KEEL_SEED'] ?? 20_261_125);

/** Two fifths of the usual number, so that all tests run in the time that there is; or `KEEL_RUNS`. */
export function runsOr(usual: number): number {
  return Number(process.env['KEEL_RUNS'] ?? Math.ceil(usual * 0.4));
}

/**
 * Plays `runs` plans and checks each course against the laws. A course that breaks one is shrunk as far as possible and printed
 * with its seed.
 * @returns what was exercised, in numbers
 */
export async function hold({ plans, runs, wire, startsPrograms = false }: HoldOptions): Promise<Tally> {
  const lanes = startsPrograms ? FEW_LANES : LANES;
  const tally: Tally = new Map();
  let broken: number | null = null;
  const lane = async (number: number) => {
    let failedAt: number | null = null;
    const property = fc.asyncProperty(plans, async (plan) => {
      if (broken !== null && broken !== number) return;
      if (failedAt !== null && performance.now() - failedAt > SHRINK_MS) return;
      // What the machine's speed decides may need a few tries to happen again.
      for (let tries = failedAt === null ? 1 : TRIES; tries > 0; tries -= 1) {
        try {
          const course = await play(plan, wire);
          judge(course);
          if (broken === null) countsOf(course, plan, tally);
        } catch (error) {
          broken ??= number;
          failedAt ??= performance.now();
          throw error;
        }
      }
    });
    await fc.assert(property, { seed: SEED + number, numRuns: Math.ceil(runs / lanes), includeErrorInReport: true });
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, (_, number) => lane(number)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed)
    throw new Error(`KEEL_SEED=${SEED}\n${failed.reason instanceof Error ? failed.reason.message : failed.reason}`);
  await expectNoProcesses();
  return tally;
}

/** Every command of every session ran in a folder of the test's, and is gone with its session. */
async function expectNoProcesses(): Promise<void> {
  const patience = AbortSignal.timeout(30_000);
  for (let left = commandsLeft(); left.length > 0; left = commandsLeft()) {
    if (patience.aborted) throw new Error(`commands are left running: ${left.join(', ')}`);
    await delay(20);
  }
}

function commandsLeft(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const isOurs = /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).includes(`/${PLACES}`);
      return isOurs ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')] : [];
    } catch {
      return []; // not ours to see, or gone already
    }
  });
}

/** @throws Error that names the law that is broken */
export function judge(course: Parameters<(typeof laws)[string]>[0]): void {
  for (const [name, law] of Object.entries(laws)) {
    try {
      law(course);
    } catch (error) {
      throw new Error(`${name}\n${error instanceof Error ? error.message : error}`);
    }
  }
}
