import { setTimeout as delay } from 'node:timers/promises';
import type { CallItem, UserInput } from '../../../../foundation/protocol/index.ts';
import { monotonicMs } from '../../../../foundation/util/index.ts';
import type { ToolSpec } from '../../../../models/prompt/index.ts';
import { readJudge } from '../../../../system/sandbox/index.ts';
import { argumentsText, failedOutput, type ToolCall } from '../../../../tools/contract/index.ts';
import {
  abortedOutput,
  BEHIND_UNKNOWN,
  CallGate,
  type CommandRules,
  callText,
  dispatch,
  endedSessionText,
  type HookOpinion,
  type HostedRun,
  LoopWatch,
  NOT_BEGUN,
  Orchestrator,
  outputItem,
  specsFor,
  type ToolContext,
  type ToolOutput,
  toolCallOf,
  unknownOutcome,
  withNote,
} from '../../../../tools/index.ts';
import { TurnDiffTracker } from '../../../../tools/patch/index.ts';
import type { StepRunner } from '../../../steps/index.ts';
import type { CallOptions, RunCall, TurnTools } from '../../../turn/index.ts';
import type { AddedTools } from '../../environment/added-tools.ts';
import type { Permission } from '../../hooks/call-hooks.ts';
import { shortForm } from '../../thread/interrupted-turn.ts';
import type { ActiveTurn } from '../active-turn.ts';
import type { TurnApprovals } from '../approvals.ts';
import type { TurnDeps } from '../turn-deps.ts';
import { callApprover } from './call-approver.ts';
import { callEvents } from './call-events.ts';
import { HookedCalls } from './hooked-calls.ts';
import { toolsOf } from './offered-tools.ts';
import { userAsker } from './user-asker.ts';

/** How long a cancelled call can take to word its end, less than the turn itself has. */
const CALL_GRACE_MS = 60;

export interface TurnToolsOptions {
  readonly steps: StepRunner;
  /** What the program and servers add to the tools of the turn. */
  readonly added: AddedTools;
  /** Awaited before each call that can change files. */
  readonly beforeChange: () => Promise<void>;
  /** Whether an earlier process began the turn, where somebody may have answered questions of the model. */
  readonly continues: boolean;
}

/** Answers in the place of a user whom nobody can ask. */
const NOBODY: Pick<TurnApprovals, 'request'> = { request: async () => ({ type: 'denied' }) };

