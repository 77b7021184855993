import type { CallItem } from '../../../../foundation/protocol/index.ts';
import { argumentsText, failedOutput, type ToolCall } from '../../../../tools/contract/index.ts';
import {
  type CommandRules,
  callText,
  dispatch,
  endedSessionText,
  type HookOpinion,
  type HostedRun,
  Orchestrator,
  type ToolContext,
  type ToolOutput,
  toolCallOf,
  unknownOutcome,
  withNote,
} from '../../../../tools/index.ts';
import type { StepRunner } from '../../../steps/index.ts';
import type { CallOptions } from '../../../turn/index.ts';
import type { AddedTools } from '../../environment/added-tools.ts';
import type { Permission } from '../../hooks/call-hooks.ts';
import type { ActiveTurn } from '../active-turn.ts';
import type { TurnApprovals } from '../approvals.ts';
import type { TurnDeps } from '../turn-deps.ts';
import { callApprover } from './call-approver.ts';
import { callEvents } from './call-events.ts';
import { HookedCalls } from './hooked-calls.ts';
import { commandRules, type ToolBase } from './tool-base.ts';
import { userAsker } from './user-asker.ts';

export interface TurnCallsOptions {
  readonly steps: StepRunner;
  readonly registry: AddedTools['registry'];
  /** Names of the tools that the model may call. */
  readonly offered: readonly string[];
  readonly base: ToolBase;
}

/** What a call's hooks said of it, and its run as the ledger knows it. */
interface Judged {
  readonly opinion: HookOpinion;
  readonly run: HostedRun;
}

/** Answers in the place of a user whom nobody can ask. */
const NOBODY: Pick<TurnApprovals, 'request'> = { request: async () => ({ type: 'denied' }) };

/** Runs single calls of a turn: between their hooks, once by the ledger, and under the user's policies. */
export class TurnCalls {
  readonly hooked: HookedCalls;
  readonly #deps: TurnDeps;
  readonly #active: ActiveTurn;
  readonly #options: TurnCallsOptions;
  readonly #rules: CommandRules;

  constructor(deps: TurnDeps, active: ActiveTurn, options: TurnCallsOptions) {
    this.#deps = deps;
    this.#active = active;
    this.#options = options;
    this.#rules = commandRules(deps, active);
    this.hooked = new HookedCalls(deps.services.hooks?.calls ?? null, active);
  }

  handlerOf({ name }: ToolCall) {
    return this.#options.registry.handler(name);
  }

