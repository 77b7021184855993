import { type AgentRole, agentRoleMessage, agentRoles } from '../../../context/index.ts';
import {
  type AgentStatusRecord,
  KeelError,
  type ResponseItem,
  type SessionEvent,
  type TokenUsage,
} from '../../../foundation/protocol/index.ts';
import type { AgentMessage, AgentOutcome, AgentStart, AgentTools, WaitOutcome } from '../../../tools/index.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import type { RequestBudget } from '../turn/request-budget.ts';
import { type AgentEntry, MAX_TASK_CHARS } from './agent-records.ts';
import { closedAgent, NO_AGENTS, refused, STOPPED, tooMany, unknownAgent, unknownRole } from './agent-refusals.ts';
import { AgentBook } from './agent-registry.ts';
import { agentConfig, agentRights, toolsWithheld } from './agent-rights.ts';
import { ChildQuestions } from './child-questions.ts';
import { Signals } from './signals.ts';
import { ChildAgent } from './subagent.ts';

export interface ChildAgentsParts {
  readonly services: SessionServices;
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly emit: (event: SessionEvent) => void;
  /** Of the request that the children work for. */
  readonly budget: () => RequestBudget | null;
  /** Those of an earlier process. */
  readonly recorded: readonly AgentStatusRecord[];
}

/**
 * Owns the helper agents of a thread. They work beside its turns and may outlive one that is completed; a turn that is
 * stopped or fails stops them all, and none outlives the session.
 */
