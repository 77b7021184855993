import type { TurnContext } from '../../context/index.ts';
import type { ApprovalDecision, ApprovalQuestion, CommandAction, FileUpdate } from '../../foundation/protocol/index.ts';
import { readingEnvironment } from '../../system/git/index.ts';
import {
  type CommandSpec,
  type Denial,
  directPlan,
  type EndedCommand,
  type ExecPlan,
  type HiddenOptions,
  type ProtectionOptions,
  type SandboxPlanner,
  type Scope,
  type WriteFault,
  writeFaultJudge,
} from '../../system/sandbox/index.ts';
import { type RuleVerdict, wouldMatch } from '../approvals/index.ts';
import { type ApprovalCache, commandKeys, fileKeys, mcpKey } from './approval-cache.ts';
import type { ApprovalSubject, Approver } from './approver.ts';
import type { HostedRun } from './hosted-run.ts';
import {
  type CommandRisk,
  commandRequirement,
  type McpQuestion,
  mayRetryUnsandboxed,
  mcpRequirement,
  NOBODY_CAN_APPROVE,
  type PatchQuestion,
  patchRequirement,
  RETRY_REASON,
  type Requirement,
  withRule,
} from './requirement.ts';

/** What came of a call that needed leave: its value, or what the model is told instead. */
export type Orchestrated<T> =
  | {
      readonly type: 'done';
      readonly value: T;
      /** What the sandbox of the last attempt seems to have refused, when the command has ended like that. */
      readonly denialAt?: (end: EndedCommand) => Denial | null;
      /** Hosts that a command was not let through to. */
      readonly refusedHosts?: readonly string[];
    }
  | { readonly type: 'refused'; readonly message: string };

/** Where a call is made: the turn with its policies, the environment of its commands, and what is protected there. */
export interface CallPlace {
  readonly turn: TurnContext;
  readonly env: Readonly<Record<string, string>>;
  readonly protection: ProtectionOptions & HiddenOptions;
}

export interface CommandRequest<T> {
  readonly callId: string;
  readonly spec: CommandSpec;
  readonly escalated: boolean;
  readonly justification: string | null;
  readonly commandActions: readonly CommandAction[];
  /**
   * One attempt. Called a second time only if the first was stopped by its sandbox and the user let it run without.
   * `ended` has to be called when the program itself has ended, which may be after the attempt.
   */
  readonly run: (plan: ExecPlan, ended: () => void) => Promise<T>;
  /** How an attempt ended; null while it still runs, or when it never began. */
  readonly endOf: (value: T) => EndedCommand | null;
}

export interface PatchRequest<T> {
  readonly callId: string;
  readonly changes: readonly FileUpdate[];
  /** Every path the patch touches, absolute; move targets too. */
  readonly paths: readonly string[];
  readonly apply: (mayWrite: (path: string) => boolean) => Promise<T>;
}

export interface McpCallRequest<T> extends Pick<McpQuestion, 'annotations' | 'approval'> {
  readonly callId: string;
  readonly server: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly run: () => Promise<T>;
}

function firstFault(paths: readonly string[], faultOf: (path: string) => WriteFault | null): PatchQuestion['fault'] {
  for (const path of paths) {
    const kind = faultOf(path);
    if (kind !== null) return { path, kind };
  }
  return null;
}

/** How commands are judged and held. */
export interface CommandRules {
  readonly planner: SandboxPlanner;
  /** Resolves when `riskOf` can be asked about a command. */
  readonly ready: (spec: CommandSpec) => Promise<void>;
  readonly riskOf: (spec: CommandSpec) => CommandRisk;
  /** What the user's rules say of it. */
  readonly ruleOf: (spec: CommandSpec) => RuleVerdict;
  /** Allows, from now on, commands that begin with these words. */
  readonly remember: (prefix: readonly string[]) => Promise<void>;
}

/** Nothing is known of any command, and none is held. */
export const noRules: CommandRules = {
  planner: {
    ready: () => Promise.resolve(),
    plan: ({ spec }) => ({ type: 'ready', plan: directPlan(spec) }),
    denial: () => null,
    refusedHosts: () => [],
    track: () => () => undefined,
  },
  ready: () => Promise.resolve(),
  riskOf: () => 'plain',
  ruleOf: () => ({ type: 'none', proposed: null }),
  remember: () => Promise.resolve(),
};

/**
 * The one place where a call meets the user's policies: does it need approval, how is it held, who decides. Handlers say
 * what they want to do and how; they never ask, and they never choose.
 */
export class Orchestrator {
  readonly #approver: Approver;
  readonly #cache: ApprovalCache;
  readonly #rules: CommandRules;
  readonly #run: HostedRun | null;

