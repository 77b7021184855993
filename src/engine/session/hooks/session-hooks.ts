import type { HookReport } from '../../../foundation/protocol/index.ts';
import { within } from '../../../foundation/util/index.ts';
import type { Config, HookFile } from '../../../storage/config/index.ts';
import type { Processes, UserShell } from '../../../system/process/index.ts';
import type { SandboxManager } from '../../../system/sandbox/index.ts';
import {
  type HookEvent,
  type HookNews,
  HookRunner,
  type HookVerdict,
  hookNotices,
  loadHooks,
} from '../../../tools/hooks/index.ts';
import type { CommandEnvironment } from '../environment/command-environment.ts';
import { CallHooks } from './call-hooks.ts';
import type { HookAsked, HookAsker, HookMoment } from './hook-moment.ts';
import { hookScope } from './hook-scope.ts';

export interface SessionHooksDeps {
  readonly config: Config;
  readonly threadId: string;
  /** Null: the thread is not recorded. */
  readonly transcriptPath: string | null;
  readonly isChild: boolean;
  /** The thread was there before. */
  readonly isResumed: boolean;
  readonly processes: Processes;
  readonly sandbox: SandboxManager;
  readonly shell: UserShell;
  readonly environment: CommandEnvironment;
}

/** The hooks that the files of a thread of the user's name. Its children share them. */
export interface HookSource {
  /** What the user should know of hooks that do not run, a sentence each. */
  readonly notices: readonly string[];
  /** For one session, which closes them. Null: none would run. */
  open(deps: SessionHooksDeps): SessionHooks | null;
}

export function readHookFiles(files: readonly HookFile[], config: Config): HookSource {
  const loaded = loadHooks(files, config);
  return {
    notices: hookNotices(loaded),
    open(deps) {
      const runner = new HookRunner(loaded.hooks, { planner: deps.sandbox, processes: deps.processes });
      return runner.isEmpty ? null : new SessionHooks(runner, deps);
    },
  };
}

/** How long the end of a session waits for hooks that observe it, milliseconds: what the others have by default, and a start. */
const CLOSING_LIMIT_MS = 2_000;

const CALL_EVENTS = ['PreToolUse', 'PermissionRequest', 'PostToolUse'] as const;

/** The hooks of a session: asks them at its events. Close it with the session. */
export class SessionHooks implements HookAsker {
  readonly #calls = new CallHooks(this);
  readonly #runner: HookRunner;
  readonly #deps: SessionHooksDeps;
  #hasStarted = false;
  #showLate: (message: string) => void = () => undefined;
  #report: (turnId: string | null, news: HookNews) => void = () => undefined;
  /** Hooks that a turn waits for, by the id of their run. */
  readonly #awaited = new Map<string, { readonly turnId: string; readonly hook: HookReport }>();
  readonly #observing = new Set<Promise<unknown>>();
  readonly #closed = new AbortController();

  constructor(runner: HookRunner, deps: SessionHooksDeps) {
    this.#runner = runner;
    this.#deps = deps;
  }

  /**
   * @param late called with what becomes of hooks that run beside the session
   * @param report called when a hook starts and ends, until the session closes
   */
  showBy(late: (message: string) => void, report: (turnId: string | null, news: HookNews) => void): void {
    this.#showLate = late;
    this.#report = report;
  }

  /** Null: no hook is asked about calls. */
  get calls(): CallHooks | null {
    return CALL_EVENTS.some((event) => this.has(event)) ? this.#calls : null;
  }

  /** Whether hooks are asked when a conversation starts. */
  get startsThreads(): boolean {
    return !this.isChild && this.has('SessionStart');
  }

