import { type AgentRole, isContextMessage } from '../../../context/index.ts';
import type {
  AgentState,
  ApprovalDecision,
  SessionEvent,
  SessionEventOf,
  SettingsUpdate,
  TokenUsage,
} from '../../../foundation/protocol/index.ts';
import { Deferred } from '../../../foundation/util/index.ts';
import { type Session, submitIfOpen } from '../session.ts';
import type { AgentEntry } from './agent-records.ts';
import { followChild } from './follow-child.ts';

export interface SubagentHooks {
  /** Asks the user of the thread above; `signal` aborts when the subagent needs no answer any more. */
  ask(agent: Subagent, event: SessionEventOf<'approval.requested'>, signal: AbortSignal): Promise<ApprovalDecision>;
  used(usage: TokenUsage): void;
  warned(agent: Subagent, message: string): void;
  /** It does not work any more. */
  settled(agent: Subagent): void;
}

export interface SubagentOptions {
  readonly id: string;
  readonly role: AgentRole;
  readonly task: string;
  readonly session: Session;
  readonly hooks: SubagentHooks;
  /** State of a subagent that an earlier process had: whether its turn continues, or how that ended; and what it had used. */
  readonly before?: { readonly state: AgentState; readonly used: TokenUsage };
}

type Phase =
  /** It has had no message, and so has no turn that could be stopped. */
  | { readonly type: 'new' }
  | { readonly type: 'working' }
  /** It counts as interrupted already, while its turn ends. */
  | { readonly type: 'stopping'; readonly ended: Deferred<void> }
  | { readonly type: 'done'; readonly state: AgentState }
  /** Another process continues it. */
  | { readonly type: 'released' }
  | { readonly type: 'closed' };

const RUNNING: AgentState = { status: 'running', message: null };
const INTERRUPTED: AgentState = { status: 'interrupted', message: null };
const STATES: Readonly<Record<Exclude<Phase['type'], 'done'>, AgentState>> = {
  new: RUNNING,
  working: RUNNING,
  stopping: INTERRUPTED,
  released: RUNNING,
  closed: { status: 'closed', message: null },
};

/**
 * A child session that the model started. Only its state is kept. It works from the message that it is sent until the turn
 * that took in the last such message has ended.
 */
export class Subagent {
  readonly id: string;
  readonly role: AgentRole;
  readonly task: string;
  readonly session: Session;
  readonly #hooks: SubagentHooks;
  #phase: Phase = { type: 'new' };
  /** Ids of messages that no turn of it has taken in yet, oldest first. */
  #unread: string[] = [];
  /** Aborts when it is stopped, which withdraws its questions. */
  #asking = new AbortController();

  constructor({ id, role, task, session, hooks, before }: SubagentOptions) {
    this.id = id;
    this.role = role;
    this.task = task;
    this.session = session;
    this.#hooks = hooks;
    if (before !== undefined) {
      const { state } = before;
      this.#phase = state.status === 'running' ? { type: 'working' } : { type: 'done', state };
    }
    void this.#follow(before?.used);
  }

  get state(): AgentState {
    const phase = this.#phase;
    if (phase.type === 'done') return phase.state;
    return STATES[phase.type];
  }

  get isRunning(): boolean {
    return this.state.status === 'running';
  }

  get entry(): AgentEntry {
    const { id, role, task, session, state } = this;
    return { id, role: role.name, threadId: session.threadId, model: session.configuration.model, task, state };
  }

