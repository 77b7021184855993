import type { HookReport, HookStatus } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { HookEnd } from '../answers/answer.ts';
import { type HookResult, type HookVerdict, mergeAnswers } from '../answers/merge-answers.ts';
import { hookInFull } from '../files/hook-trust.ts';
import type { LoadedHook } from '../files/load-hooks.ts';
import type { Hook, HookEvent } from '../hook.ts';
import { type HookQuestion, questionsFor } from './hook-question.ts';
import { hookReport, hookStatus } from './hook-report.ts';
import { type HookPlace, type HookRunDeps, runHook } from './run-hook.ts';

/** What happens to one run of a hook, as it happens. */
export type HookNews =
  | { readonly type: 'hook.started'; readonly hook: HookReport }
  | {
      readonly type: 'hook.completed';
      readonly hook: HookReport;
      readonly status: HookStatus;
      readonly durationMs: number;
    };

/** Most hooks that run at the same time for one event. */
const MAX_PARALLEL = 8;

export interface HookRun {
  /** What each hook is asked; a call of several files is a question for each of them. */
  readonly questions: readonly HookQuestion[];
  readonly place: HookPlace;
  readonly signal: AbortSignal;
  /** Called with what becomes of a hook that runs beside the session. */
  readonly onMessage: (message: string) => void;
  readonly onNews: (news: HookNews) => void;
}

/** Runs the hooks of a session. Close it with the session. */
export class HookRunner {
  readonly #hooks: readonly LoadedHook[];
  readonly #deps: HookRunDeps;
  readonly #beside = new Set<Promise<void>>();
  readonly #closed = new AbortController();

  /** @param hooks only those that run are kept */
  constructor(hooks: readonly LoadedHook[], deps: HookRunDeps) {
    this.#hooks = hooks.filter(({ standing }) => standing.type === 'own' || standing.type === 'accepted');
    this.#deps = deps;
  }

  get isEmpty(): boolean {
    return this.#hooks.length === 0;
  }

  has(event: HookEvent): boolean {
    return this.#hooks.some(({ hook }) => hook.event === event);
  }

  /** Runs all hooks of an event that the questions concern, side by side, and joins what they say. Never throws for a hook. */
  async run(event: HookEvent, { questions, ...run }: HookRun): Promise<HookVerdict> {
    const asked = this.#hooks
      .filter(({ hook }) => hook.event === event)
      .flatMap((loaded) => questionsFor(loaded.hook, questions).map((question) => ({ loaded, question })));
    const results: (HookResult | null)[] = asked.map(() => null);
    const waiting = [...asked.entries()];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [at, { loaded, question }] = next;
        if (loaded.hook.isAsync) this.#startBeside(loaded, question, run);
        else results[at] = { hook: loaded.hook, question, end: await this.#end(loaded, question, run) };
      }
    };
    await Promise.all(Array.from({ length: Math.min(MAX_PARALLEL, asked.length) }, work));
    return mergeAnswers(results.filter((result) => result !== null));
  }

  /** Stops what still runs beside the session. */
  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.allSettled(this.#beside);
  }

  async #end(
    { hook, standing }: LoadedHook,
    { input }: HookQuestion,
    { place, signal, onNews }: Omit<HookRun, 'questions' | 'onMessage'>,
  ): Promise<HookEnd> {
    // Nothing of a turn starts behind its end.
    if (signal.aborted) return { type: 'interrupted' };
    const change = standing.type === 'accepted' ? changeOf(hook, standing.digest) : null;
    if (change !== null) return { type: 'failed', reason: change };
    const report = hookReport(hook);
    onNews({ type: 'hook.started', hook: report });
    const end = await runHook(hook, JSON.stringify(input), { place, deps: this.#deps, signal }).catch(
      (error: unknown): HookEnd =>
        signal.aborted ? { type: 'interrupted' } : { type: 'failed', reason: reasonOf(error) },
    );
    const durationMs = Date.now() - report.startedAtMs;
    onNews({ type: 'hook.completed', hook: report, status: hookStatus(end), durationMs });
    return end;
  }

  /** Its answer is not waited for; only what the user should see of it counts. */
  #startBeside(loaded: LoadedHook, question: HookQuestion, { onMessage, ...run }: Omit<HookRun, 'questions'>) {
    const { signal } = this.#closed;
    const done = this.#end(loaded, question, { ...run, signal }).then((end) => {
      this.#beside.delete(done);
      for (const message of mergeAnswers([{ hook: loaded.hook, question, end }]).messages) onMessage(message);
    });
    this.#beside.add(done);
  }
}

/** Why a hook is not what the user accepted; null if it is. */
function changeOf(hook: Hook, digest: string): string | null {
  try {
    const isUnchanged = hook.project !== null && hookInFull(hook, hook.project).digest === digest;
    return isUnchanged ? null : 'a file that it names has changed: accept it with `keel hooks trust`';
  } catch (error) {
    return reasonOf(error);
  }
}
