import type { UserInput } from '../../../../foundation/protocol/index.ts';
import { readJudge } from '../../../../system/sandbox/index.ts';
import type { CommandRules, ToolContext } from '../../../../tools/index.ts';
import { TurnDiffTracker } from '../../../../tools/patch/index.ts';
import type { ActiveTurn } from '../active-turn.ts';
import type { TurnDeps } from '../turn-deps.ts';

/** What all calls of a turn work with. */
export type ToolBase = Omit<ToolContext, 'orchestrator' | 'askUser' | 'events' | 'env'>;

export function toolBase({ services, agents }: TurnDeps, { context: turn, recorder, approvals, input }: ActiveTurn) {
  const { home, sandbox, spillMaxBytes, checksSyntax } = services.config;
  const protection = { home, allowGitCommit: sandbox.allowGitCommit, hidden: sandbox.hidden };
  return {
    turn,
    processes: services.processes,
    sessions: services.execSessions,
    diff: new TurnDiffTracker(turn.cwd, readJudge({ policy: turn.sandboxPolicy, ...protection })),
    agents,
    injectInput: (items: readonly UserInput[]) => {
      if (recorder.isRevoked) return false;
      input.add({ submissionId: turn.turnId, items });
      return true;
    },
    waitedForUserMs: () => approvals.waitedMs,
    spillPath: services.spillPath,
    spillMaxBytes,
    shell: services.shell.path,
    judge: services.rules.judge,
    documents: services.documents,
    checksSyntax,
    protection,
  } satisfies ToolBase;
}

/** How the commands of a turn are judged and confined. */
export function commandRules(
  { services: { sandbox, rules } }: TurnDeps,
  { context: turn, recorder }: ActiveTurn,
): CommandRules {
  const place = { cwd: turn.cwd, policy: turn.sandboxPolicy };
  return {
    planner: sandbox,
    ready: async (spec) => {
      const faults = await rules.ready(spec);
      for (const message of faults) recorder.warn(message);
    },
    riskOf: (spec) => rules.riskOf(spec, place),
    reading: (spec) => rules.reading(spec),
    ruleOf: (spec) => rules.ruleOf(spec, place),
    remember: (prefix) => rules.remember(prefix),
  };
}
