import { type AgentRole, agentRoleMessage, agentRoles } from '../../../context/index.ts';
import {
  type AgentStatusRecord,
  KeelError,
  type ResponseItem,
  type TokenUsage,
} from '../../../foundation/protocol/index.ts';
import { onAbort, reasonOf } from '../../../foundation/util/index.ts';
import type { AgentMessage, AgentOutcome, AgentStart, AgentTools, WaitOutcome } from '../../../tools/index.ts';
import type { SessionDeps } from '../session-deps.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import type { RequestBudget } from '../turn/request-budget.ts';
import { type AgentEntry, MAX_TASK_CHARS, recordOfChild } from './agent-records.ts';
import { closedAgent, NO_AGENTS, refused, STOPPED, tooMany, unknownAgent, unknownRole } from './agent-refusals.ts';
import { AgentRegistry, type AgentRegistryOptions } from './agent-registry.ts';
import { agentConfig, agentRights, toolsWithheld } from './agent-rights.ts';
import { ChildQuestions } from './child-questions.ts';
import { Signals } from './signals.ts';
import { Subagent, stateOfThread } from './subagent.ts';

/** The subagents of an earlier process, and whether those that were at work continue. */
export type EarlierAgents = Pick<AgentRegistryOptions, 'recorded' | 'continues'>;

/**
 * Owns the subagents of a thread. They work beside its turns and can outlive one that is completed; a turn that is stopped or
 * fails stops them all, and none outlives the session.
 */
