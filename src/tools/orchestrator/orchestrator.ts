import type { TurnContext } from '../../context/index.ts';
import {
  type CommandSpec,
  type ExecPlan,
  type SandboxPlanner,
  type Scope,
  type WriteFault,
  writeFaultJudge,
} from '../../system/sandbox/index.ts';
import type { RuleVerdict } from '../approvals/index.ts';
import { type ApprovalCache, fileKeys, mcpKey } from './approval-cache.ts';
import { commandQuestion, type Question, refusalFor } from './approvals.ts';
import type { Approver } from './approver.ts';
import type { HostedRun } from './hosted-run.ts';
import type { CallPlace, CommandRequest, HookAsksFor, McpCallRequest, Orchestrated, PatchRequest } from './requests.ts';
import {
  type CommandRisk,
  commandRequirement,
  type HookOpinion,
  mayRetryUnsandboxed,
  mcpRequirement,
  type PatchQuestion,
  patchRequirement,
  RETRY_REASON,
  type Requirement,
  withHook,
  withRule,
} from './requirement.ts';

/** How commands are judged and confined. */
export interface CommandRules {
  readonly planner: SandboxPlanner;
  /** Resolves when `riskOf` can be asked about a command. */
  readonly ready: (spec: CommandSpec) => Promise<void>;
  readonly riskOf: (spec: CommandSpec) => CommandRisk;
  /** A command whose risk is `safe`, as it is run. */
  readonly reading: (spec: CommandSpec) => CommandSpec;
  /** The verdict of the user's rules. */
  readonly ruleOf: (spec: CommandSpec) => RuleVerdict;
  /** Allows, from now on, commands that begin with these words. */
  readonly remember: (prefix: readonly string[]) => Promise<void>;
}

export interface OrchestratorDeps {
  readonly approver: Approver;
  /** Lives as long as the session. */
  readonly cache: ApprovalCache;
  readonly rules: CommandRules;
  /** What a hook said of the call; absent: nothing. */
  readonly opinion?: HookOpinion;
  /** The call in the ledger; null for one that may run again after a crash. */
  readonly run: HostedRun | null;
}

/** A command after its requirement is known: what to ask, and what to start where. */
interface JudgedCommand {
  readonly requirement: Requirement;
  readonly scope: Scope;
  readonly started: CommandSpec;
  /** First words that the user may allow for good; null: nothing to offer. */
  readonly proposed: readonly string[] | null;
  readonly hookMayAllow: boolean;
  /** A rule of the user's asks. */
  readonly byRule: boolean;
}

/**
 * The one place where a call meets the user's policies: whether it needs approval, who decides, how it is confined. Handlers
 * say what they want to do and how; they never ask, and they never choose. One instance serves one call.
 */
export class Orchestrator {
  readonly #deps: OrchestratorDeps;

  constructor(deps: OrchestratorDeps) {
    this.#deps = deps;
  }

  /** Requirement, approval, plan, attempt; and if the sandbox stopped that, perhaps a second attempt without it. */
  async runCommand<T>(request: CommandRequest<T>, { turn }: CallPlace, signal: AbortSignal): Promise<Orchestrated<T>> {
    const { rules, run } = this.#deps;
    // Without a sandbox there is nothing to find out about the machine.
    const isConfined = turn.sandboxPolicy.mode !== 'danger-full-access';
    await Promise.all([isConfined ? rules.planner.ready(signal) : null, rules.ready(request.spec)]);
    const { requirement, scope, started, ...asked } = this.#judge(request, turn);
    const attempt = (wanted: Scope) => this.#attempt(request, { started, scope: wanted, turn }, signal);
    if (!run?.wasStopped) {
      const refusal = await this.#refusal(requirement, turn, commandQuestion(request, { scope, ...asked }, signal));
      if (refusal !== null) return { type: 'refused', message: refusal };
      const first = await attempt(scope);
      const end = first.type === 'done' ? request.endOf(first.value) : null;
      const isDenied = first.type === 'done' && end !== null && first.denialAt?.(end) != null;
      const mayRetry = isDenied && !signal.aborted && turn.canAsk && mayRetryUnsandboxed(turn.approvalPolicy);
      if (!mayRetry) return first;
      run?.stopped();
    }
    // An approval for a run inside the sandbox doesn't cover one outside: the user is asked again.
    const more = { scope: 'unsandboxed', proposed: null, hookMayAllow: false, byRule: false } as const;
    const wider = commandQuestion(request, more, signal);
    const refusal = await this.#refusal({ type: 'ask', reason: RETRY_REASON }, turn, wider);
    return refusal === null ? attempt('unsandboxed') : { type: 'refused', message: refusal };
  }

