import { type AgentRole, agentNote, agentRoleMessage, agentRoles, lostAgentsNote } from '../context/index.ts';
import {
  type AgentStatusRecord,
  KeelError,
  type ResponseItem,
  type SessionEvent,
  type TokenUsage,
} from '../protocol/index.ts';
import type { AgentMessage, AgentOutcome, AgentStart, AgentTools, AgentView, WaitOutcome } from '../tools/index.ts';
import type { ActiveTurn } from './active-turn.ts';
import { agentLine, type EndedAgent, endedAgent, endLeftBehind, MAX_TASK_CHARS } from './agent-records.ts';
import { closedAgent, NO_AGENTS, refused, STOPPED, tooMany, unknownAgent, unknownRole } from './agent-refusals.ts';
import { agentConfig, agentRights, toolsWithheld } from './agent-rights.ts';
import { ChildAgent } from './child-agent.ts';
import { ChildQuestions } from './child-questions.ts';
import type { SessionServices } from './session-services.ts';
import type { SessionState } from './session-state.ts';
import { Signals } from './signals.ts';
import type { ThreadRecord } from './thread-record.ts';

export interface ChildAgentsParts {
  readonly services: SessionServices;
  readonly state: SessionState;
  readonly record: ThreadRecord;
  readonly emit: (event: SessionEvent) => void;
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
  readonly #ended = new Map<string, EndedAgent>();
  /** Those whose end the model has not heard of. */
  readonly #untold = new Set<string>();
  /** How many helpers of a role there were. */
  readonly #counts = new Map<string, number>();
  /** Woken when a helper is done. */
  readonly #news = new Signals();
  readonly #questions = new ChildQuestions((name) =>
    this.#warn(`${name} waits for approval: it is asked for with your next message`),
  );
  #closed = false;

  constructor(parts: ChildAgentsParts) {
    this.#parts = parts;
    this.#roles = agentRoles(parts.services.config.agents.roles);
    for (const record of parts.recorded) this.#restore(record);
  }

  turnStarted(active: ActiveTurn): void {
    this.#questions.turnStarted(active);
  }

  turnEnded(): void {
    this.#questions.turnEnded();
  }

  async spawn({ role: roleName, message }: AgentStart, signal: AbortSignal): Promise<AgentOutcome> {
    const { services, record } = this.#parts;
    const role = this.#roles.find(({ name }) => name === roleName);
    const { turn } = this.#questions;
    if (services.agentLevels <= 0 || !turn) return NO_AGENTS;
    if (!role) {
      const names = this.#roles.map(({ name }) => name);
      return unknownRole(roleName, names);
    }
    if (!services.agentSlots.take()) return tooMany(services.agentSlots.max, this.#done());
    const id = this.#nextId(role.name);
    let agent: ChildAgent;
    try {
      agent = await this.#openAgent({ id, role, message, turn });
    } catch (error) {
      services.agentSlots.giveBack();
      if (error instanceof KeelError) return refused(`the helper could not be started: ${error.message}`);
      throw error;
    }
    this.#open.set(id, agent);
    this.#write(agent, true);
    await record.sync();
    // The turn may have been stopped while the thread was opened: nobody would stop the helper any more.
    if (signal.aborted || this.#closed) {
      await this.close(id);
      return STOPPED;
    }
    await agent.send(message, agentRights(turn.context, role), signal);
    return { type: 'done', agent: agent.view };
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
    this.#untold.delete(id);
    this.#write(agent, true);
    return { type: 'done', agent: agent.view };
  }

  async wait(ids: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<WaitOutcome> {
    const unknown = ids.find((id) => this.#viewOf(id) === null);
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
    if (!signal.aborted) for (const { id, state } of agents) if (state.status !== 'running') this.#tell(id);
    return { type: 'done', agents, timedOut: !isDone() };
  }

  async close(id: string): Promise<AgentOutcome> {
    const agent = this.#open.get(id);
    if (agent) await this.#end(agent);
    const view = this.#viewOf(id);
    return view === null ? this.#missing(id) : { type: 'done', agent: view };
  }

  look(ids: readonly string[]): readonly AgentView[] {
    return ids.map((id) => this.#viewOf(id)).filter((view) => view !== null);
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

  /** What the model has to hear before a turn: of those that ended since it last heard of them. Told once. */
  takeNotes(): ResponseItem[] {
    const lost = [...this.#untold].flatMap((id) => this.#ended.get(id) ?? []).filter(({ isLost }) => isLost);
    for (const { id } of lost) this.#tell(id);
    const notes = [...this.#untold].flatMap((id) => {
      const role = this.#open.get(id)?.role.name ?? this.#ended.get(id)?.role;
      const state = this.#viewOf(id)?.state;
      this.#tell(id);
      return role && state ? [agentNote({ id, role, status: state.status, report: state.message })] : [];
    });
    return lost.length === 0 ? notes : [lostAgentsNote(lost), ...notes];
  }

  async #openAgent(start: { id: string; role: AgentRole; message: string; turn: ActiveTurn }): Promise<ChildAgent> {
    const { services } = this.#parts;
    const { id, role, message, turn } = start;
    const depth = services.config.agents.maxDepth - services.agentLevels + 1;
    const child = await services.openChild(agentConfig(services.config, turn.context, role), {
      source: { subagent: { thread_spawn: { agent_role: role.name, agent_nickname: id, depth } } },
      persona: {
        withoutTools: toolsWithheld(role),
        hasUserInstructions: true,
        opening: [agentRoleMessage(role)],
        agentLevels: services.agentLevels - 1,
        agentSlots: services.agentSlots,
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
    this.#untold.delete(agent.id);
    agent.close();
    const { id, role, task, view } = agent;
    this.#ended.set(id, { ...view, role: role.name, task, isLost: false });
    try {
      await services.closeChild(agent.child);
    } finally {
      services.agentSlots.giveBack();
    }
  }

  #settled(agent: ChildAgent): void {
    if (!this.#closed) {
      const isClosed = agent.state.status === 'closed';
      if (!isClosed) this.#untold.add(agent.id);
      this.#write(agent, isClosed);
    }
    this.#news.wake();
  }

  #write(agent: ChildAgent, told: boolean): void {
    const { role, task, view } = agent;
    this.#parts.record.addLine(agentLine({ ...view, role: role.name, task, told }));
  }

  #tell(id: string): void {
    if (!this.#untold.delete(id)) return;
    const agent = this.#open.get(id);
    if (agent) this.#write(agent, true);
    const ended = this.#ended.get(id);
    if (ended) this.#parts.record.addLine(agentLine({ ...ended, told: true }));
  }

  #noteUsage(usage: TokenUsage): void {
    if (this.#closed) return;
    const { state, record, emit } = this.#parts;
    const context = this.#questions.turn?.context ?? null;
    const window = context?.model.effectiveContextWindow ?? state.tokenInfo?.model_context_window ?? null;
    state.noteForeignUsage(usage, window);
    const { tokenInfo: info, rateLimits } = state;
    record.addLine({
      type: 'event_msg',
      payload: { type: 'token_count', info, rate_limits: rateLimits, foreign: usage },
    });
    emit({ type: 'usage.updated', turnId: context?.turnId ?? null, info, rateLimits });
  }

  #warn(message: string): void {
    if (this.#closed) return;
    this.#parts.emit({ type: 'warning', turnId: this.#questions.turn?.context.turnId ?? null, message });
  }

  #restore(record: AgentStatusRecord): void {
    const { services } = this.#parts;
    const agent = endedAgent(record);
    this.#ended.set(agent.id, agent);
    const count = Number(/-(\d+)$/.exec(agent.id)?.[1] ?? 0);
    this.#counts.set(agent.role, Math.max(count, this.#counts.get(agent.role) ?? 0));
    if (agent.isLost || !record.told) this.#untold.add(agent.id);
    if (!agent.isLost) return;
    try {
      endLeftBehind(services.config.home, agent.threadId);
    } catch (error) {
      services.log.warn(`what ${agent.id} left behind was not looked at: ${String(error)}`);
    }
  }

  #viewOf(id: string): AgentView | null {
    return this.#open.get(id)?.view ?? this.#ended.get(id) ?? null;
  }

  #nextId(role: string): string {
    const count = (this.#counts.get(role) ?? 0) + 1;
    this.#counts.set(role, count);
    return `${role}-${count}`;
  }

  #missing(id: string): AgentOutcome & { type: 'refused' } {
    return this.#ended.has(id) ? closedAgent(id) : unknownAgent(id, [...this.#open.keys()]);
  }

  /** Those that are open and not at work. */
  #done(): string[] {
    return [...this.#open.values()].filter(({ isRunning }) => !isRunning).map(({ id }) => id);
  }
}