/** The tools of one turn: runs its calls through gate, ledger and router, and keeps the turn's diff. */
export function openTurnTools(
  { services, state, agents }: TurnDeps,
  active: ActiveTurn,
  { steps, added, beforeChange, continues }: TurnToolsOptions,
): TurnTools {
  const { context: turn, recorder, approvals, window } = active;
  const { registry, deferred } = added;
  const shown = active.tools ?? [...toolsOf(services, turn.model), ...added.names];
  // A call of an earlier process keeps its answer, also where nobody is asked now.
  const answered = toolsOf({ ...services, asksQuestions: services.asksQuestions || continues }, turn.model);
  const offered = [...answered, ...added.names, ...deferred];
  const specs = growingSpecs(
    () => state.facts.foundTools,
    (found) => {
      const all = specsFor(registry, [...shown, ...found.filter((name) => deferred.includes(name))], turn);
      window.offer(all);
      return all;
    },
  );
  const watch = new LoopWatch(turn.noteMark);
  const rules: CommandRules = {
    planner: services.sandbox,
    ready: async (spec) => {
      const faults = await services.rules.ready(spec);
      for (const message of faults) recorder.warn(message);
    },
    riskOf: (spec) => services.rules.riskOf(spec, { cwd: turn.cwd, policy: turn.sandboxPolicy }),
    reading: (spec) => services.rules.reading(spec),
    ruleOf: (spec) => services.rules.ruleOf(spec, { cwd: turn.cwd, policy: turn.sandboxPolicy }),
    remember: (prefix) => services.rules.remember(prefix),
  };
  const protection = {
    home: services.config.home,
    allowGitCommit: services.config.sandbox.allowGitCommit,
    hidden: services.config.sandbox.hidden,
  };
  const diff = new TurnDiffTracker(turn.cwd, readJudge({ policy: turn.sandboxPolicy, ...protection }));
  const base = {
    turn,
    processes: services.processes,
    sessions: services.execSessions,
    diff,
    agents,
    injectInput: (items: readonly UserInput[]) => {
      if (recorder.isRevoked) return false;
      active.input.add({ submissionId: turn.turnId, items });
      return true;
    },
    waitedForUserMs: () => approvals.waitedMs,
    spillPath: services.spillPath,
    spillMaxBytes: services.config.spillMaxBytes,
    shell: services.shell.path,
    judge: services.rules.judge,
    documents: services.documents,
    checksSyntax: services.config.checksSyntax,
    protection,
  };
  const handlerOf = ({ name }: ToolCall) => registry.handler(name);
  const repeatOf = (call: ToolCall): 'safe' | 'ledger' => {
    const handler = handlerOf(call);
    if (!handler || handler.repeat === 'safe') return 'safe';
    return handler.onlyReads?.(call, base) ? 'safe' : 'ledger';
  };
  const canChangeFiles = (call: ToolCall) => {
    const handler = handlerOf(call);
    if (handler === null) return false;
    return !(handler.onlyReads?.(call, base) ?? handler.repeat === 'safe');
  };
  const hooks = services.hooks?.calls ?? null;
  const hooked = new HookedCalls(hooks, active);
  const approverOf = ({ key }: CallOptions) => ({ steps, approvals, threadId: turn.threadId, key });
  const orchestratorFor = (call: ToolCall, options: CallOptions, { opinion, run }: Judged) => {
    const ofHooks = hooks && ((permission: Permission) => hooks.permission(call, permission, hooked.momentOf(options)));
    return new Orchestrator({
      approver: callApprover({ ...approverOf(options), ofHooks }),
      cache: services.approvals,
      rules,
      opinion,
      run,
    });
  };

  /** The user is warned once of a machine without a sandbox, with what would fix it; each command is then refused. */
  async function lookForSandbox(signal: AbortSignal): Promise<void> {
    await services.sandbox.ready(signal);
    const message = services.sandbox.takeNotice();
    if (message !== null) recorder.warn(message);
  }

  /**
   * Files made by commands that would be obeyed later are reported to the user and to the model, and sessions that ended
   * meanwhile to the model.
   */
  function withNews(output: ToolOutput): ToolOutput {
    const findings = services.sandbox.takeFindings();
    for (const message of findings) recorder.warn(message);
    const ended = services.execSessions.takeEnded().map(endedSessionText);
    return [...findings, ...ended].map((text) => `${turn.noteMark} ${text}`).reduce(withNote, output);
  }

  async function runCall(given: ToolCall, options: CallOptions): Promise<ToolOutput> {
    return hooked.run(given, options, async (call, opinion) => {
      let hasStarted = handlerOf(call)?.repeat !== 'asks';
      const onStart = () => {
        hasStarted = true;
      };
      const work = (run: HostedRun | null) => runJudged(call, options, { opinion, run: watchedRun(run, onStart) });
      // The ledger knows a call by what the model wrote, from which hooks may have changed it.
      const { key } = options;
      const hosted = { key, callId: given.callId, asked: callText(given) };
      if (repeatOf(call) === 'safe') return { output: await work(null), hasRun: hasStarted };
      const outcome = await services.toolHost.call(hosted, work);
      const output = outcome.type === 'done' ? outcome.output : unknownOutcome(outcome);
      return { output, hasRun: hasStarted || outcome.type !== 'done' || outcome.replayed };
    });
  }

  async function runJudged(call: ToolCall, options: CallOptions, judged: Judged): Promise<ToolOutput> {
    const { signal, report } = options;
    const handler = handlerOf(call);
    await services.commandEnvironment.ready(signal);
    if (turn.sandboxPolicy.mode !== 'danger-full-access') await lookForSandbox(signal);
    const orchestrator = orchestratorFor(call, options, judged);
    if (judged.opinion.type === 'ask' && handler?.repeat !== 'asks') {
      const asked = { callId: call.callId, tool: call.name, arguments: { arguments: argumentsText(call) } };
      const refusal = await orchestrator.approvalForHook(asked, turn, signal);
      if (refusal !== null) return failedOutput(refusal, 'notRun');
    }
    if (handler?.repeat === 'ledger') await judged.run.start();
    const context: ToolContext = {
      ...base,
      orchestrator,
      // No hook answers what the model asks the user.
      askUser: userAsker(
        callApprover({ ...approverOf(options), approvals: services.asksQuestions ? approvals : NOBODY }),
        call.callId,
      ),
      events: callEvents(recorder, turn.turnId, report),
      env: services.commandEnvironment.current(),
    };
    const onCrash = (error: unknown) => services.log.crash(error);
    const withheld = services.child?.withoutTools ?? [];
    const output = await dispatch(call, context, signal, { registry, offered, withheld, onCrash });
    services.editResults.note(turn.model.slug, call.name, output);
    return withNews(output);
  }

  /** The outcome that an earlier process left of this very call, also where the turn has been stopped since. */
  function recalled(call: CallItem, key: string): ToolOutput | null {
    const toolCall = toolCallOf(call);
    if ((handlerOf(toolCall)?.repeat ?? 'safe') === 'safe') return null;
    const known = services.toolHost.recall({ key, callId: toolCall.callId, asked: callText(toolCall) });
    if (known === null || known.type === 'stopped') return null;
    return known.type === 'done' ? known.output : unknownOutcome(known);
  }

  function openBatch(): RunCall {
    const gate = new CallGate();
    return async (item, options) => {
      const call = toolCallOf(item);
      const known = recalled(item, options.key);
      if (known !== null) return outputItem(item, watch.note(call, await hooked.after(call, known, options)));
      if (options.earlier.some((key) => services.toolHost.isLost(key))) return outputItem(item, BEHIND_UNKNOWN);
      const mode = handlerOf(call)?.parallel ? 'shared' : 'exclusive';
      const work = gate.run(mode, options.signal, async () => {
        if (canChangeFiles(call) || hooks !== null) await beforeChange();
        if (options.signal.aborted) return null;
        active.calls.set(options.key, shortForm(item));
        return runCall(call, options);
      });
      const output = await orAborted(work, options.signal);
      if (!options.signal.aborted) active.calls.delete(options.key);
      return outputItem(item, watch.note(call, output));
    };
  }

  return {
    get specs() {
      return specs();
    },
    repeat: (call) => repeatOf(toolCallOf(call)),
    openBatch,
    takeDiff: () => diff.takeUnifiedDiff(),
  };
}

