import * as z from 'zod/mini';
import type { Codec } from '../steps/index.ts';
import type { TurnFinishGate, TurnPorts } from './ports.ts';

const noValue: Codec<null> = { version: 1, encode: () => null, decode: () => null };
const paths = z.array(z.string());
const pathsCodec: Codec<string[]> = {
  version: 1,
  encode: (value) => value,
  decode: (value) => paths.parse(value),
};

/** Asks a turn that would end, once, about what it leaves open. */
export class FinishGate {
  readonly #ports: TurnPorts;
  #hasAsked = false;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** @returns whether the turn continues, with what it was asked in the conversation */
  async holds(round: number, lastMessage: string | null): Promise<boolean> {
    const { steps, history, finishGate } = this.#ports;
    if (finishGate === null || this.#hasAsked) return false;
    const notes = finishGate.notes(lastMessage, await this.#unchecked(round, finishGate));
    if (notes.length === 0) return false;
    this.#hasAsked = true;
    const spec = { id: `gate-${round}`, kind: 'io', codec: noValue, repeat: 'safe' } as const;
    const { items } = await steps.step<null>(spec, async ({ record }) => {
      for (const note of notes) record(note);
      return null;
    });
    history.record(items);
    return true;
  }

  /** Subagents work by themselves, so what they have changed by now is journaled. */
  async #unchecked(round: number, gate: TurnFinishGate): Promise<readonly string[] | null> {
    if (!gate.hasSubagents()) return null;
    const spec = { id: `unchecked-${round}`, kind: 'io', codec: pathsCodec, repeat: 'safe' } as const;
    return (await this.#ports.steps.step(spec, async () => [...gate.uncheckedInTree()])).value;
  }
}