  /**
   * For one call. The cache lives as long as the session. `run` is the call in the ledger; null for one that may run again
   * after a crash.
   */
  constructor(approver: Approver, cache: ApprovalCache, rules: CommandRules = noRules, run: HostedRun | null = null) {
    this.#approver = approver;
    this.#cache = cache;
    this.#rules = rules;
    this.#run = run;
  }

  /** Requirement, approval, plan, attempt; and if the sandbox stopped that, perhaps a second one without it. */
  async runCommand<T>(request: CommandRequest<T>, { turn }: CallPlace, signal: AbortSignal): Promise<Orchestrated<T>> {
    const { spec, run, endOf } = request;
    let started = spec;
    const { planner, riskOf } = this.#rules;
    const attempt = async (scope: Scope): Promise<Orchestrated<T>> => {
      // Before the plan, so that nothing comes between what was looked at and what is run.
      await this.#run?.start();
      const planned = planner.plan({ spec: started, policy: turn.sandboxPolicy, cwd: turn.cwd, scope });
      if (planned.type === 'unavailable') {
        return { type: 'refused', message: signal.aborted ? 'aborted' : planned.reason };
      }
      const letGo = planner.track(planned.plan);
      const value = await run(planned.plan, letGo);
      const refusedHosts = planner.refusedHosts(planned.plan);
      return { type: 'done', value, denialAt: (end) => planner.denial(planned.plan, end), refusedHosts };
    };
    // Where nothing is held there is nothing to find out about the machine.
    const mayHold = turn.sandboxPolicy.mode !== 'danger-full-access';
    await Promise.all([mayHold ? planner.ready(signal) : null, this.#rules.ready(spec)]);
    const rule = this.#rules.ruleOf(spec);
    // What the user's own rules allow is not for a heuristic to forbid.
    const risk = rule.type === 'allowed' ? 'plain' : riskOf(spec);
    const asked = commandRequirement({ ...turn, ...request, risk });
    const requirement = withRule(asked, rule, turn.approvalPolicy);
    // Who wrote a rule that allows every command of a line has granted them the user's own rights.
    const isFree = requirement.type === 'skip' && rule.type === 'allowed';
    const scope: Scope = request.escalated || isFree ? 'unsandboxed' : 'sandboxed';
    const proposed = rule.type === 'none' && requirement.type === 'ask' ? rule.proposed : null;
    if (isFree) started = { ...spec, argv: rule.argv };
    else if (risk === 'safe') started = { ...spec, env: readingEnvironment(spec.env) };
    if (!this.#run?.wasStopped) {
      const question = commandQuestion(request, { scope, proposed }, signal);
      const refusal = await this.#meet(requirement, turn.canAsk, question);
      if (refusal !== null) return { type: 'refused', message: refusal };
      const first = await attempt(scope);
      const end = first.type === 'done' ? endOf(first.value) : null;
      const isDenied = first.type === 'done' && end !== null && first.denialAt?.(end) != null;
      const mayRetry = isDenied && !signal.aborted && turn.canAsk && mayRetryUnsandboxed(turn.approvalPolicy);
      if (!mayRetry) return first;
      this.#run?.stopped();
    }
    // A yes for a run inside the sandbox is none for one outside: whoever gave it is asked again.
    const wider = commandQuestion(request, { scope: 'unsandboxed', proposed: null }, signal);
    const retryRefusal = await this.#meet({ type: 'ask', reason: RETRY_REASON }, turn.canAsk, wider);
    if (retryRefusal !== null) return { type: 'refused', message: retryRefusal };
    return attempt('unsandboxed');
  }

  /**
   * Runs a program of keel's own that only reads, for a tool: it sees what a command could see, and changes nothing. There
   * is nothing to approve.
   */
  async runReader<T>(
    spec: CommandSpec,
    { sandboxPolicy, cwd }: TurnContext,
    signal: AbortSignal,
    run: (spec: ExecPlan['spawn']) => Promise<T>,
  ): Promise<Orchestrated<T>> {
    const { planner } = this.#rules;
    const isHeld = sandboxPolicy.mode !== 'danger-full-access';
    if (isHeld) await planner.ready(signal);
    const policy = isHeld ? ({ mode: 'read-only' } as const) : sandboxPolicy;
    const planned = planner.plan({ spec, policy, cwd });
    if (planned.type === 'unavailable') {
      return { type: 'refused', message: signal.aborted ? 'aborted' : planned.reason };
    }
    const letGo = planner.track(planned.plan);
    try {
      return { type: 'done', value: await run(planned.plan.spawn) };
    } finally {
      letGo();
    }
  }

  async runPatch<T>(request: PatchRequest<T>, context: CallPlace, signal: AbortSignal): Promise<Orchestrated<T>> {
    const { turn, env, protection } = context;
    const { planner } = this.#rules;
    const { callId, changes, paths } = request;
    const place = { policy: turn.sandboxPolicy, cwd: turn.cwd, env, ...protection };
    const faultOf = writeFaultJudge({
      ...place,
      ...(planner.roots === undefined ? {} : { sessionRoots: planner.roots }),
    });
    const keys = fileKeys(paths);
    const requirement = patchRequirement({
      approvalPolicy: turn.approvalPolicy,
      fileCount: paths.length,
      fault: firstFault(paths, faultOf),
    });
    const refusal = await this.#meet(requirement, turn.canAsk, {
      keys,
      refused: 'patch rejected by user',
      signal,
      ask: (reason) => ({ type: 'fileChange', callId, changes: [...changes], reason }),
    });
    if (refusal !== null) return { type: 'refused', message: refusal };
    await this.#run?.start();
    if (signal.aborted) return { type: 'refused', message: 'aborted' };
    // A yes covers the files that were shown; each path is looked at again as it is written.
    const approved = new Set(requirement.type === 'ask' ? keys : []);
    const mayWrite = (path: string) => fileKeys([path]).every((key) => approved.has(key)) || faultOf(path) === null;
    const value = await request.apply(mayWrite);
    planner.noteWritten?.(paths);
    return { type: 'done', value };
  }

