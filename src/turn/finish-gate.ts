import type { ResponseItem } from '../protocol/index.ts';
import type { Codec } from '../steps/index.ts';
import type { TurnPorts } from './ports.ts';

const noValue: Codec<null> = { version: 1, encode: () => null, decode: () => null };

/** Asks a turn that would end, once, about what it leaves open. */
export class FinishGate {
  readonly #ports: TurnPorts;
  #hasAsked = false;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** @returns whether the turn goes on, with what it was asked in the conversation */
  async holds(round: number, lastMessage: string | null): Promise<boolean> {
    const { steps, history, finishGate } = this.#ports;
    const notes: readonly ResponseItem[] = this.#hasAsked ? [] : (finishGate?.(lastMessage) ?? []);
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
}
