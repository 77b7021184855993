import { directPlan } from '../../../src/system/sandbox/plan/plan.ts';
import type { CommandRules } from '../../../src/tools/index.ts';

/** No sandbox, no rules, and nothing known of any command: for tests of what else happens to a call. */
export const unconfinedRules: CommandRules = {
  planner: {
    ready: () => Promise.resolve(),
    plan: ({ spec }) => ({ type: 'ready', plan: directPlan(spec) }),
    denial: () => null,
    refusedHosts: () => [],
    track: () => () => undefined,
  },
  ready: () => Promise.resolve(),
  riskOf: () => 'plain',
  reading: (spec) => spec,
  ruleOf: () => ({ type: 'none', proposed: null }),
  remember: () => Promise.resolve(),
};
