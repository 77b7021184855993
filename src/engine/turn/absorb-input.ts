import * as z from 'zod/mini';
import { isContextMessage } from '../../context/index.ts';
import type { ErrorInfo } from '../../foundation/protocol/index.ts';
import { jsonCodec, stepId } from '../steps/index.ts';
import { shownInput } from './item-events.ts';
import type { TurnPorts } from './ports.ts';

const submissionIds = z.lazy(() => z.array(z.string()));
/** The ids alone where no hook dropped any of the input. */
const takenCodec = jsonCodec(z.union([submissionIds, z.object({ ids: submissionIds, dropped: z.string() })]));

export interface AbsorbedInput {
  /** Whether the user had sent anything that is in the conversation now. */
  readonly isNew: boolean;
  /** Why a hook dropped what they had sent; null: none did. */
  readonly dropped: string | null;
}

/**
 * Moves queued messages into the conversation: the turn's first message, and later what the user sent while it ran. Call it
 * before each request, so that a steered message reaches the model after the outputs of the calls before it.
 */
export async function absorbInput(ports: TurnPorts, round: number): Promise<AbsorbedInput> {
  const { steps, history, emit, context } = ports;
  const taken = await steps.step(
    { id: stepId('input', round), kind: 'input', codec: takenCodec, repeat: 'safe', truncated: [] },
    async (attempt) => {
      const queued = await ports.takeQueued();
      for (const { message } of queued) if (message !== null) attempt.record(message);
      const ids = queued.map(({ submissionId }) => submissionId);
      const dropped = queued.find((one) => one.dropped !== undefined)?.dropped;
      return dropped === undefined ? ids : { ids, dropped };
    },
  );
  for (const [index, message] of taken.items.entries()) {
    history.record([message]);
    if (message.type !== 'message' || isContextMessage(message)) continue;
    const item = {
      type: 'userMessage',
      id: `${context.turnId}-${round}-user-${index}`,
      content: shownInput(message),
    } as const;
    emit({ type: 'item.started', turnId: context.turnId, item });
    emit({ type: 'item.completed', turnId: context.turnId, item });
  }
  return {
    isNew: taken.items.some((item) => !isContextMessage(item)),
    dropped: Array.isArray(taken.value) ? null : taken.value.dropped,
  };
}

/** The failure of a turn that a hook of the user's ends: it is not finished, whatever the model had to say last. */
export function stoppedByHook(message: string): ErrorInfo {
  return { kind: 'stoppedByHook', message };
}