/** What a call's hooks said of it, and its run as the ledger knows it. */
interface Judged {
  readonly opinion: HookOpinion;
  readonly run: HostedRun;
}

/** The run of a call, also of one that the ledger does not know, with its start watched. */
function watchedRun(run: HostedRun | null, onStart: () => void): HostedRun {
  return {
    wasStopped: run?.wasStopped ?? false,
    async start() {
      onStart();
      await run?.start();
    },
    stopped: () => run?.stopped(),
  };
}

/** The specs of a turn, made again only when the model has found further tools: these follow the others. */
function growingSpecs(
  foundNow: () => readonly string[],
  make: (found: readonly string[]) => readonly ToolSpec[],
): () => readonly ToolSpec[] {
  let count = -1;
  let specs: readonly ToolSpec[] = [];
  return () => {
    const found = foundNow();
    if (found.length !== count) {
      count = found.length;
      specs = make(found);
    }
    return specs;
  };
}

/** A call that is cancelled gets a moment to say how far it came; then its output says that it was cut off. */
async function orAborted(work: Promise<ToolOutput | null>, signal: AbortSignal): Promise<ToolOutput> {
  const startedAt = monotonicMs();
  const cancelled = Promise.withResolvers<ToolOutput>();
  const onAbort = () =>
    void delay(CALL_GRACE_MS).then(() => cancelled.resolve(abortedOutput(monotonicMs() - startedAt)));
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return (await Promise.race([work, cancelled.promise])) ?? NOT_BEGUN;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
