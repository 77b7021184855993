import { environmentDiff, toolsNote } from '../../../context/index.ts';
import type { BudgetUsedRecord, ResponseItem } from '../../../foundation/protocol/index.ts';
import { within } from '../../../foundation/util/index.ts';
import type { OpenTurnLine, TurnOffer } from '../../../storage/rollout/index.ts';
import { TurnInterrupted } from '../../steps/index.ts';
import type { TurnPorts } from '../../turn/index.ts';
import { addedTools } from '../environment/added-tools.ts';
import { firstSkillList } from '../environment/session-skills.ts';
import { startedByHooks } from '../hooks/turn-hooks.ts';
import { ActiveTurn } from './active-turn.ts';
import { environmentFacts, firstContext } from './first-context.ts';
import { hostAsker } from './host-asker.ts';
import { type ContextStart, makeTurnContext } from './make-turn-context.ts';
import { livePorts } from './ports/live-ports.ts';
import { stillAllowed } from './ports/offered-tools.ts';
import { budgetOf, RequestBudget, type Spending } from './request-budget.ts';
import { serverAsker } from './server-asker.ts';
import type { TurnDeps } from './turn-deps.ts';
import { TurnRecorder } from './turn-recorder.ts';
import { turnSetup } from './turn-setup.ts';
import { TurnWindow } from './turn-window.ts';

/** How long a first turn waits for git beyond what start-up takes anyway, milliseconds. */
const REPOSITORY_GRACE_MS = 25;

export interface TurnStart extends ContextStart {
  readonly focus?: string | null | undefined;
  /** What a turn that continues has used of its budget. Null: nothing says so. */
  readonly budgetUsed?: BudgetUsedRecord | null;
}

/** What an earlier process left of a turn. */
export interface LeftBefore {
  /** The journal of a turn that was cut off; null for a new one. */
  readonly recorded: readonly OpenTurnLine[] | null;
  /** The journal of what a task did after it had done what it was for; empty: nothing, or that is still to be done. */
  readonly afterDone: readonly OpenTurnLine[];
}

/** Makes a turn from the session's settings as they are now. Nothing of it is recorded yet. */
export function newTurn(deps: TurnDeps, { focus = null, budgetUsed = null, ...given }: TurnStart): ActiveTurn {
  const { services, state, record, emit, itemIds } = deps;
  const offer = keptOffer(deps, given.offer ?? null);
  const start = { ...given, offer };
  const context = makeTurnContext(state, services, start);
  const { model, instructions } = context;
  const window = new TurnWindow({ model, facts: services.serverFacts, instructions });
  const limits = budgetOf(context, services.config);
  const { child } = services;
  const own = limits === null || child !== null ? null : new RequestBudget(limits, services.now, budgetUsed);
  const budget = limits === null ? null : child === null ? own : child.budget();
  const spend = (spent: Spending) => budget?.spend(spent);
  const budgetUsedNow = own === null ? {} : { budgetUsed: () => own.used };
  const { log, requests } = services;
  const recorder = new TurnRecorder({
    context,
    state,
    record,
    emit,
    itemIds,
    window,
    spend,
    requests,
    log,
    ...budgetUsedNow,
  });
  // With what its subagents do, where that is followed.
  const facts = services.tree ?? state.facts;
  const before = facts.place;
  const work = () => facts.workSince(before);
  return new ActiveTurn({ context, recorder, window, budget, focus, tools: offer?.tools ?? null, work });
}

/** Another model gets the tools that fit it: nothing that it was sent is kept. */
function keptOffer({ services, state }: TurnDeps, offer: TurnOffer | null): TurnOffer | null {
  if (offer?.model !== state.configuration.model) return null;
  return { ...offer, tools: stillAllowed(services, offer.tools) };
}

/**
 * Records the turn's start, and what the model is sent of its surroundings.
 * @returns what the turn loop works with
 * @throws TurnInterrupted
 */
export async function beginTurn(
  deps: TurnDeps,
  active: ActiveTurn,
  { recorded, afterDone }: LeftBefore,
): Promise<TurnPorts> {
  const { services, state, record, agents, emit } = deps;
  const { context, recorder, abort, approvals: questions } = active;
  agents.turnStarted(active);
  await agents.continueEarlier(active);
  const added = await addedTools(services, context, state, abort.signal);
  // The turn may have been ended while servers were waited for: nothing more is recorded for it.
  if (recorder.isRevoked) throw new TurnInterrupted();
  const sent = { ...context, mcpTools: added.names };
  if (recorded === null) {
    const items = [...(await contextItems(deps, active)), ...(await hookContext(deps, active))];
    // The turn may also have been ended while files were read.
    if (recorder.isRevoked) throw new TurnInterrupted();
    if (state.sentContext === null) record.addOpening(items, context, sent);
    else record.addItems([...items, ...toolsNotes(deps, sent.mcpTools)], context.turnId);
    state.noteSentContext(sent);
    recordStart(deps, active, sent.mcpTools);
  } else if (state.sentContext === null) state.noteSentContext(sent);
  active.isRecorded = true;
  const { approvals, rules, sandbox } = services;
  const remember = rules.rememberHost.bind(rules);
  sandbox.askAboutHosts(hostAsker({ context, recorder, questions, approvals, remember, signal: abort.signal }));
  services.mcp?.askBy(serverAsker({ context, recorder, questions, emit, signal: abort.signal }));
  return livePorts(deps, active, { added, recorded: recorded ?? afterDone });
}

export function recordStart(
  { services, record }: TurnDeps,
  { context, focus }: ActiveTurn,
  mcpTools: readonly string[],
): void {
  const setup = turnSetup({ context, services, focus, mcpTools });
  record.addLines({ type: 'event_msg', payload: { type: 'task_started', turn_id: context.turnId, setup } });
}

/** What hooks add at the start of a session. */
async function hookContext({ services }: TurnDeps, active: ActiveTurn): Promise<readonly ResponseItem[]> {
  const { hooks } = services;
  return hooks === null || active.context.taskKind !== 'regular' ? [] : startedByHooks(hooks, active);
}

/** What the model has to know before the turn: everything at the start of a thread, later only what changed. */
async function contextItems(
  { services, state, agents, repository }: TurnDeps,
  { context, recorder, abort }: ActiveTurn,
): Promise<ResponseItem[]> {
  if (state.sentContext !== null) {
    const diff = environmentDiff(state.sentContext, environmentFacts(context, services));
    return [...(diff === null ? [] : [diff]), ...agents.takeNotes()];
  }
  const onWarning = (message: string) => recorder.warn(message);
  const [found, skills] = await Promise.all([
    within(repository, REPOSITORY_GRACE_MS),
    unlessStopped(firstSkillList(context, services, abort.signal, onWarning), abort.signal),
  ]);
  return firstContext(context, services, { repository: found, skills, onWarning });
}

/** Servers may have come, gone, or changed their tools since the last turn. */
function toolsNotes({ state }: TurnDeps, now: readonly string[]): ResponseItem[] {
  const { mcpTools: before = [] } = state.sentContext ?? {};
  const { foundTools } = state.facts;
  // What the model has found by itself is no news to it.
  const added = now.filter((name) => !before.includes(name) && !foundTools.includes(name));
  const removed = before.filter((name) => !now.includes(name));
  return added.length + removed.length === 0 ? [] : [toolsNote({ added, removed })];
}

async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw signal.aborted ? new TurnInterrupted() : error;
  }
}
