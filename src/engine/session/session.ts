import { KeelError, type Op, type SessionEvent } from '../../foundation/protocol/index.ts';
import type { ServerPrompt } from '../../models/mcp/index.ts';
import type { SessionMcp } from './environment/session-mcp.ts';
import type { EventHub, ReaderOptions } from './event-hub.ts';
import type { SessionReport } from './reports/report.ts';
import type { SessionConfiguration } from './settings.ts';
import type { SubmissionQueue } from './submission-queue.ts';

export interface SessionParts {
  readonly threadId: string;
  readonly rolloutPath: string | null;
  readonly configuration: SessionConfiguration;
  readonly changes: readonly string[];
  readonly queue: SubmissionQueue;
  readonly hub: EventHub;
  /** Resolves when the submission loop has ended and everything of the session is closed. */
  readonly closed: Promise<void>;
  /** Ends the submission loop; a turn that runs is let go, within so many milliseconds. */
  readonly release: (graceMs: number) => void;
  readonly isOnlyWaiting: () => boolean;
  readonly killProcesses: () => void;
  readonly report: (what: SessionReport['type']) => SessionReport;
  readonly endCommands: (id: number | null) => Promise<number>;
  /** Null: there is no server. */
  readonly mcp: Pick<SessionMcp, 'prompts' | 'prompt'> | null;
}

/**
 * A live thread, as surfaces see it. Ops go in, events come out.
 *
 * Several readers may follow the events. A session that is no longer needed is closed; `await using` does it.
 */
export class Session implements AsyncDisposable {
  readonly threadId: string;
  /** Where the thread is recorded; null if it is not. */
  readonly rolloutPath: string | null;
  /** The settings with which it was opened. */
  readonly configuration: SessionConfiguration;
  /** For people: how these differ from those of the thread's newest turn, a sentence each. */
  readonly changes: readonly string[];
  /** Resolves when the session has ended, of itself or because it was closed, and holds nothing any more. */
  readonly ended: Promise<void>;
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.threadId = parts.threadId;
    this.rolloutPath = parts.rolloutPath;
    this.configuration = parts.configuration;
    this.changes = parts.changes;
    // An event has reported the failure that ended it, and `close` throws it.
    this.ended = parts.closed.catch(() => undefined);
    this.#parts = parts;
  }

  /**
   * Queues an op; ops are done in order, and events report their results.
   * @returns its id. A turn that it starts has the same.
   * @throws KeelError `sessionClosed`, `invalidInput`
   */
  submit(op: Op, id?: string): string {
    return this.#parts.queue.submit(op, id);
  }

  /** Events from `thread.started` to `thread.closed`; each call follows them on its own. */
  events(options?: ReaderOptions): AsyncIterableIterator<SessionEvent> {
    return this.#parts.hub.subscribe(options);
  }

  /** Stops what runs, flushes the rollout and ends the event stream. Harmless when repeated. */
  async close(): Promise<void> {
    this.#parts.queue.close();
    await this.#parts.closed;
  }

  /**
   * Closes the session, but lets a turn that runs go without an end: opened with `unfinishedTurn: 'continue'`, here or elsewhere, the
   * thread continues it at its very step. A question stays open and is asked again there.
   * @param graceMs how long what is under way, a command or a response, has to end; then it is cut off as by a crash. Of several
   *   calls the one counts that leaves the least time
   */
  async release(graceMs: number): Promise<void> {
    this.#parts.release(graceMs);
    await this.#parts.closed;
  }

  /**
   * Whether the turn that runs only waits for answers: nothing is under way beside its questions, and a release takes no time. One
   * that waits for a subagent is judged by what that one does.
   */
  get isOnlyWaiting(): boolean {
    return this.#parts.isOnlyWaiting();
  }

  /** Ends every process that the session started, at once and without waiting: for a program that is about to exit. */
  killProcesses(): void {
    this.#parts.killProcesses();
  }

  /** What the session says about itself now, beside its events. */
  report(what: SessionReport['type']): SessionReport {
    return this.#parts.report(what);
  }

  /** What MCP servers offer the user to send, as far as it is known by now. */
  serverPrompts(): readonly ServerPrompt[] {
    return this.#parts.mcp?.prompts() ?? [];
  }

  /** The words of a server's prompt. @throws KeelError `invalidInput` with why there are none */
  async serverPrompt(
    prompt: Pick<ServerPrompt, 'server' | 'name'>,
    args: Readonly<Record<string, string>>,
  ): Promise<string> {
    if (this.#parts.mcp === null) throw new KeelError('invalidInput', `there is no MCP server ${prompt.server}`);
    return await this.#parts.mcp.prompt(prompt, args);
  }

  /** Ends the commands that outlive their calls, or one of them. @returns how many there were */
  endCommands(id: number | null = null): Promise<number> {
    return this.#parts.endCommands(id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** For an op that comes late: once the session has ended it does not matter any more. */
export function submitIfOpen(session: Pick<Session, 'submit'>, op: Op): void {
  try {
    session.submit(op);
  } catch (error) {
    if (!(error instanceof KeelError && error.kind === 'sessionClosed')) throw error;
  }
}
