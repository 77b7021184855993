import type { ToolCall } from '../../../../tools/contract/index.ts';
import { failedOutput, type HookOpinion, showFailure, type ToolOutput, withNote } from '../../../../tools/index.ts';
import type { CallOptions } from '../../../turn/index.ts';
import type { CallHooks } from '../../hooks/call-hooks.ts';
import type { HookMoment } from '../../hooks/hook-moment.ts';
import type { ActiveTurn } from '../active-turn.ts';
import { callEvents } from './call-events.ts';

/** How a call went between its hooks. */
export interface RanCall {
  readonly output: ToolOutput;
  /** False: it was refused, or nothing came of it. */
  readonly hasRun: boolean;
}

/** Calls of one turn between the hooks that are asked before and after each of them. */
export class HookedCalls {
  readonly #hooks: CallHooks | null;
  readonly #active: ActiveTurn;

  constructor(hooks: CallHooks | null, active: ActiveTurn) {
    this.#hooks = hooks;
    this.#active = active;
  }

  /** `run` gets the call as hooks want it, and what they said of it. */
  async run(
    call: ToolCall,
    options: CallOptions,
    run: (call: ToolCall, opinion: HookOpinion) => Promise<RanCall>,
  ): Promise<ToolOutput> {
    if (this.#hooks === null) return (await run(call, { type: 'none' })).output;
    const before = await this.#hooks.before(call, this.momentOf(options));
    if (options.signal.aborted) return failedOutput('aborted', 'notRun');
    if (before.type === 'refused') {
      if (before.stop !== null) options.stop(before.stop);
      showFailure(call, { events: this.#events(options) }, `refused by a hook: ${before.reason}`);
      return failedOutput(`rejected by a hook of the user's, nothing ran: ${before.reason}`, 'notRun');
    }
    const { output, hasRun } = await run(before.call, before.opinion);
    const noted = this.#withNotes(output, before.notes);
    return hasRun ? this.after(before.call, noted, options) : noted;
  }

  /** Asks what hooks have to say of a call that has run. */
  async after(call: ToolCall, output: ToolOutput, options: CallOptions): Promise<ToolOutput> {
    if (this.#hooks === null || options.signal.aborted) return output;
    const { notes, stop } = await this.#hooks.after(call, output, this.momentOf(options));
    if (stop !== null) options.stop(stop);
    return this.#withNotes(output, notes);
  }

  momentOf(options: Pick<CallOptions, 'signal' | 'report'>): HookMoment {
    const { context } = this.#active;
    const events = this.#events(options);
    return { turnId: context.turnId, context, signal: options.signal, onMessage: (message) => events.warning(message) };
  }

  #events({ report }: Pick<CallOptions, 'report'>) {
    return callEvents(this.#active.recorder, this.#active.context.turnId, report);
  }

  #withNotes(output: ToolOutput, notes: readonly string[]): ToolOutput {
    return notes.reduce((whole, note) => withNote(whole, `${this.#active.context.noteMark} ${note}`), output);
  }
}
