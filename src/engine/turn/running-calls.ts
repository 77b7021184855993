import * as z from 'zod/mini';
import { BUDGET_REFUSAL } from '../../context/index.ts';
import { type CallItem, type OutputItem, type ResponseItem, SessionEvent } from '../../foundation/protocol/index.ts';
import { Deferred } from '../../foundation/util/index.ts';
import type { Codec, Recorded, Step, StepSpec } from '../steps/index.ts';
import type { CallBatch, TurnPorts } from './ports.ts';
import type { Spending } from './spending.ts';

/** What a tool step journals beside the output item: what the call told while it ran, so that a replay tells it again. */
const toldEvents = z.array(SessionEvent);
const toldCodec: Codec<SessionEvent[]> = {
  version: 1,
  encode: (value) => value,
  decode: (value) => toldEvents.parse(value),
};

export function isCall(item: ResponseItem): item is CallItem {
  return item.type === 'function_call' || item.type === 'custom_tool_call' || item.type === 'local_shell_call';
}

function isOutput(item: ResponseItem): item is OutputItem {
  return item.type === 'function_call_output' || item.type === 'custom_tool_call_output';
}

/** The calls of one response: started one by one while it is read, settled together in their order. */
export class RunningCalls {
  readonly #ports: TurnPorts;
  readonly #round: number;
  readonly #batch: CallBatch;
  readonly #spending: Spending | null;
  /** How many calls the response has, once it has ended. */
  readonly #whole = new Deferred<number>();
  readonly #running: Step<Recorded<SessionEvent[]>>[] = [];

  constructor(ports: TurnPorts, round: number, spending: Spending | null) {
    this.#spending = spending;
    this.#ports = ports;
    this.#round = round;
    this.#batch = ports.tools.openBatch();
  }

  get count(): number {
    return this.#running.length;
  }

  /** The response has ended, however it did: no further call begins. */
  responseEnded(): void {
    this.#whole.resolve(this.count);
  }

  start(call: CallItem): void {
    const { steps, tools, context } = this.#ports;
    const place = this.count;
    // The place in the turn makes the key unique even if a model uses a call id twice.
    const id = `tool-${this.#round}.${place}-${call.call_id}`;
    const key = `${context.turnId}/${id}`;
    const spec: StepSpec<SessionEvent[]> = {
      id,
      kind: 'tool',
      codec: toldCodec,
      repeat: tools.repeat(call),
      torn: [],
    };
    const step = steps.step(spec, async (attempt) => {
      const told: SessionEvent[] = [];
      const report = (event: SessionEvent) => {
        if (event.type !== 'item.delta') told.push(event);
        this.#ports.emit(event);
      };
      const output = this.#spending?.isUsedUp
        ? tools.refuse(call, BUDGET_REFUSAL)
        : await this.#batch.run(call, { key, signal: this.#limited(attempt.signal), report });
      attempt.record(await this.#withBudget(call, place, this.#ports.history.fitted(output)));
      return told;
    });
    // A call that is known from the journal tells at once what it told then, before later ones begin.
    void step.then(
      ({ replayed, value }) => replayed && this.#tell(value),
      () => undefined, // Whoever settles the calls gets the failure.
    );
    this.#running.push(step);
  }

  /** A call ends with the turn, and when the time of the budget is used up. */
  #limited(signal: AbortSignal): AbortSignal {
    const { budget } = this.#ports;
    return budget === null || budget.minutes === null ? signal : AbortSignal.any([signal, budget.expired]);
  }

  /** The newest result tells what is left of a budget; what the response itself took is known when it has ended. */
  async #withBudget(call: CallItem, place: number, output: OutputItem): Promise<OutputItem> {
    if (!this.#spending || this.#spending.isUsedUp) return output;
    const count = await this.#whole.promise;
    const line = place === count - 1 ? this.#spending.line() : null;
    return line === null ? output : this.#ports.tools.withLine(call, output, line);
  }

  #tell(events: readonly SessionEvent[]): void {
    for (const event of events) this.#ports.emit(event);
  }

  /** Waits for all calls and records their outputs, each directly after its call. */
  async settle(): Promise<void> {
    if (this.count === 0) return;
    const { steps, history, emit, tools, context } = this.#ports;
    const settled = await steps.all(this.#running);
    for (const { items } of settled) history.record(items);
    this.#spending?.settled(settled.flatMap(({ items }) => items.filter(isOutput)));
    const diff = await tools.takeDiff();
    if (diff !== '') emit({ type: 'turn.diff', turnId: context.turnId, diff });
  }
}