  #judge<T>(request: CommandRequest<T>, turn: TurnContext): JudgedCommand {
    const { spec, escalated } = request;
    const { rules } = this.#deps;
    const rule = rules.ruleOf(spec);
    // A heuristic does not forbid what the user's own rules allow.
    const risk = rule.type === 'allowed' ? 'plain' : rules.riskOf(spec);
    const asked = commandRequirement({ ...turn, ...request, risk });
    const byRule = rule.type === 'prompt';
    const facts = { hookMayAllow: !escalated && !byRule, byRule };
    const requirement = withRule(asked, rule, turn.approvalPolicy);
    const proposed = rule.type === 'none' && requirement.type === 'ask' ? rule.proposed : null;
    if (requirement.type === 'skip' && rule.type === 'allowed') {
      // The author of a rule that allows every command of a line has granted them the user's own rights.
      return { requirement, scope: 'unsandboxed', started: { ...spec, argv: rule.argv }, proposed, ...facts };
    }
    const started = risk === 'safe' ? rules.reading(spec) : spec;
    return { requirement, scope: escalated ? 'unsandboxed' : 'sandboxed', started, proposed, ...facts };
  }

  async #attempt<T>(
    { run }: CommandRequest<T>,
    { started, scope, turn }: Pick<JudgedCommand, 'started' | 'scope'> & { readonly turn: TurnContext },
    signal: AbortSignal,
  ): Promise<Orchestrated<T>> {
    const { planner } = this.#deps.rules;
    // Before the plan, so that nothing comes between what was looked at and what is run.
    await this.#deps.run?.start();
    const planned = planner.plan({
      spec: started,
      policy: turn.sandboxPolicy,
      cwd: turn.cwd,
      scope,
      sharesNetwork: true,
    });
    if (planned.type === 'unavailable') {
      return { type: 'refused', message: signal.aborted ? 'aborted' : planned.reason };
    }
    const release = planner.track(planned.plan);
    const value = await run(planned.plan, release);
    const refusedHosts = planner.refusedHosts(planned.plan);
    return { type: 'done', value, denialAt: (end) => planner.denial(planned.plan, end), refusedHosts };
  }

  /**
   * Runs a program of keel's own that only reads, for a tool: it sees what a command could see, and changes nothing, so
   * there is nothing to approve.
   */
  async runReader<T>(
    spec: CommandSpec,
    { sandboxPolicy, cwd }: TurnContext,
    signal: AbortSignal,
    run: (spec: ExecPlan['spawn']) => Promise<T>,
  ): Promise<Orchestrated<T>> {
    const { planner } = this.#deps.rules;
    const isConfined = sandboxPolicy.mode !== 'danger-full-access';
    if (isConfined) await planner.ready(signal);
    const policy = isConfined ? ({ mode: 'read-only' } as const) : sandboxPolicy;
    const planned = planner.plan({ spec, policy, cwd });
    if (planned.type === 'unavailable') {
      return { type: 'refused', message: signal.aborted ? 'aborted' : planned.reason };
    }
    const release = planner.track(planned.plan);
    try {
      return { type: 'done', value: await run(planned.plan.spawn) };
    } finally {
      release();
    }
  }

  /** Asks for approval where the policy needs it, then writes. */
  async runPatch<T>(request: PatchRequest<T>, context: CallPlace, signal: AbortSignal): Promise<Orchestrated<T>> {
    const { turn, env, protection } = context;
    const { planner } = this.#deps.rules;
    const { callId, changes, paths } = request;
    const place = { policy: turn.sandboxPolicy, cwd: turn.cwd, env, ...protection };
    const faultOf = writeFaultJudge({
      ...place,
      ...(planner.roots === undefined ? {} : { sessionRoots: planner.roots }),
    });
    const keys = fileKeys(paths);
    const fault = firstFault(paths, faultOf);
    const requirement = patchRequirement({
      approvalPolicy: turn.approvalPolicy,
      fileCount: paths.length,
      fault,
    });
    const refusal = await this.#refusal(requirement, turn, {
      callId,
      keys,
      hookMayAllow: fault === null,
      refused: 'patch rejected by user',
      signal,
      ask: (reason) => ({ type: 'fileChange', callId, changes: [...changes], reason }),
    });
    if (refusal !== null) return { type: 'refused', message: refusal };
    await this.#deps.run?.start();
    if (signal.aborted) return { type: 'refused', message: 'aborted' };
    // An approval covers the files that were shown; each other path is judged again as it is written.
    const approved = new Set(fault === null ? [] : keys);
    const mayWrite = (path: string) => fileKeys([path]).every((key) => approved.has(key)) || faultOf(path) === null;
    const value = await request.apply(mayWrite);
    planner.noteWritten?.(paths);
    return { type: 'done', value };
  }

  /** Runs a call of a server's tool. How the server is confined was decided when it was started. */
  async runMcpCall<T>(request: McpCallRequest<T>, { turn }: CallPlace, signal: AbortSignal): Promise<Orchestrated<T>> {
    const { run, annotations: _, approval, ...call } = request;
    const refusal = await this.#refusal(mcpRequirement({ ...turn, ...request }), turn, {
      callId: call.callId,
      // `prompt` asks each time: the key covers this call alone.
      keys:
        approval === 'prompt' ? [`${mcpKey(call.server, call.tool)} ${call.callId}`] : [mcpKey(call.server, call.tool)],
      hookMayAllow: approval !== 'prompt',
      refused: 'tool call rejected by user',
      signal,
      ask: (reason) => ({ type: 'mcpToolCall', ...call, reason }),
    });
    if (refusal !== null) return { type: 'refused', message: refusal };
    await this.#deps.run?.start();
    return { type: 'done', value: await run() };
  }

  /** Asks about a call that no policy judges, where a hook wants that. @returns the refusal for the model; null: go ahead */
  approvalForHook({ callId, tool, arguments: args }: HookAsksFor, turn: TurnContext, signal: AbortSignal) {
    return this.#refusal({ type: 'skip' }, turn, {
      callId,
      keys: [mcpKey('keel', tool)],
      hookMayAllow: true,
      refused: 'tool call rejected by user',
      signal,
      ask: (reason) => ({ type: 'mcpToolCall', callId, server: 'keel', tool, arguments: args, reason }),
    });
  }

  #refusal(asked: Requirement, turn: TurnContext, question: Question): Promise<string | null> {
    const { approver, cache, rules, opinion = { type: 'none' } } = this.#deps;
    const { approvalPolicy, canAsk } = turn;
    const requirement = withHook(asked, opinion, { approvalPolicy, mayAllow: question.hookMayAllow });
    // What a hook wants to be asked is asked each time: the key covers this call alone.
    const isHooks = requirement.type === 'ask' && opinion.type === 'ask';
    const keys = isHooks ? question.keys.map((key) => `${key} ${question.callId}`) : question.keys;
    return refusalFor(requirement, canAsk, { ...question, keys }, { approver, cache, remember: rules.remember });
  }
}

function firstFault(paths: readonly string[], faultOf: (path: string) => WriteFault | null): PatchQuestion['fault'] {
  for (const path of paths) {
    const kind = faultOf(path);
    if (kind !== null) return { path, kind };
  }
  return null;
}
