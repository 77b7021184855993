import * as z from 'zod/mini';
import { isContextMessage } from '../../context/index.ts';
import { jsonCodec, stepId } from '../steps/index.ts';
import { shownInput } from './item-events.ts';
import type { TurnPorts } from './ports.ts';

const submissionIds = jsonCodec(z.array(z.string()));

/**
 * Moves queued messages into the conversation: the turn's first message, and later what the user sent while it ran. Call it
 * before each request, so that a steered message reaches the model after the outputs of the calls before it.
 * @returns whether the user had sent anything
 */
export async function absorbInput(ports: TurnPorts, round: number): Promise<boolean> {
  const { steps, history, emit, context } = ports;
  const taken = await steps.step(
    { id: stepId('input', round), kind: 'input', codec: submissionIds, repeat: 'safe', truncated: [] },
    async (attempt) => {
      const queued = await ports.takeQueued();
      for (const { message } of queued) attempt.record(message);
      return queued.map(({ submissionId }) => submissionId);
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
  return taken.items.some((item) => !isContextMessage(item));
}