  /** A call of a server's tool. What the server is held to was decided when it was started. */
  async runMcpCall<T>(request: McpCallRequest<T>, { turn }: CallPlace, signal: AbortSignal): Promise<Orchestrated<T>> {
    const { run, annotations: _, approval, ...call } = request;
    const refusal = await this.#meet(mcpRequirement({ ...turn, ...request }), turn.canAsk, {
      // Who wants to be asked each time is asked each time.
      keys:
        approval === 'prompt' ? [`${mcpKey(call.server, call.tool)} ${call.callId}`] : [mcpKey(call.server, call.tool)],
      refused: 'tool call rejected by user',
      signal,
      ask: (reason) => ({ type: 'mcpToolCall', ...call, reason }),
    });
    if (refusal !== null) return { type: 'refused', message: refusal };
    await this.#run?.start();
    return { type: 'done', value: await run() };
  }

  /** @returns what the model is told if the call may not run, else null */
  async #meet(requirement: Requirement, canAsk: boolean, question: Question): Promise<string | null> {
    if (requirement.type === 'skip') return null;
    if (requirement.type === 'forbid') return requirement.message;
    if (this.#cache.areApproved(question.keys)) return null;
    if (!canAsk) return NOBODY_CAN_APPROVE;
    const decision = await this.#approver.request(question.ask(requirement.reason), question.signal, question);
    if (question.signal.aborted) return 'aborted';
    if (decision.type === 'approvedForSession' || decision.type === 'approvedAndRemembered') {
      this.#cache.approve(question.keys);
    }
    if (decision.type === 'approvedAndRemembered' && question.proposed) await this.#rules.remember(question.proposed);
    return refusalOf(decision, question.refused);
  }
}

interface Question extends ApprovalSubject {
  readonly refused: string;
  /** What a yes for good would allow. */
  readonly proposed?: readonly string[] | null;
  readonly signal: AbortSignal;
  readonly ask: (reason: string | null) => ApprovalQuestion;
}

function commandQuestion<T>(
  request: CommandRequest<T>,
  { scope, proposed }: { readonly scope: Scope; readonly proposed: readonly string[] | null },
  signal: AbortSignal,
): Question {
  const { callId, spec, commandActions } = request;
  return {
    keys: commandKeys(spec, scope),
    refused: 'exec command rejected by user',
    proposed,
    signal,
    ask: (reason) => ({
      type: 'command',
      callId,
      command: [...spec.argv],
      cwd: spec.cwd,
      commandActions: [...commandActions],
      reason,
      ...(proposed === null ? {} : { proposedRule: { prefix: [...proposed], wouldMatch: wouldMatch(proposed) } }),
      escalated: scope === 'unsandboxed',
    }),
  };
}

function refusalOf(decision: ApprovalDecision, refused: string): string | null {
  switch (decision.type) {
    case 'approved':
    case 'approvedForSession':
    case 'approvedAndRemembered':
      return null;
    case 'denied':
      return decision.message ? `${refused}\nThe user's reason: ${decision.message}` : refused;
    case 'abort':
      return 'aborted';
  }
}
