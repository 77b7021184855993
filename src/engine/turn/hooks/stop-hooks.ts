import * as z from 'zod/mini';
import { hookNote } from '../../../context/index.ts';
import { jsonCodec, stepId } from '../../steps/index.ts';
import type { TurnPorts } from '../ports.ts';

/** How often in a row hooks can keep a turn from its end. */
const MAX_BLOCKS = 8;

const reasonCodec = jsonCodec(z.nullable(z.string()));

/** Asks the user's hooks before a turn ends whether it may. */
export class StopHooks {
  readonly #ports: TurnPorts;
  #blocks = 0;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** @returns whether the model was given a reason to continue, in the conversation */
  async block(round: number, lastMessage: string | null): Promise<boolean> {
    const { steps, hooks, history } = this.#ports;
    const isWanted = (hooks?.has('stop') ?? false) && this.#mayBlock();
    const blocks = this.#blocks;
    const asked = await steps.optional(
      { id: stepId('stopHooks', round), kind: 'io', codec: reasonCodec, repeat: 'safe' },
      isWanted,
      async ({ record }) => {
        const reason = (await hooks?.stop({ lastMessage, blocks })) ?? null;
        if (reason !== null) record(hookNote(`Do not stop yet. ${reason}`));
        return reason;
      },
    );
    if (asked === null || asked.value === null) return false;
    this.#blocks += 1;
    history.record(asked.items);
    return true;
  }

  #mayBlock(): boolean {
    if (this.#blocks < MAX_BLOCKS) return true;
    const { emit, context } = this.#ports;
    const message = `Hooks have kept this turn from its end ${MAX_BLOCKS} times in a row: it ends now.`;
    emit({ type: 'warning', turnId: context.turnId, message });
    return false;
  }
}