  /** Whether a call that a crash cut off is simply made again. */
  repeatOf(call: ToolCall): 'safe' | 'ledger' {
    const handler = this.handlerOf(call);
    if (!handler || handler.repeat === 'safe') return 'safe';
    return handler.onlyReads?.(call, this.#options.base) ? 'safe' : 'ledger';
  }

  canChangeFiles(call: ToolCall): boolean {
    const handler = this.handlerOf(call);
    if (handler === null) return false;
    return !(handler.onlyReads?.(call, this.#options.base) ?? handler.repeat === 'safe');
  }

  /** The outcome that an earlier process left of this very call, also where the turn has been stopped since. */
  recalled(item: CallItem, key: string): ToolOutput | null {
    const call = toolCallOf(item);
    if ((this.handlerOf(call)?.repeat ?? 'safe') === 'safe') return null;
    const known = this.#deps.services.toolHost.recall({ key, callId: call.callId, asked: callText(call) });
    if (known === null || known.type === 'stopped') return null;
    return known.type === 'done' ? known.output : unknownOutcome(known);
  }

  async run(given: ToolCall, options: CallOptions): Promise<ToolOutput> {
    return this.hooked.run(given, options, async (call, opinion) => {
      let hasStarted = this.handlerOf(call)?.repeat !== 'asks';
      const onStart = () => {
        hasStarted = true;
      };
      const work = (run: HostedRun | null) =>
        this.#runJudged(call, options, { opinion, run: watchedRun(run, onStart) });
      // The ledger knows a call by what the model wrote, from which hooks may have changed it.
      const { key } = options;
      const hosted = { key, callId: given.callId, asked: callText(given) };
      if (this.repeatOf(call) === 'safe') return { output: await work(null), hasRun: hasStarted };
      const outcome = await this.#deps.services.toolHost.call(hosted, work);
      const output = outcome.type === 'done' ? outcome.output : unknownOutcome(outcome);
      return { output, hasRun: hasStarted || outcome.type !== 'done' || outcome.replayed };
    });
  }

  async #runJudged(call: ToolCall, options: CallOptions, judged: Judged): Promise<ToolOutput> {
    const { services } = this.#deps;
    const { context: turn } = this.#active;
    const { registry, offered } = this.#options;
    const { signal } = options;
    const handler = this.handlerOf(call);
    await services.commandEnvironment.ready(signal);
    if (turn.sandboxPolicy.mode !== 'danger-full-access') await this.#lookForSandbox(signal);
    const orchestrator = this.#orchestratorFor(call, options, judged);
    if (judged.opinion.type === 'ask' && handler?.repeat !== 'asks') {
      const asked = { callId: call.callId, tool: call.name, arguments: { arguments: argumentsText(call) } };
      const refusal = await orchestrator.approvalForHook(asked, turn, signal);
      if (refusal !== null) return failedOutput(refusal, 'notRun');
    }
    if (handler?.repeat === 'ledger') await judged.run.start();
    const context = this.#contextOf(call, options, orchestrator);
    const onCrash = (error: unknown) => services.log.crash(error);
    const withheld = services.child?.withoutTools ?? [];
    const output = await dispatch(call, context, signal, { registry, offered, withheld, onCrash });
    services.editResults.note(turn.model.slug, call.name, output);
    return this.#withNews(output);
  }

  /** The user is warned once of a machine without a sandbox, with what would fix it; each command is then refused. */
  async #lookForSandbox(signal: AbortSignal): Promise<void> {
    const { sandbox } = this.#deps.services;
    await sandbox.ready(signal);
    const message = sandbox.takeNotice();
    if (message !== null) this.#active.recorder.warn(message);
  }

  #orchestratorFor(call: ToolCall, options: CallOptions, { opinion, run }: Judged): Orchestrator {
    const { services } = this.#deps;
    const hooks = services.hooks?.calls ?? null;
    const ofHooks =
      hooks && ((permission: Permission) => hooks.permission(call, permission, this.hooked.momentOf(options)));
    return new Orchestrator({
      approver: callApprover({ ...this.#approverOf(options), ofHooks }),
      cache: services.approvals,
      rules: this.#rules,
      opinion,
      run,
    });
  }

  #approverOf({ key }: CallOptions) {
    const { approvals, context } = this.#active;
    return { steps: this.#options.steps, approvals, threadId: context.threadId, key };
  }

  #contextOf(call: ToolCall, options: CallOptions, orchestrator: Orchestrator): ToolContext {
    const { services } = this.#deps;
    const { recorder, approvals, context: turn } = this.#active;
    const asker = services.asksQuestions ? approvals : NOBODY;
    return {
      ...this.#options.base,
      orchestrator,
      // No hook answers what the model asks the user.
      askUser: userAsker(callApprover({ ...this.#approverOf(options), approvals: asker }), call.callId),
      events: callEvents(recorder, turn.turnId, options.report),
      env: services.commandEnvironment.current(),
    };
  }

  /**
   * Files made by commands that would be obeyed later are reported to the user and to the model, and sessions that ended
   * meanwhile to the model.
   */
  #withNews(output: ToolOutput): ToolOutput {
    const { sandbox, execSessions } = this.#deps.services;
    const { recorder, context: turn } = this.#active;
    const findings = sandbox.takeFindings();
    for (const message of findings) recorder.warn(message);
    const ended = execSessions.takeEnded().map(endedSessionText);
    return [...findings, ...ended].map((text) => `${turn.noteMark} ${text}`).reduce(withNote, output);
  }
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