  /** How the session came to be, the first time that this is asked; null: nothing is to be asked any more. */
  takeStart(): 'startup' | 'resume' | null {
    if (this.#hasStarted) return null;
    this.#hasStarted = true;
    if (!this.startsThreads) return null;
    return this.#deps.isResumed ? 'resume' : 'startup';
  }

  get isChild(): boolean {
    return this.#deps.isChild;
  }

  has(event: HookEvent): boolean {
    return this.#runner.has(event);
  }

  /** Asks all hooks of an event, and shows the user what they have to say to them. */
  ask(event: HookEvent, asked: readonly HookAsked[], moment: HookMoment): Promise<HookVerdict> {
    return this.#ask(event, asked, moment, moment.turnId);
  }

  /** A turn ends: the hooks that it has stopped waiting for were interrupted, however long their processes take to end. */
  turnEnded(turnId: string): void {
    for (const [id, run] of this.#awaited) {
      if (run.turnId !== turnId) continue;
      this.#awaited.delete(id);
      const durationMs = Date.now() - run.hook.startedAtMs;
      this.#report(turnId, { type: 'hook.completed', hook: run.hook, status: 'interrupted', durationMs });
    }
  }

  /** @param waits the turn that waits for the answer; null: none does */
  async #ask(
    event: HookEvent,
    asked: readonly HookAsked[],
    moment: HookMoment,
    waits: string | null,
  ): Promise<HookVerdict> {
    const { environment, shell, config } = this.#deps;
    const { context, signal, onMessage } = moment;
    await environment.ready(signal);
    const env = { ...environment.current(), CLAUDE_PROJECT_DIR: config.trustedFolder ?? config.cwd };
    const common = this.#commonFields(event, moment);
    const verdict = await this.#runner.run(event, {
      questions: asked.map(({ fields, ...question }) => ({ ...question, input: { ...common, ...fields } })),
      place: {
        cwd: context.cwd,
        policy: context.sandboxPolicy,
        env,
        shell: shell.path,
        scopeOf: (hook) => hookScope(hook, config, context.cwd),
      },
      signal,
      onMessage: this.#showLate,
      onNews: (news) => this.#note(waits, news),
    });
    // What an interrupt has stopped did not fail.
    if (!signal.aborted) for (const message of verdict.messages) onMessage(message);
    return verdict;
  }

  /** What nothing waits for is no part of a turn: it may outlive that. */
  #note(waits: string | null, news: HookNews): void {
    const { hook } = news;
    if (waits === null || hook.isAsync) this.#report(null, news);
    else if (news.type === 'hook.started') {
      this.#awaited.set(hook.id, { turnId: waits, hook });
      this.#report(waits, news);
    } else if (this.#awaited.delete(hook.id)) this.#report(waits, news);
  }

  /** Asks hooks that can only observe. Nobody waits for them but the end of the session, and that for a moment. */
  observe(event: HookEvent, asked: readonly HookAsked[], moment: Omit<HookMoment, 'signal'>): void {
    if (this.isChild || !this.has(event)) return;
    const onMessage = (message: string) => {
      if (!this.#closed.signal.aborted) moment.onMessage(message);
    };
    const done = this.#ask(event, asked, { ...moment, onMessage, signal: this.#closed.signal }, null);
    this.#observing.add(done);
    void done.catch(() => undefined).finally(() => this.#observing.delete(done));
  }

  /** Asks what is to be asked at the end of a session that has had a turn, then stops what still runs. */
  async close(): Promise<void> {
    const { approvalPolicy, sandboxPolicy, cwd, model: slug } = this.#deps.config;
    this.#report = () => undefined;
    if (this.#hasStarted) {
      const context = { approvalPolicy, sandboxPolicy, cwd, model: { slug } };
      const fields = { reason: 'other' };
      const asked = [{ subject: 'other', names: null, content: '', fields }];
      this.observe('SessionEnd', asked, { turnId: null, context, onMessage: () => undefined });
    }
    if (this.#observing.size > 0) await within(Promise.allSettled(this.#observing), CLOSING_LIMIT_MS);
    this.#closed.abort();
    await Promise.allSettled([...this.#observing, this.#runner.close()]);
  }

  #commonFields(event: HookEvent, { turnId, context }: HookMoment): Readonly<Record<string, unknown>> {
    const { threadId, transcriptPath } = this.#deps;
    return {
      session_id: threadId,
      transcript_path: transcriptPath ?? '',
      cwd: context.cwd,
      hook_event_name: event,
      permission_mode: permissionMode(context),
      model: context.model.slug,
      ...(turnId === null ? {} : { turn_id: turnId }),
    };
  }
}

function permissionMode({ approvalPolicy, sandboxPolicy }: HookMoment['context']): string {
  if (approvalPolicy === 'untrusted') return 'default';
  if (approvalPolicy !== 'never') return sandboxPolicy.mode === 'read-only' ? 'default' : 'acceptEdits';
  return sandboxPolicy.mode === 'danger-full-access' ? 'bypassPermissions' : 'dontAsk';
}
