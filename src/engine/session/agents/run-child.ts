import type { ErrorInfo, SessionEvent, SessionEventOf } from '../../../foundation/protocol/index.ts';
import { onAbort, unlessAborted } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { type Session, submitIfOpen } from '../session.ts';
import type { SessionDeps } from '../session-deps.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import { followChild } from './follow-child.ts';

/** Work for a child session: a thread of its own, whose calls and questions the parent's user sees. */
export interface ChildWork {
  /** Its purpose, as shown to people with its questions. */
  readonly role: string;
  /** Replaces the base instructions. */
  readonly instructions: string;
  readonly prompt: string;
  /** JSON Schema of its last message; absent: free text. */
  readonly outputSchema?: unknown;
  /** A last message that does not fit the schema is asked for again, then fails the child's turn. */
  readonly checksOutput: boolean;
  /** Null: the parent's. */
  readonly model: string | null;
  readonly effort: string | null;
  /** Tools that it is not offered. */
  readonly withoutTools: readonly string[];
}

export type ChildResult =
  | { readonly type: 'completed'; readonly lastMessage: string | null }
  | { readonly type: 'failed'; readonly error: ErrorInfo }
  | { readonly type: 'interrupted' };

/**
 * Runs a child of one turn to completion: a session like any other, with a thread of its own. Its events are shown under the
 * parent's turn, and its questions go to the parent's user under its name. When `signal` aborts it is stopped, and the result
 * is there at once.
 */
export function runChild(
  deps: SessionDeps,
  active: ActiveTurn,
  work: ChildWork,
  signal: AbortSignal,
): Promise<ChildResult> {
  return unlessAborted(openAndFollow(deps, active, work, signal), signal, INTERRUPTED);
}

const INTERRUPTED: ChildResult = { type: 'interrupted' };

async function openAndFollow(
  deps: SessionDeps,
  active: ActiveTurn,
  work: ChildWork,
  signal: AbortSignal,
): Promise<ChildResult> {
  if (signal.aborted) return INTERRUPTED;
  const { services } = deps;
  const session = await services.children.open(childConfig(work, deps), {
    source: { subagent: work.role },
    checksOutput: work.checksOutput,
    child: {
      withoutTools: work.withoutTools,
      hasUserInstructions: false,
      opening: [],
      taskType: work.role,
      agentLevels: 0,
      agentSlots: services.agentSlots,
      // A review is part of no request's budget.
      budget: () => null,
      tree: null,
      requests: services.requests,
      serverFacts: services.serverFacts,
      renewable: services.renewable,
    },
  });
  // The parent may have been stopped while the child was opened.
  if (signal.aborted) {
    void services.children.close(session);
    return INTERRUPTED;
  }
  using _listener = onAbort(signal, () => submitIfOpen(session, { type: 'interrupt' }));
  try {
    return await unlessAborted(follow(session, active, work, signal), signal, INTERRUPTED);
  } finally {
    void services.children.close(session);
  }
}

/** The settings as they are now, not as they were when the thread began. */
function childConfig({ model, effort, instructions }: ChildWork, { services, state }: SessionDeps): Config {
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
  { context, recorder, approvals }: ActiveTurn,
  { prompt, outputSchema, role }: ChildWork,
  signal: AbortSignal,
): Promise<ChildResult> {
  const ended = Promise.withResolvers<ChildResult>();
  const shown = new ShownEvents((event) => recorder.show({ ...event, turnId: context.turnId }));
  const following = followChild(
    child,
    {
      ask: ({ request, threadId }, withdrawn) =>
        approvals.request(request, { threadId, agent: role }, AbortSignal.any([signal, withdrawn])),
      used: (usage) => recorder.noteChildUsage(usage),
      event: (event) => {
        if (event.type === 'turn.completed') ended.resolve(resultOf(event));
        else shown.note(event);
      },
    },
    { deltas: true },
  );
  child.submit({ type: 'userInput', items: [{ type: 'text', text: prompt }], outputSchema });
  // The events of a child can end without an end of its turn.
  return Promise.race([ended.promise, following.then(() => INTERRUPTED)]);
}

function resultOf({ status, error, lastAgentMessage }: SessionEventOf<'turn.completed'>): ChildResult {
  if (status === 'failed' && error) return { type: 'failed', error };
  return status === 'completed' ? { type: 'completed', lastMessage: lastAgentMessage } : { type: 'interrupted' };
}

/** Shows a child's events. Its last message is its result; earlier ones are shown when a later one has come. */
class ShownEvents {
  readonly #show: (event: Forwarded) => void;
  #last: Forwarded | null = null;

  constructor(show: (event: Forwarded) => void) {
    this.#show = show;
  }

  note(event: SessionEvent): void {
    if (event.type === 'item.completed' && event.item.type === 'agentMessage') {
      if (this.#last) this.#release(this.#last);
      this.#last = event;
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

/** A child's work is shown as it comes; its messages, and those to it, are not. */
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
