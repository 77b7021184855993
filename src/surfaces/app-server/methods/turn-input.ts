import * as z from 'zod';
import type { UserInput } from '../../../foundation/protocol/index.ts';
import { ErrorCode, MethodError } from './method.ts';

/** What a user may say at once, UTF-16 units over all parts. */
const MAX_INPUT_CHARS = 1_048_576;

/** What a user says, as clients write it. Parts that name a skill or a file come beside the text that mentions it. */
export const TurnInput = z.array(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('image'), url: z.string() }),
    z.object({ type: z.literal('localImage'), path: z.string() }),
    z.object({ type: z.literal('skill'), name: z.string(), path: z.string() }),
    z.object({ type: z.literal('mention'), name: z.string(), path: z.string() }),
  ]),
);

/** @throws MethodError for input that is empty or too large */
export function turnInput(input: z.infer<typeof TurnInput>): UserInput[] {
  const items = input.filter((part) => part.type !== 'skill' && part.type !== 'mention');
  const chars = items.reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : 0), 0);
  if (chars > MAX_INPUT_CHARS) {
    throw new MethodError(
      ErrorCode.invalidParams,
      `Input exceeds the maximum length of ${MAX_INPUT_CHARS} characters.`,
      {
        input_error_code: 'input_too_large',
        max_chars: MAX_INPUT_CHARS,
        actual_chars: chars,
      },
    );
  }
  if (items.every((part) => part.type === 'text' && part.text.trim() === '')) {
    throw new MethodError(ErrorCode.invalidRequest, 'Invalid request: the input is empty');
  }
  return items;
}
