import * as z from 'zod/mini';
import { jsonCodec, noValue, stepId } from '../steps/index.ts';
import type { TurnFinishGate, TurnPorts } from './ports.ts';

const pathsCodec = jsonCodec(z.array(z.string()));

/** Asks the model once, before its turn ends, about the work that is still open. */
export class FinishGate {
  readonly #ports: TurnPorts;
  #hasAsked = false;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** @returns whether the model was asked, in the conversation, so that the turn continues */
  async asks(round: number, lastMessage: string | null): Promise<boolean> {
    const { steps, history, finishGate } = this.#ports;
    if (finishGate === null || this.#hasAsked) return false;
    const notes = finishGate.notes(lastMessage, await this.#unchecked(round, finishGate));
    if (notes.length === 0) return false;
    this.#hasAsked = true;
    const spec = { id: stepId('finishGate', round), kind: 'io', codec: noValue, repeat: 'safe' } as const;
    const { items } = await steps.step<null>(spec, async ({ record }) => {
      for (const note of notes) record(note);
      return null;
    });
    history.record(items);
    return true;
  }

  /** Files that subagents changed are journaled, since subagents work beside this turn. */
  async #unchecked(round: number, gate: TurnFinishGate): Promise<readonly string[] | null> {
    if (!gate.hasSubagents()) return null;
    const spec = { id: stepId('unchecked', round), kind: 'io', codec: pathsCodec, repeat: 'safe' } as const;
    return (await this.#ports.steps.step(spec, async () => [...gate.uncheckedInTree()])).value;
  }
}
