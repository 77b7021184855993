import { KeelError } from '../../foundation/protocol/index.ts';
import { CHECKS } from './checks.ts';
import type { Check, Finding, Outcome } from './finding.ts';
import type { Probe } from './probe.ts';

/** Failures after which no other check can find anything out. */
const HOPELESS: readonly string[] = [
  'unauthorized',
  'missingCredentials',
  'quotaExceeded',
  'usageLimitExceeded',
  'invalidConfig',
];

/**
 * Runs all checks, one after the other. Each finding is given as soon as it is known.
 * @throws the signal's reason when the probe's signal aborts
 */
export async function* runChecks(probe: Probe): AsyncGenerator<Finding, void, undefined> {
  let blocked: string | null = null;
  for (const check of CHECKS) {
    probe.signal.throwIfAborted();
    if (blocked !== null) {
      yield { check: check.name, state: 'skipped', detail: blocked, settings: [] };
      continue;
    }
    const { outcome, isHopeless } = await outcomeOf(check, probe);
    const settings = [...probe.takeSettings(), ...(outcome.settings ?? [])];
    yield { check: check.name, state: outcome.state, detail: outcome.detail, settings };
    if (isHopeless || (check.name === 'text' && outcome.state === 'fails'))
      blocked = `not tried, since ${check.name} fails`;
  }
}

async function outcomeOf(check: Check, probe: Probe): Promise<{ outcome: Outcome; isHopeless: boolean }> {
  try {
    return { outcome: await check.run(probe), isHopeless: false };
  } catch (error) {
    probe.signal.throwIfAborted();
    if (!(error instanceof KeelError)) throw error;
    return { outcome: { state: 'fails', detail: error.message }, isHopeless: HOPELESS.includes(error.kind) };
  }
}

/** Whether keel can work with what was found. */
export function isUsable(findings: readonly Finding[]): boolean {
  const needed = CHECKS.filter(({ isNeeded }) => isNeeded).map(({ name }) => name);
  return needed.every((name) =>
    findings.some(({ check, state }) => check === name && (state === 'works' || state === 'partly')),
  );
}
