import * as z from 'zod/mini';
import { isContextMessage } from '../../context/index.ts';
import type { Codec } from '../steps/index.ts';
import { shownInput } from './narrate.ts';
import type { TurnPorts } from './ports.ts';

const submissionIds = z.array(z.string());
const inputCodec: Codec<string[]> = {
  version: 1,
  encode: (value) => value,
  decode: (value) => submissionIds.parse(value),
};

/**
 * Takes what waits for the turn into the conversation: its first message, and later what the user sent while it ran.
 * Done before each request, so that a steered message reaches the model after the outputs of the calls before it.
 * @returns whether anything was waiting
 */
export async function absorbInput(ports: TurnPorts, round: number): Promise<boolean> {
  const { steps, history, emit, context } = ports;
  const taken = await steps.step(
    { id: `input-${round}`, kind: 'input', codec: inputCodec, repeat: 'safe', torn: [] },
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
