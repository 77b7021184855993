import type { SessionEvent, SessionEventOf, TokenUsage } from '../../../foundation/protocol/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import type { SessionServices } from '../services.ts';
import type { Session } from '../session.ts';
import type { SessionState } from '../state.ts';
import { submitIfOpen } from '../submit-if-open.ts';
import type { DelegateOptions, DelegateResult, RunDelegate } from '../tasks/child-work.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import { followChild } from './follow-child.ts';

export interface DelegateParts {
  readonly services: SessionServices;
  readonly state: SessionState;
  readonly active: ActiveTurn;
  /** Adds what the child used to what the thread used. */
  readonly noteUsage: (usage: TokenUsage) => void;
}

/**
 * Runs children of one turn: sessions like any other, with a thread of their own. What they do is told under the parent's
 * turn, their questions go to the parent's user under the child's name, and they end with the parent's signal.
 */
export function delegateRunner(parts: DelegateParts): RunDelegate {
  return async (options, signal) => {
    if (signal.aborted) return { type: 'interrupted' };
    const { services } = parts;
    const child = await services.openChild(childConfig(options, parts), {
      source: { subagent: options.role },
      checksOutput: options.checksOutput,
      persona: {
        withoutTools: options.withoutTools,
        hasUserInstructions: false,
        opening: [],
        taskType: options.role,
        agentLevels: 0,
        agentSlots: services.agentSlots,
        // A review is part of no request's budget.
        budget: () => null,
        tree: null,
        serverFacts: services.serverFacts,
      },
    });
    const interrupted = Promise.withResolvers<DelegateResult>();
    const onAbort = () => {
      submitIfOpen(child, { type: 'interrupt' });
      interrupted.resolve({ type: 'interrupted' });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // The child may have been opened only after the parent was stopped.
    if (signal.aborted) onAbort();
    try {
      return await Promise.race([follow(child, options, parts, signal), interrupted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      void services.closeChild(child);
    }
  };
}

/** The settings as they are now, not as they were when the thread began. */
function childConfig({ model, effort, instructions }: DelegateOptions, { services, state }: DelegateParts): Config {
  const { cwd, approvalPolicy, sandboxPolicy, model: own } = state.configuration;
  return {
    ...services.config,
    cwd,
    approvalPolicy,
    sandboxPolicy,
    model: model ?? own,
    effort,
    baseInstructions: instructions,
    notify: null,
    undo: false,
  };
}

async function follow(
  child: Session,
  { prompt, outputSchema, role }: DelegateOptions,
  { active, noteUsage }: DelegateParts,
  signal: AbortSignal,
): Promise<DelegateResult> {
  const ended = Promise.withResolvers<DelegateResult>();
  const { handle, context } = active;
  const shown = new ShownEvents((event) => handle.show({ ...event, turnId: context.turnId }));
  const following = followChild(
    child,
    {
      ask: (event, withdrawn) => handle.relay(event, role, AbortSignal.any([signal, withdrawn])),
      used: noteUsage,
      event: (event) => {
        if (event.type === 'turn.completed') ended.resolve(resultOf(event));
        else shown.note(event);
      },
    },
    { deltas: true },
  );
  child.submit({ type: 'userInput', items: [{ type: 'text', text: prompt }], outputSchema });
  // Its events may end without an end of its turn.
  return Promise.race([ended.promise, following.then((): DelegateResult => ({ type: 'interrupted' }))]);
}

function resultOf({ status, error, lastAgentMessage }: SessionEventOf<'turn.completed'>): DelegateResult {
  if (status === 'failed' && error) return { type: 'failed', error };
  return status === 'completed' ? { type: 'completed', lastMessage: lastAgentMessage } : { type: 'interrupted' };
}

/** Shows what the child does. Its last message is its result; the ones before are shown when a later one has come. */
class ShownEvents {
  readonly #show: (event: Forwarded) => void;
  #held: Forwarded | null = null;

  constructor(show: (event: Forwarded) => void) {
    this.#show = show;
  }

  note(event: SessionEvent): void {
    if (event.type === 'item.completed' && event.item.type === 'agentMessage') {
      if (this.#held) this.#release(this.#held);
      this.#held = event;
    } else if (isForParent(event)) this.#show(event);
  }

  #release(event: Forwarded): void {
    if (event.type === 'item.completed') this.#show({ ...event, type: 'item.started' });
    this.#show(event);
  }
}

type Forwarded = Extract<
  SessionEvent,
  { type: 'item.started' | 'item.updated' | 'item.completed' | 'item.delta' | 'warning' | 'error' }
>;

/** What the child does is shown as it comes; what it is told, and its messages, are not. */
function isForParent(event: SessionEvent): event is Forwarded {
  switch (event.type) {
    case 'item.started':
    case 'item.updated':
    case 'item.completed':
      return event.item.type !== 'agentMessage' && event.item.type !== 'userMessage';
    case 'item.delta':
      return event.part !== 'agentMessage';
    case 'warning':
      return true;
    case 'error':
      return event.willRetry;
    default:
      return false;
  }
}
