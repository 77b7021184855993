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
import type { Session } from '../session.ts';
import { submitIfOpen } from '../submit-if-open.ts';
import type { AgentEntry } from './agent-records.ts';
import { followChild } from './follow-child.ts';

/** Where a helper's doings go. */
export interface ChildAgentHooks {
  /** Asks the user of the thread above; `signal` aborts when the helper needs no answer any more. */
  ask(agent: ChildAgent, event: SessionEventOf<'approval.requested'>, signal: AbortSignal): Promise<ApprovalDecision>;
  used(usage: TokenUsage): void;
  warned(agent: ChildAgent, message: string): void;
  /** It is not at work any more. */
  settled(agent: ChildAgent): void;
}

export interface ChildAgentOptions {
  readonly id: string;
  readonly role: AgentRole;
  readonly task: string;
  readonly child: Session;
  readonly hooks: ChildAgentHooks;
}

/**
 * One helper: a child session that is followed, not kept. Only its state is remembered. It is at work from the message it
 * is sent until the turn that took in the last such message has ended.
 */
export class ChildAgent {
  readonly id: string;
  readonly role: AgentRole;
  readonly task: string;
  readonly child: Session;
  readonly #hooks: ChildAgentHooks;
  #state: AgentState = { status: 'running', message: null };
  /** Until its first message it has no turn that could be stopped, and so none whose end could be waited for. */
  #isBegun = false;
  /** Ids of messages that no turn of it has taken in yet, oldest first. */
  #unread: string[] = [];
  /** Set while a stopped turn comes to its end. */
  #stopping: Deferred<void> | null = null;
  /** Its questions are withdrawn when it is stopped. */
  #asking = new AbortController();

  constructor({ id, role, task, child, hooks }: ChildAgentOptions) {
    this.id = id;
    this.role = role;
    this.task = task;
    this.child = child;
    this.#hooks = hooks;
    void this.#follow();
  }

  get state(): AgentState {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#state.status === 'running';
  }

  /** As it stands now. */
  get entry(): AgentEntry {
    const { id, role, task, child } = this;
    return { id, role: role.name, threadId: child.threadId, task, state: this.#state };
  }

  /**
   * Into its running turn, or as a new one; `settings` hold from its next turn on. Nothing is sent once `signal` has
   * aborted: whoever stopped the helpers then would not stop this one again.
   * @throws KeelError `sessionClosed`, `invalidInput`
   */
  async send(message: string, settings: SettingsUpdate, signal: AbortSignal): Promise<void> {
    if (this.#stopping) await this.#stopping.promise;
    if (signal.aborted || this.#state.status === 'closed') return;
    this.child.submit({ type: 'overrideTurnContext', settings });
    this.#unread.push(this.child.submit({ type: 'userInput', items: [{ type: 'text', text: spoken(message) }] }));
    this.#isBegun = true;
    this.#state = { status: 'running', message: null };
  }

  /**
   * It counts as stopped at once; what it still does ends by itself soon. One that is done is told as well: helpers of its
   * own may outlive its turn, and nobody else can stop those.
   */
  interrupt(): void {
    if (this.#stopping || this.#state.status === 'closed') return;
    submitIfOpen(this.child, { type: 'interrupt' });
    if (!this.isRunning) return;
    if (this.#isBegun) this.#stopping = new Deferred<void>();
    this.#settle({ status: 'interrupted', message: null });
  }

  /** It is closed from here on; whoever has its session ends that. */
  close(): void {
    this.#state = { status: 'closed', message: null };
    this.#asking.abort();
    this.#stopping?.resolve();
    this.#hooks.settled(this);
  }

  async #follow(): Promise<void> {
    const hooks = {
      ask: (event: SessionEventOf<'approval.requested'>, signal: AbortSignal) =>
        this.#hooks.ask(this, event, AbortSignal.any([signal, this.#asking.signal])),
      used: (usage: TokenUsage) => this.#hooks.used(usage),
      event: (event: SessionEvent) => this.#note(event),
    };
    await followChild(this.child, hooks, { deltas: false });
    this.#asking.abort();
    this.#stopping?.resolve();
    if (this.isRunning) this.#settle({ status: 'interrupted', message: null });
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
    // A turn that failed before it took in its own message is never begun again.
    this.#unread = this.#unread.filter((id) => id !== event.turnId);
    if (this.#stopping) {
      // What waited for a stopped turn is dropped with it; else the turn that takes it in is stopped next.
      if (event.status !== 'interrupted' && this.#unread.length > 0) return;
      this.#unread = [];
      this.#stopping.resolve();
      this.#stopping = null;
      // It was done before the word to stop reached it.
      if (event.status !== 'interrupted' && this.#state.status === 'interrupted') this.#settle(stateAfter(event));
      return;
    }
    if (this.#unread.length > 0 || this.#state.status === 'closed') return;
    this.#settle(stateAfter(event));
  }

  #settle(state: AgentState): void {
    this.#state = state;
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#hooks.settled(this);
  }
}

function stateAfter({ status, error, lastAgentMessage }: SessionEventOf<'turn.completed'>): AgentState {
  if (status === 'failed') return { status, message: error?.message ?? null };
  return { status, message: status === 'completed' ? lastAgentMessage : null };
}

/** A message that would pass for context of keel's own is marked as what it is. */
function spoken(message: string): string {
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: message }] } as const;
  return isContextMessage({ ...item, content: [...item.content] }) ? `Message:\n${message}` : message;
}
