import { type WindowBudget, windowBudget } from '../../../context/history/index.ts';
import type { TurnContext } from '../../../context/index.ts';
import { byteLength } from '../../../foundation/util/index.ts';

const BYTES_PER_TOKEN = 4;
/** What the descriptions of tools take in a request, bytes: about that of the default set. */
const TOOL_BYTES = 4_096;

/** Size limits for what a thread starts with: the first request has to fit the model's window, with room to work in. */
export function contextBudget({ model, instructions }: Pick<TurnContext, 'model' | 'instructions'>): WindowBudget {
  const overhead = Math.ceil((byteLength(instructions) + TOOL_BYTES) / BYTES_PER_TOKEN);
  return windowBudget(model.effectiveContextWindow, overhead);
}
