import { createHash } from 'node:crypto';
import type { ErrorInfo, SessionEvent, SessionEventOf, TokenUsage } from '../../../foundation/protocol/index.ts';
import { onAbort, unlessAborted } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { hasThread } from '../../../storage/threads/index.ts';
import { type Session, submitIfOpen } from '../session.ts';
import type { SessionDeps } from '../session-deps.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import { recordOfChild } from './agent-records.ts';
import { followChild } from './follow-child.ts';
import { stateOfThread } from './subagent.ts';

/** Work for a child session: a thread of its own, whose calls and questions the parent's user sees. */
export interface ChildWork {
  /** Its purpose, as shown to people with its questions. */
  readonly role: string;
  /** Replaces the base instructions. */
  readonly instructions: string;
  /** Asked for where the child has yet to be given it. */
  readonly prompt: () => Promise<string>;
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
 * is there at once. A turn that is begun again, since it was released or cut off, continues the child that it had.
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
  const threadId = childThreadId(services.threadId, active.context.turnId);
  const before = services.isResumed ? usedBefore(services, threadId) : null;
  const session = await services.children.open(childConfig(work, deps), {
    ...(before === null ? { threadId } : { continues: threadId }),
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
  active.child = session;
  try {
    return await unlessAborted(follow(session, active, { ...work, before }, signal), signal, INTERRUPTED);
  } finally {
    active.child = null;
    void services.children.close(session);
  }
}

/** Whether an earlier attempt at this turn has opened a child. */
export function hasChild({ services }: SessionDeps, { context }: ActiveTurn): boolean {
  const { config, threadId } = services;
  return services.isResumed && hasThread(config.home, childThreadId(threadId, context.turnId));
}

/** The same for a turn that is begun again. */
function childThreadId(parent: string, turnId: string): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([parent, turnId]))
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** What the child of an earlier attempt has used; null: there was none. */
function usedBefore({ config, threadId: parent }: SessionDeps['services'], threadId: string): TokenUsage | null {
  return hasThread(config.home, threadId) ? recordOfChild(config.home, { thread_id: threadId }, parent) : null;
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
  { prompt, outputSchema, role, before }: ChildWork & { readonly before: TokenUsage | null },
  signal: AbortSignal,
): Promise<ChildResult> {
  const state = before === null ? null : await stateOfThread(child);
  if (state?.status === 'completed') return { type: 'completed', lastMessage: state.message };
  // One that was at work continues by itself.
  const text = state?.status === 'running' ? null : await prompt();
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
    { deltas: true, ...(before === null ? {} : { usedBefore: before }) },
  );
  if (text !== null) child.submit({ type: 'userInput', items: [{ type: 'text', text }], outputSchema });
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