export class ChildAgents implements AgentTools {
  readonly #parts: ChildAgentsParts;
  readonly #roles: readonly AgentRole[];
  readonly #open = new Map<string, ChildAgent>();
  readonly #book: AgentBook;
  /** Woken when a helper is done. */
  readonly #news = new Signals();
  readonly #questions = new ChildQuestions((name) =>
    this.#warn(`${name} waits for approval: it is asked for with your next message`),
  );
  #closed = false;

  constructor(parts: ChildAgentsParts) {
    this.#parts = parts;
    this.#roles = agentRoles(parts.services.config.agents.roles);
    const { record, recorded, services } = parts;
    this.#book = new AgentBook({ record, recorded, log: services.log, home: services.config.home });
  }

  turnStarted(active: ActiveTurn): void {
    this.#questions.turnStarted(active);
  }

  turnEnded(): void {
    this.#questions.turnEnded();
  }

  async spawn({ role: roleName, message }: AgentStart, signal: AbortSignal): Promise<AgentOutcome> {
    const { services } = this.#parts;
    const role = this.#roles.find(({ name }) => name === roleName);
    const { turn } = this.#questions;
    if (services.agentLevels <= 0 || !turn) return NO_AGENTS;
    if (!role) {
      const names = this.#roles.map(({ name }) => name);
      return unknownRole(roleName, names);
    }
    if (!services.agentSlots.take()) return tooMany(services.agentSlots.max, this.#done());
    const id = this.#book.nextId(role.name);
    let agent: ChildAgent;
    try {
      agent = await this.#openAgent({ id, role, message, turn });
    } catch (error) {
      services.agentSlots.giveBack();
      if (error instanceof KeelError) return refused(`the helper could not be started: ${error.message}`);
      throw error;
    }
    this.#open.set(id, agent);
    try {
      await this.#book.begin(agent.entry);
      await agent.send(message, agentRights(turn.context, role), signal);
    } catch (error) {
      await this.close(id);
      if (error instanceof KeelError) return refused(`the helper could not be started: ${error.message}`);
      throw error;
    }
    // The turn may have been stopped while the thread was opened: nobody would stop the helper any more.
    if (signal.aborted || this.#closed) {
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
    this.#book.note(agent.entry, true);
    return { type: 'done', agent: agent.entry };
  }

  async wait(ids: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<WaitOutcome> {
    const unknown = ids.find((id) => this.#find(id) === null);
    if (unknown !== undefined) return this.#missing(unknown);
    const late = new AbortController();
    const end = () => late.abort();
    const timer = setTimeout(end, timeoutMs);
    signal.addEventListener('abort', end, { once: true });
    const isDone = () => this.look(ids).some(({ state }) => state.status !== 'running');
    try {
      while (!isDone() && !signal.aborted && !late.signal.aborted) await this.#news.next(late.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
    const agents = this.look(ids);
    if (!signal.aborted) for (const agent of agents) if (agent.state.status !== 'running') this.#book.tell(agent);
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

  /** The session ends, and its children with it: nothing is written or told of them from here on. */
  shutDown(): void {
    this.interruptAll();
    this.#closed = true;
    for (const agent of this.#open.values()) {
      agent.close();
      this.#parts.services.agentSlots.giveBack();
    }
    this.#open.clear();
  }

  /** Those at work, one line each. */
  running(): readonly string[] {
    const agents = [...this.#open.values()].filter(({ isRunning }) => isRunning);
    return agents.map(({ id, task }) => `helper ${id}: ${task.split('\n')[0] ?? ''}`);
  }

  /** What the model has to hear before a turn: of those that ended since it last heard of them. */
  takeNotes(): ResponseItem[] {
    return this.#book.takeNotes((id) => this.#open.get(id)?.entry ?? null);
  }

  async #openAgent(start: { id: string; role: AgentRole; message: string; turn: ActiveTurn }): Promise<ChildAgent> {
    const { services } = this.#parts;
    const { id, role, message, turn } = start;
    const depth = services.config.agents.maxDepth - services.agentLevels + 1;
    const child = await services.openChild(agentConfig(services.config, turn.context, role), {
      source: { subagent: { thread_spawn: { agent_role: role.name, agent_nickname: id, depth } } },
      persona: {
        taskType: null,
        withoutTools: toolsWithheld(role),
        hasUserInstructions: true,
        opening: [agentRoleMessage(role)],
        agentLevels: services.agentLevels - 1,
        agentSlots: services.agentSlots,
        budget: this.#parts.budget,
        tree: services.tree,
        serverFacts: services.serverFacts,
      },
    });
    return new ChildAgent({
      id,
      role,
      task: message.slice(0, MAX_TASK_CHARS),
      child,
      hooks: {
        ask: (agent, event, signal) => this.#questions.ask(agent.id, event, signal),
        used: (usage) => this.#noteUsage(usage),
        warned: (agent, text) => this.#warn(`${agent.id}: ${text}`),
        settled: (agent) => this.#settled(agent),
      },
    });
  }

  async #end(agent: ChildAgent): Promise<void> {
    const { services } = this.#parts;
    this.#open.delete(agent.id);
    agent.close();
    this.#book.end(agent.entry);
    try {
      await services.closeChild(agent.child);
    } finally {
      services.agentSlots.giveBack();
    }
  }

  #settled({ entry }: ChildAgent): void {
    if (!this.#closed) this.#book.note(entry, entry.state.status === 'closed');
    this.#news.wake();
  }

  #noteUsage(usage: TokenUsage): void {
    if (this.#closed) return;
    const { state, emit } = this.#parts;
    const context = this.#questions.turn?.context ?? null;
    const window = context?.model.effectiveContextWindow ?? state.tokenInfo?.model_context_window ?? null;
    state.noteForeignUsage(usage, window);
    const { tokenInfo: info, rateLimits } = state;
    this.#book.write({
      type: 'event_msg',
      payload: { type: 'token_count', info, rate_limits: rateLimits, foreign: usage },
    });
    emit({ type: 'usage.updated', turnId: context?.turnId ?? null, info, rateLimits });
  }

  #warn(message: string): void {
    if (this.#closed) return;
    this.#parts.emit({ type: 'warning', turnId: this.#questions.turn?.context.turnId ?? null, message });
  }

  #find(id: string): AgentEntry | null {
    return this.#open.get(id)?.entry ?? this.#book.ended(id);
  }

  #missing(id: string): AgentOutcome & { type: 'refused' } {
    return this.#book.ended(id) ? closedAgent(id) : unknownAgent(id, [...this.#open.keys()]);
  }

  /** Those that are open and not at work. */
  #done(): string[] {
    return [...this.#open.values()].filter(({ isRunning }) => !isRunning).map(({ id }) => id);
  }
}
