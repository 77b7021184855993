import { agentNote, lostAgentsNote } from '../../../context/index.ts';
import type { AgentStatusRecord, ResponseItem, RolloutItem } from '../../../foundation/protocol/index.ts';
import type { Log } from '../log.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';
import { type AgentEntry, agentLine, type EndedAgent, endedAgent, endLeftRunning } from './agent-records.ts';

export interface AgentRegistryOptions {
  readonly record: ThreadRecord;
  readonly log: Log;
  readonly home: string;
  /** Subagents of an earlier process. */
  readonly recorded: readonly AgentStatusRecord[];
  /** Whether subagents that were at work continue with the thread's next turn. */
  readonly continues: boolean;
}

/** The subagents that a thread has recorded: which of them have ended, and which ends the model does not know of yet. */
export class AgentRegistry {
  readonly #options: AgentRegistryOptions;
  readonly #ended = new Map<string, EndedAgent>();
  /** Subagents whose state the model does not know. */
  readonly #unreported = new Set<string>();
  /** How many there were of each role. */
  readonly #counts = new Map<string, number>();
  /** Subagents that were at work and are to continue. */
  #unfinished: AgentStatusRecord[] = [];

  constructor(options: AgentRegistryOptions) {
    this.#options = options;
    for (const record of options.recorded) this.#restore(record);
  }

  /** A name that no subagent of this thread has had. */
  nextId(role: string): string {
    const count = (this.#counts.get(role) ?? 0) + 1;
    this.#counts.set(role, count);
    return `${role}-${count}`;
  }

  /** Subagents of an earlier process that are to continue, each once. */
  takeUnfinished(): readonly AgentStatusRecord[] {
    const unfinished = this.#unfinished;
    this.#unfinished = [];
    return unfinished;
  }

  ended(id: string): EndedAgent | null {
    return this.#ended.get(id) ?? null;
  }

  /**
   * Brings a subagent to the disk before it does anything: a resumed thread has to know of it.
   * @throws KeelError `storageFailed`
   */
  async begin(agent: AgentEntry): Promise<void> {
    this.#options.record.addLines(agentLine(agent, true));
    await this.#options.record.sync();
  }

  /** Records the state of a subagent. `isKnown`: the model knows it, or need not. */
  note(agent: AgentEntry, isKnown: boolean): void {
    if (isKnown) this.#unreported.delete(agent.id);
    else this.#unreported.add(agent.id);
    this.write(agentLine(agent, isKnown));
  }

  end(agent: AgentEntry): void {
    this.#unreported.delete(agent.id);
    this.#ended.set(agent.id, { ...agent, isLost: false });
  }

  /** The model is sent now how a subagent ended. */
  reported(agent: AgentEntry): void {
    if (this.#unreported.has(agent.id)) this.note(agent, true);
  }

  /** What the model has to know before a turn, each state once. `open`: the subagent of that name, if it has not ended. */
  takeNotes(open: (id: string) => AgentEntry | null): ResponseItem[] {
    const unreported = [...this.#unreported].flatMap((id) => open(id) ?? this.#ended.get(id) ?? []);
    for (const agent of unreported) this.reported(agent);
    const lost = unreported.filter(({ id }) => this.#ended.get(id)?.isLost);
    const notes = unreported
      .filter((agent) => !lost.includes(agent))
      .map(({ id, role, state }) => agentNote({ id, role, status: state.status, report: state.message }));
    return lost.length === 0 ? notes : [lostAgentsNote(lost), ...notes];
  }

  /** A failure is only logged: without the line a resumed thread knows less of its subagents. */
  write(line: RolloutItem): void {
    try {
      this.#options.record.addLines(line);
    } catch (error) {
      this.#options.log.warn(`the state of a subagent was not recorded: ${String(error)}`);
    }
  }

  #restore(record: AgentStatusRecord): void {
    const { agent_id: id, agent_type: role } = record;
    const count = Number(/-(\d+)$/.exec(id)?.[1] ?? 0);
    this.#counts.set(role, Math.max(count, this.#counts.get(role) ?? 0));
    if (record.status === 'running' && this.#options.continues) this.#unfinished.push(record);
    else this.giveUp(record);
  }

  /** It has ended with the process that had it. */
  giveUp(record: AgentStatusRecord): void {
    const agent = endedAgent(record);
    const { id, threadId, isLost } = agent;
    this.#ended.set(id, agent);
    if (isLost || !record.told) this.#unreported.add(id);
    if (!isLost) return;
    try {
      endLeftRunning(this.#options.home, threadId);
    } catch (error) {
      this.#options.log.warn(`the commands that ${id} left running were not ended: ${String(error)}`);
    }
  }
}
