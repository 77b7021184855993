import type { Config } from '../config/index.ts';
import type { SessionEvent, TokenUsage } from '../protocol/index.ts';
import type { DelegateOptions, DelegateResult, RunDelegate } from '../tasks/index.ts';
import type { ActiveTurn } from './active-turn.ts';
import type { Session } from './session.ts';
import type { SessionServices } from './session-services.ts';
import type { SessionState } from './session-state.ts';
import { UsageMeter } from './usage-meter.ts';

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
      persona: {
        withoutTools: options.withoutTools,
        hasUserInstructions: false,
        opening: [],
        agentLevels: 0,
        agentSlots: services.agentSlots,
      },
    });
    const interrupted = Promise.withResolvers<DelegateResult>();
    const onAbort = () => {
      child.submit({ type: 'interrupt' });
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
  };
}

async function follow(
  child: Session,
  { prompt, outputSchema, role }: DelegateOptions,
  { active, noteUsage }: DelegateParts,
  signal: AbortSignal,
): Promise<DelegateResult> {
  const meter = new UsageMeter();
  const events = child.events();
  child.submit({ type: 'userInput', items: [{ type: 'text', text: prompt }], outputSchema });
  for await (const event of events) {
    if (event.type === 'usage.updated') {
      const used = meter.since(event.info);
      if (used !== null) noteUsage(used);
    } else if (event.type === 'approval.requested') {
      const decision = await active.handle.relay(event, role, signal);
      child.submit({ type: 'approval', questionId: event.request.questionId, decision });
    } else if (event.type === 'turn.completed') {
      if (event.status === 'failed' && event.error) return { type: 'failed', error: event.error };
      return event.status === 'completed'
        ? { type: 'completed', lastMessage: event.lastAgentMessage }
        : { type: 'interrupted' };
    } else if (isForParent(event)) active.handle.emit({ ...event, turnId: active.context.turnId });
  }
  return { type: 'interrupted' };
}

type Forwarded = Extract<
  SessionEvent,
  { type: 'item.started' | 'item.updated' | 'item.completed' | 'item.delta' | 'warning' | 'error' }
>;

/** What the child does is shown; what it is told and says is between the two of them. */
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
