import * as z from 'zod/mini';
import { type CallItem, type ResponseItem, SessionEvent } from '../protocol/index.ts';
import type { Codec, Recorded, Step, StepSpec } from '../steps/index.ts';
import type { CallBatch, TurnPorts } from './ports.ts';

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

/** The calls of one response: started one by one while it is read, settled together in their order. */
export class RunningCalls {
  readonly #ports: TurnPorts;
  readonly #round: number;
  readonly #batch: CallBatch;
  readonly #running: Step<Recorded<SessionEvent[]>>[] = [];

  constructor(ports: TurnPorts, round: number) {
    this.#ports = ports;
    this.#round = round;
    this.#batch = ports.tools.openBatch();
  }

  get count(): number {
    return this.#running.length;
  }

  start(call: CallItem): void {
    const { steps, tools, context } = this.#ports;
    // The place in the turn makes the key unique even if a model uses a call id twice.
    const id = `tool-${this.#round}.${this.count}-${call.call_id}`;
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
      const output = await this.#batch.run(call, { key, signal: attempt.signal, report });
      attempt.record(output);
      return told;
    });
    // A call that is known from the journal tells at once what it told then, before later ones begin.
    void step.then(
      ({ replayed, value }) => replayed && this.#tell(value),
      () => undefined, // Whoever settles the calls gets the failure.
    );
    this.#running.push(step);
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
    const diff = await tools.takeDiff();
    if (diff !== '') emit({ type: 'turn.diff', turnId: context.turnId, diff });
  }
}