export class Subagents implements AgentTools {
  readonly #deps: SessionDeps;
  readonly #roles: readonly AgentRole[];
  readonly #open = new Map<string, Subagent>();
  readonly #registry: AgentRegistry;
  /** Woken when a subagent is done. */
  readonly #changes = new Signals();
  readonly #questions = new ChildQuestions((name) =>
    this.#warn(`${name} waits for approval: it is asked for with your next message`),
  );
  /** The budget of the user's newest request, on which subagents draw also after its turn. Null: no limit. */
  #budget: RequestBudget | null = null;
  #isClosed = false;
  /** Calls that wait for a subagent to be done. */
  #waits = 0;

  constructor(deps: SessionDeps, earlier: EarlierAgents) {
    const { services, record } = deps;
    this.#deps = deps;
    this.#roles = agentRoles(services.config.agents.roles);
    this.#registry = new AgentRegistry({ record, ...earlier, log: services.log, home: services.config.home });
  }

  /** Continues those that worked in an earlier process, with the rights of this turn. Those that can't be are lost. */
  async continueEarlier(turn: ActiveTurn): Promise<void> {
    for (const record of this.#registry.takeUnfinished()) {
      try {
        await this.#continueOne(record, turn);
      } catch (error) {
        this.#deps.services.log.warn(`the subagent ${record.agent_id} could not be continued: ${reasonOf(error)}`);
        this.#registry.giveUp(record);
      }
    }
  }

  turnStarted(active: ActiveTurn): void {
    this.#budget = active.budget ?? this.#budget;
    this.#questions.turnStarted(active);
  }

  turnEnded(): void {
    this.#questions.turnEnded();
  }

  async spawn({ role: roleName, message }: AgentStart, signal: AbortSignal): Promise<AgentOutcome> {
    const { services } = this.#deps;
    const role = this.#roles.find(({ name }) => name === roleName);
    const { turn } = this.#questions;
    if (services.agentLevels <= 0 || !turn) return NO_AGENTS;
    if (!role) {
      const names = this.#roles.map(({ name }) => name);
      return unknownRole(roleName, names);
    }
    if (!services.agentSlots.take()) return tooMany(services.agentSlots.max, this.#done());
    const id = this.#registry.nextId(role.name);
    let agent: Subagent;
    try {
      agent = await this.#openAgent(id, role, message, turn);
    } catch (error) {
      services.agentSlots.giveBack();
      if (error instanceof KeelError) return refused(`the helper could not be started: ${error.message}`);
      throw error;
    }
    this.#open.set(id, agent);
    try {
      await this.#registry.begin(agent.entry);
      await agent.send(message, agentRights(turn.context, role), signal);
    } catch (error) {
      await this.close(id);
      if (error instanceof KeelError) return refused(`the helper could not be started: ${error.message}`);
      throw error;
    }
    // The turn may have been stopped while the thread was opened: nobody would stop the subagent any more.
    if (signal.aborted || this.#isClosed) {
      await this.close(id);
      return STOPPED;
    }
    return { type: 'done', agent: agent.entry };
  }

  async send({ id, message, interrupt }: AgentMessage, signal: AbortSignal): Promise<AgentOutcome> {
    const agent = this.#open.get(id);
    const { turn } = this.#questions;
    if (!agent || !turn) return this.#missing(id);
    if (interrupt) agent.interrupt();
    try {
      await agent.send(message, agentRights(turn.context, agent.role), signal);
    } catch (error) {
      if (error instanceof KeelError) return refused(`the message could not be sent: ${error.message}`);
      throw error;
    }
    this.#registry.note(agent.entry, true);
    return { type: 'done', agent: agent.entry };
  }

  async wait(ids: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<WaitOutcome> {
    const unknown = ids.find((id) => this.#find(id) === null);
    if (unknown !== undefined) return this.#missing(unknown);
    const late = new AbortController();
    const end = () => late.abort();
    const timer = setTimeout(end, timeoutMs);
    using _listener = onAbort(signal, end);
    const isDone = () => this.look(ids).some(({ state }) => state.status !== 'running');
    this.#waits += 1;
    try {
      while (!isDone() && !signal.aborted && !late.signal.aborted) await this.#changes.next(late.signal);
    } finally {
      this.#waits -= 1;
      clearTimeout(timer);
    }
    const agents = this.look(ids);
    if (!signal.aborted)
      for (const agent of agents) if (agent.state.status !== 'running') this.#registry.reported(agent);
    return { type: 'done', agents, timedOut: !isDone() };
  }

  async close(id: string): Promise<AgentOutcome> {
    const agent = this.#open.get(id);
    if (agent) await this.#end(agent);
    const ended = this.#find(id);
    return ended === null ? this.#missing(id) : { type: 'done', agent: ended };
  }

  look(ids: readonly string[]): readonly AgentEntry[] {
    return ids.map((id) => this.#find(id)).filter((agent) => agent !== null);
  }

  /** Stops what all of them do; they stay open for a further message. */
  interruptAll(): void {
    for (const agent of this.#open.values()) agent.interrupt();
  }

  /** Whether a call waits for a subagent now. */
  get isWaitedFor(): boolean {
    return this.#waits > 0;
  }

  /** Whether none of them does anything but wait for an answer. */
  get areOnlyWaiting(): boolean {
    return [...this.#open.values()].every(({ isRunning, session }) => !isRunning || session.isOnlyWaiting);
  }

  /** Lets the turns of all of them go, for another process to continue: from here on nothing is recorded or emitted of them. */
  async release(graceMs: number): Promise<void> {
    this.#isClosed = true;
    const released = [...this.#open.values()].map((agent) => agent.release(graceMs));
    for (const result of await Promise.allSettled(released)) {
      if (result.status === 'rejected') this.#deps.services.log.crash(result.reason);
    }
  }

  /** The session ends, and its subagents with it: nothing is recorded or emitted of them from here on. */
  shutDown(): void {
    this.interruptAll();
    this.#isClosed = true;
    for (const agent of this.#open.values()) {
      agent.close();
      this.#deps.services.agentSlots.giveBack();
    }
    this.#open.clear();
  }

  /** Subagents that work, one line each. */
  running(): readonly string[] {
    const agents = [...this.#open.values()].filter(({ isRunning }) => isRunning);
    return agents.map(({ id, task }) => `helper ${id}: ${task.split('\n')[0] ?? ''}`);
  }

  /** What the model has to know before a turn: those that ended since it last knew of them. */
  takeNotes(): ResponseItem[] {
    return this.#registry.takeNotes((id) => this.#open.get(id)?.entry ?? null);
  }

  async #continueOne(record: AgentStatusRecord, turn: ActiveTurn): Promise<void> {
    const { services } = this.#deps;
    const { agent_id: id, agent_type: roleName, task, thread_id: threadId } = record;
    const role = this.#roles.find(({ name }) => name === roleName);
    if (!role) throw new KeelError('invalidConfig', `there is no role ${roleName} any more`);
    const used = recordOfChild(services.config.home, record, services.threadId);
    if (!services.agentSlots.take()) throw new KeelError('invalidConfig', 'no more helper agents are allowed');
    try {
      const agent = await this.#openAgent(id, role, task, turn, { threadId, used });
      this.#open.set(id, agent);
      if (!agent.isRunning) this.#registry.note(agent.entry, false);
    } catch (error) {
      services.agentSlots.giveBack();
      throw error;
    }
  }

  async #openAgent(
    id: string,
    role: AgentRole,
    message: string,
    turn: ActiveTurn,
    earlier?: { readonly threadId: string; readonly used: TokenUsage },
  ): Promise<Subagent> {
    const { services } = this.#deps;
    const depth = services.config.agents.maxDepth - services.agentLevels + 1;
    const session = await services.children.open(agentConfig(services.config, turn.context, role), {
      ...(earlier === undefined ? {} : { continues: earlier.threadId }),
      source: { subagent: { thread_spawn: { agent_role: role.name, agent_nickname: id, depth } } },
      child: {
        taskType: null,
        withoutTools: toolsWithheld(role),
        hasUserInstructions: true,
        opening: [agentRoleMessage(role)],
        agentLevels: services.agentLevels - 1,
        agentSlots: services.agentSlots,
        budget: () => this.#budget,
        tree: services.tree,
        requests: services.requests,
        serverFacts: services.serverFacts,
        renewable: services.renewable,
      },
    });
    return new Subagent({
      id,
      role,
      task: message.slice(0, MAX_TASK_CHARS),
      session,
      ...(earlier === undefined ? {} : { before: { state: await stateOfThread(session), used: earlier.used } }),
      hooks: {
        ask: (agent, event, signal) => this.#questions.ask(agent.id, event, signal),
        used: (usage) => this.#noteUsage(usage),
        warned: (agent, text) => this.#warn(`${agent.id}: ${text}`),
        settled: (agent) => this.#settled(agent),
      },
    });
  }

  async #end(agent: Subagent): Promise<void> {
    const { services } = this.#deps;
    this.#open.delete(agent.id);
    agent.close();
    this.#registry.end(agent.entry);
    try {
      await services.children.close(agent.session);
    } finally {
      services.agentSlots.giveBack();
    }
  }

  #settled({ entry }: Subagent): void {
    if (!this.#isClosed) this.#registry.note(entry, entry.state.status === 'closed');
    this.#changes.wake();
  }

  #noteUsage(usage: TokenUsage): void {
    if (this.#isClosed) return;
    const { state, emit, services } = this.#deps;
    const context = this.#questions.turn?.context ?? null;
    const { history, rateLimits } = state;
    const window = context?.model.effectiveContextWindow ?? history.tokenInfo?.model_context_window ?? null;
    history.addChildUsage(usage, window);
    const info = history.tokenInfo;
    this.#registry.write({
      type: 'event_msg',
      payload: { type: 'token_count', info, rate_limits: rateLimits, foreign: usage },
    });
    this.#questions.turn?.recorder.recordBudget();
    const { costUsd } = services.requests;
    emit({ type: 'usage.updated', turnId: context?.turnId ?? null, info, rateLimits, costUsd });
  }

  #warn(message: string): void {
    if (this.#isClosed) return;
    this.#deps.emit({ type: 'warning', turnId: this.#questions.turn?.context.turnId ?? null, message });
  }

  #find(id: string): AgentEntry | null {
    return this.#open.get(id)?.entry ?? this.#registry.ended(id);
  }

  #missing(id: string): AgentOutcome & { type: 'refused' } {
    return this.#registry.ended(id) ? closedAgent(id) : unknownAgent(id, [...this.#open.keys()]);
  }

  /** Subagents that are open and do not work. */
  #done(): string[] {
    return [...this.#open.values()].filter(({ isRunning }) => !isRunning).map(({ id }) => id);
  }
}