  /**
   * Sends a message into its running turn, or as a new one; `settings` apply from its next turn on. Nothing is sent once
   * `signal` has aborted: whoever stopped the subagents then would not stop this one again.
   * @throws KeelError `sessionClosed`, `invalidInput`
   */
  async send(message: string, settings: SettingsUpdate, signal: AbortSignal): Promise<void> {
    while (this.#phase.type === 'stopping') await this.#phase.ended.promise;
    if (signal.aborted || this.#phase.type === 'closed') return;
    this.session.submit({ type: 'overrideTurnContext', settings });
    this.#unread.push(this.session.submit({ type: 'userInput', items: [{ type: 'text', text: plain(message) }] }));
    this.#phase = { type: 'working' };
  }

  /**
   * Stops it: it counts as interrupted at once. One that is done is interrupted as well: subagents of its own may outlive its
   * turn, and nobody else can stop those.
   */
  interrupt(): void {
    const { type } = this.#phase;
    if (type === 'stopping' || type === 'released' || type === 'closed') return;
    submitIfOpen(this.session, { type: 'interrupt' });
    if (type === 'new') this.#settle({ type: 'done', state: INTERRUPTED });
    if (type === 'working') this.#settle({ type: 'stopping', ended: new Deferred<void>() });
  }

  /** Its turn is released for another process to continue. One that is done has none. */
  async release(graceMs: number): Promise<void> {
    if (this.isRunning) this.#phase = { type: 'released' };
    this.#asking.abort();
    await this.session.release(graceMs);
  }

  /** Marks it closed; whoever has its session ends that. */
  close(): void {
    const before = this.#phase;
    this.#phase = { type: 'closed' };
    this.#asking.abort();
    if (before.type === 'stopping') before.ended.resolve();
    this.#hooks.settled(this);
  }

  async #follow(usedBefore: TokenUsage | undefined): Promise<void> {
    const hooks = {
      ask: (event: SessionEventOf<'approval.requested'>, signal: AbortSignal) =>
        this.#hooks.ask(this, event, AbortSignal.any([signal, this.#asking.signal])),
      used: (usage: TokenUsage) => this.#hooks.used(usage),
      event: (event: SessionEvent) => this.#note(event),
    };
    await followChild(this.session, hooks, { deltas: false, ...(usedBefore === undefined ? {} : { usedBefore }) });
    this.#asking.abort();
    if (this.#phase.type === 'stopping') this.#stopped(this.#phase.ended, INTERRUPTED);
    else if (this.isRunning && this.#phase.type !== 'released') this.#settle({ type: 'done', state: INTERRUPTED });
  }

  #note(event: SessionEvent): void {
    switch (event.type) {
      case 'item.completed':
        if (event.item.type === 'userMessage') this.#unread.shift();
        return;
      case 'warning':
        return this.#hooks.warned(this, event.message);
      case 'turn.completed':
        return this.#turnCompleted(event);
      default:
        return;
    }
  }

  #turnCompleted(event: SessionEventOf<'turn.completed'>): void {
    // A turn that failed before it took in its own message is never started again.
    this.#unread = this.#unread.filter((id) => id !== event.turnId);
    const isInterrupted = event.status === 'interrupted';
    if (this.#phase.type === 'stopping') {
      // What waited for a stopped turn is dropped with it; otherwise the turn that takes it in is stopped next.
      if (!isInterrupted && this.#unread.length > 0) return;
      this.#unread = [];
      const { ended } = this.#phase;
      this.#stopped(ended, isInterrupted ? INTERRUPTED : stateAfter(event));
      // It was done before the interrupt reached it.
      if (!isInterrupted) this.#hooks.settled(this);
    } else if (this.#unread.length === 0 && this.#phase.type !== 'closed' && this.#phase.type !== 'released') {
      this.#settle({ type: 'done', state: stateAfter(event) });
    }
  }

  #stopped(ended: Deferred<void>, state: AgentState): void {
    this.#phase = { type: 'done', state };
    ended.resolve();
  }

  #settle(phase: Phase): void {
    this.#phase = phase;
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#hooks.settled(this);
  }
}

function stateAfter({ status, error, lastAgentMessage }: SessionEventOf<'turn.completed'>): AgentState {
  if (status === 'failed') return { status, message: error?.message ?? null };
  return { status, message: status === 'completed' ? lastAgentMessage : null };
}

/** How a thread that was opened again is: whether its turn continues, or how its last one ended. */
export async function stateOfThread(session: Session): Promise<AgentState> {
  for await (const event of session.events()) {
    const last = event.type === 'thread.started' ? event.turns.at(-1) : undefined;
    if (last?.status === 'inProgress') return RUNNING;
    if (last?.status === 'failed') return { status: 'failed', message: last.error?.message ?? null };
    if (last?.status !== 'completed') return INTERRUPTED;
    const said = last.items.findLast((item) => item.type === 'agentMessage');
    return { status: 'completed', message: said?.type === 'agentMessage' ? said.text : null };
  }
  return INTERRUPTED;
}

/** A message that looks like keel's own context is marked as a message. */
function plain(message: string): string {
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: message }] } as const;
  return isContextMessage({ ...item, content: [...item.content] }) ? `Message:\n${message}` : message;
}
