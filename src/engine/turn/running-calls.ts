import { isOutput } from '../../context/history/index.ts';
import { BUDGET_REFUSAL } from '../../context/index.ts';
import type { CallItem, SessionEvent } from '../../foundation/protocol/index.ts';
import { Deferred } from '../../foundation/util/index.ts';
import { failedOutput, outputItem, toolOutputOf, withNote } from '../../tools/index.ts';
import { callKey, callStepId, type Recorded, type Step, type StepSpec } from '../steps/index.ts';
import type { BudgetTracker, DueNote } from './budget-tracker.ts';
import { type CallValue, callCodec } from './call-value.ts';
import type { RunCall, TurnPorts } from './ports.ts';
import { unrecordedNote } from './unrecorded-note.ts';

/** The calls of one response: started one by one while it is read, settled together in their order. */
export class RunningCalls {
  readonly #ports: TurnPorts;
  readonly #round: number;
  readonly #run: RunCall;
  readonly #budget: BudgetTracker | null;
  /** Resolves with the number of calls in the response, once the response has ended. */
  readonly #finalCount = new Deferred<number>();
  readonly #keys: string[] = [];
  readonly #running: Step<Recorded<CallValue>>[] = [];
  #stopReason: string | null = null;

  constructor(ports: TurnPorts, round: number, budget: BudgetTracker | null) {
    this.#budget = budget;
    this.#ports = ports;
    this.#round = round;
    this.#run = ports.tools.openBatch();
  }

  get count(): number {
    return this.#running.length;
  }

  /** The response has ended, however it did: no further call starts. */
  responseEnded(): void {
    this.#finalCount.resolve(this.count);
  }

  start(call: CallItem): void {
    const { steps, tools, context } = this.#ports;
    const place = this.count;
    const id = callStepId(this.#round, place, `${call.call_id}`);
    const key = callKey(context.turnId, id);
    const earlier = [...this.#keys];
    this.#keys.push(key);
    const spec: StepSpec<CallValue> = {
      id,
      kind: 'tool',
      codec: callCodec,
      repeat: tools.repeat(call),
      truncated: { events: [], budget: null, stop: null },
    };
    const step = steps.step(spec, async (attempt) => {
      const events: SessionEvent[] = [];
      const report = (event: SessionEvent) => {
        if (event.type !== 'item.delta') events.push(event);
        this.#ports.emit(event);
      };
      let stopped: string | null = null;
      const stop = (reason: string) => {
        stopped ??= reason;
      };
      const output = this.#budget?.isUsedUp
        ? outputItem(call, failedOutput(BUDGET_REFUSAL, 'notRun'))
        : await this.#run(call, { key, earlier, signal: this.#limited(attempt.signal), report, stop });
      const fitted = this.#ports.history.fitted(output);
      const due = await this.#noteDue(place);
      attempt.record(due === null ? fitted : outputItem(call, withNote(toolOutputOf(fitted), due.line)));
      return { events, budget: due?.note ?? null, stop: stopped };
    });
    // A replayed call emits its events at once, before later calls start.
    void step.then(
      ({ replayed, value }) => replayed && this.#emitAgain(value.events),
      () => undefined, // `settle` gets the failure.
    );
    this.#running.push(step);
  }

  /** A call ends with the turn, and when the time of the budget is used up. */
  #limited(signal: AbortSignal): AbortSignal {
    const { budget } = this.#ports;
    return budget === null || budget.minutes === null ? signal : AbortSignal.any([signal, budget.expired]);
  }

  /** Only the newest result reports the budget; what the response itself took is known when it has ended. */
  async #noteDue(place: number): Promise<DueNote | null> {
    if (!this.#budget || this.#budget.isUsedUp) return null;
    const count = await this.#finalCount.promise;
    return place === count - 1 ? this.#budget.due() : null;
  }

  #emitAgain(events: readonly SessionEvent[]): void {
    for (const event of events) this.#ports.emit(event);
  }

  /** Why a hook wants the turn to end after these calls; null: it does not. */
  get stopReason(): string | null {
    return this.#stopReason;
  }

  /** Waits for all calls and records their outputs, each directly after its call. */
  async settle(): Promise<void> {
    if (this.count === 0) return;
    const { steps, history, emit, tools, context } = this.#ports;
    const settled = await steps.all(this.#running);
    for (const { items } of settled) history.record(items);
    this.#noteBudget(settled.at(-1));
    this.#stopReason = settled.find(({ value }) => value.stop != null)?.value.stop ?? null;
    const diff = await tools.takeDiff();
    if (diff !== '') emit({ type: 'turn.diff', turnId: context.turnId, diff });
  }

  #noteBudget(newest: Recorded<CallValue> | undefined): void {
    if (!this.#budget || !newest) return;
    const { value, items } = newest;
    const output = items.findLast(isOutput);
    if (value.budget !== undefined) this.#budget.noted(value.budget);
    else if (output) this.#budget.noted(unrecordedNote(output, this.#ports.context.noteMark));
  }
}
