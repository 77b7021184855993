import { agentNote, lostAgentsNote } from '../../../context/index.ts';
import type { AgentStatusRecord, ResponseItem, RolloutItem } from '../../../foundation/protocol/index.ts';
import type { Log } from '../log.ts';
import type { ThreadRecord } from '../thread/thread-record.ts';
import { type AgentEntry, agentLine, type EndedAgent, endedAgent, endLeftBehind } from './agent-records.ts';

export interface AgentBookParts {
  readonly record: ThreadRecord;
  readonly log: Log;
  readonly home: string;
  /** Helpers of an earlier process. */
  readonly recorded: readonly AgentStatusRecord[];
}

/** What the record of a thread says of its helpers, which of them have ended, and what the model has not heard of yet. */
export class AgentBook {
  readonly #parts: AgentBookParts;
  readonly #ended = new Map<string, EndedAgent>();
  readonly #untold = new Set<string>();
  /** How many helpers of a role there were. */
  readonly #counts = new Map<string, number>();

  constructor(parts: AgentBookParts) {
    this.#parts = parts;
    for (const record of parts.recorded) this.#restore(record);
  }

  /** A name that no helper of this thread has had. */
  nextId(role: string): string {
    const count = (this.#counts.get(role) ?? 0) + 1;
    this.#counts.set(role, count);
    return `${role}-${count}`;
  }

  ended(id: string): EndedAgent | null {
    return this.#ended.get(id) ?? null;
  }

  /**
   * Brings to the disk who a helper is, before it does anything: a thread that is taken up again has to know of it.
   * @throws KeelError `storageFailed`
   */
  async begin(agent: AgentEntry): Promise<void> {
    this.#parts.record.addLine(agentLine(agent, true));
    await this.#parts.record.sync();
  }

  /** How a helper stands now. `told`: the model knows, or need not. */
  note(agent: AgentEntry, told: boolean): void {
    if (told) this.#untold.delete(agent.id);
    else this.#untold.add(agent.id);
    this.write(agentLine(agent, told));
  }

  end(agent: AgentEntry): void {
    this.#untold.delete(agent.id);
    this.#ended.set(agent.id, { ...agent, isLost: false });
  }

  /** The model hears now how a helper ended. */
  tell(agent: AgentEntry): void {
    if (this.#untold.has(agent.id)) this.note(agent, true);
  }

  /** What the model has to hear before a turn, told once. `open`: the helper of that name, if it is not an ended one. */
  takeNotes(open: (id: string) => AgentEntry | null): ResponseItem[] {
    const untold = [...this.#untold].flatMap((id) => open(id) ?? this.#ended.get(id) ?? []);
    for (const agent of untold) this.tell(agent);
    const lost = untold.filter(({ id }) => this.#ended.get(id)?.isLost);
    const notes = untold
      .filter((agent) => !lost.includes(agent))
      .map(({ id, role, state }) => agentNote({ id, role, status: state.status, report: state.message }));
    return lost.length === 0 ? notes : [lostAgentsNote(lost), ...notes];
  }

  /** Without the line a thread that is taken up again knows less of its helpers; no reason to stop the work. */
  write(line: RolloutItem): void {
    try {
      this.#parts.record.addLine(line);
    } catch (error) {
      this.#parts.log.warn(`what helpers did was not recorded: ${String(error)}`);
    }
  }

  #restore(record: AgentStatusRecord): void {
    const agent = endedAgent(record);
    const { id, role, threadId, isLost } = agent;
    this.#ended.set(id, agent);
    const count = Number(/-(\d+)$/.exec(id)?.[1] ?? 0);
    this.#counts.set(role, Math.max(count, this.#counts.get(role) ?? 0));
    if (isLost || !record.told) this.#untold.add(id);
    if (!isLost) return;
    try {
      endLeftBehind(this.#parts.home, threadId);
    } catch (error) {
      this.#parts.log.warn(`what ${id} left behind was not looked at: ${String(error)}`);
    }
  }
}
