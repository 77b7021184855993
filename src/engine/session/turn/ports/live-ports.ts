import { compactedItems } from '../../../../context/history/index.ts';
import type { TurnContext } from '../../../../context/index.ts';
import { KeelError } from '../../../../foundation/protocol/index.ts';
import { modelInfo } from '../../../../models/catalogue/index.ts';
import { outputSchemaProblem } from '../../../../models/prompt/index.ts';
import type { OpenTurnLine } from '../../../../storage/rollout/index.ts';
import { FileStepRunner } from '../../../steps/index.ts';
import type { TurnModel, TurnPorts } from '../../../turn/index.ts';
import type { AddedTools } from '../../environment/added-tools.ts';
import { keptSkillList } from '../../environment/session-skills.ts';
import { turnHooks } from '../../hooks/turn-hooks.ts';
import { runningCommands } from '../../services.ts';
import type { ActiveTurn } from '../active-turn.ts';
import { firstContext } from '../first-context.ts';
import type { TurnDeps } from '../turn-deps.ts';
import { keptOutput } from './kept-output.ts';
import { toolsOf } from './offered-tools.ts';
import { asksBeforeEnd, openWork } from './open-work.ts';
import { takeInput } from './take-input.ts';
import { type AskedModel, turnModel, turnPorts } from './turn-ports.ts';
import { openTurnTools } from './turn-tools.ts';

export interface LivePortsOptions {
  /** What the program and servers add to the tools of the turn. */
  readonly added: AddedTools;
  /** The journal of this turn that an earlier process left. */
  readonly recorded: readonly OpenTurnLine[];
}

/** Binds the turn loop to a running turn: to the model, the tools and the rollout of its session. */
export function livePorts(deps: TurnDeps, active: ActiveTurn, { added, recorded }: LivePortsOptions): TurnPorts {
  const { services, state } = deps;
  const { config, child } = services;
  const { context, recorder, window, budget, focus } = active;
  if (context.outputSchema !== undefined) {
    const problem = outputSchemaProblem(context.outputSchema);
    if (problem !== null) throw new KeelError('invalidInput', `the output schema can't be used: ${problem}`);
  }
  const steps = new FileStepRunner({
    turnId: context.turnId,
    journal: recorder,
    interrupted: active.abort.signal,
    released: active.letGo.signal,
    recorded,
  });
  active.steps = steps;
  // A turn that is resumed has its snapshot already, if the conversation before its own steps ends with one.
  const hasSnapshot = recorded.length > 0 && state.history.items.at(-1)?.type === 'ghost_snapshot';
  const beforeChange = deps.snapshots.ofTurn(active, hasSnapshot);
  const tools = openTurnTools(deps, active, { steps, added, beforeChange, continues: recorded.length > 0 });
  const { model, handoverModel } = models(deps, active);
  return turnPorts({
    context,
    steps,
    recorder,
    window,
    model,
    tools,
    compaction: {
      isAutomatic: context.taskKind === 'regular',
      focus,
      prompt: config.compactPrompt,
      model: handoverModel,
      handover: (summary) => handover(deps, active, summary),
      tooLong: (message) => services.log.error(`the request for a handover is too long: ${message}`),
    },
    budget: budget?.forTurn(active.background, child === null) ?? null,
    hooks: services.hooks === null ? null : turnHooks(services.hooks, active),
    answerForm: services.checksOutput ? (context.outputSchema ?? null) : null,
    finishGate: asksBeforeEnd(context, services)
      ? openWork(state, toolsOf(services, context.model), services.tree)
      : null,
    keepPruned: config.elideOutputs ? (output) => keptOutput(services, output) : null,
    takeQueued: () => takeInput(deps, active),
    waitsForQuota: config.waitForQuota,
    jitter: () => 0.9 + Math.random() * 0.2,
    showRawReasoning: config.showRawAgentReasoning,
  });
}

/** The model of the turn, and the one that writes handovers. */
function models({ services, snapshots }: TurnDeps, { context, recorder }: ActiveTurn) {
  const { config, child, serverFacts } = services;
  const { id, requestMaxRetries, streamMaxRetries } = config.provider;
  const client = services.modelClient(context);
  for (const message of client.warnings) recorder.warn(message);
  const shared = {
    facts: serverFacts,
    provider: id,
    meter: services.requests,
    retries: { request: requestMaxRetries, stream: streamMaxRetries },
  };
  const model = turnModel({
    ...shared,
    client,
    model: context.model,
    fallback: fallbackOf({ services }, context),
    // A child names its own purpose, though it works as on any request.
    purposeOf: (taskKind) => (taskKind === 'regular' ? (child?.taskType ?? taskKind) : taskKind),
    onSent: onceSent({ services, snapshots }, context),
  });
  const slug = config.compactModel ?? context.model.slug;
  const other = slug === context.model.slug ? context.model : modelInfo(slug, config);
  const handoverClient = other === context.model ? client : services.modelClient({ ...context, model: other });
  const handoverModel: TurnModel = turnModel({ ...shared, client: handoverClient, model: other });
  return { model, handoverModel };
}

function fallbackOf({ services }: Pick<TurnDeps, 'services'>, context: TurnContext): (() => AskedModel) | undefined {
  const { fallbackModel } = services.config;
  if (fallbackModel === null || fallbackModel === context.model.slug) return undefined;
  return () => {
    const model = modelInfo(fallbackModel, services.config);
    // The model may not know the effort that this one was given.
    return { model, client: services.modelClient({ ...context, model, effort: null }) };
  };
}

/** While the model thinks about its first call, servers start and what commands need is found out. */
function onceSent(
  { services, snapshots }: Pick<TurnDeps, 'services' | 'snapshots'>,
  { sandboxPolicy, cwd }: TurnContext,
): () => void {
  let isPrepared = false;
  return () => {
    services.mcp?.requestSent();
    if (isPrepared) return;
    isPrepared = true;
    services.commandEnvironment.prepare();
    snapshots.tidy();
    if (sandboxPolicy.mode !== 'danger-full-access')
      void services.sandbox.ready(new AbortController().signal, { policy: sandboxPolicy, cwd });
  };
}

function handover({ state, services, agents }: TurnDeps, { context, window }: ActiveTurn, summary: string) {
  const { items } = state.history;
  return compactedItems({
    items,
    facts: state.facts,
    opening: firstContext(context, services, { repository: null, skills: keptSkillList(items) }),
    summary,
    running: [...runningCommands(services), ...agents.running()],
    transcriptPath: services.recorder.path,
    budget: window.budget,
  });
}
