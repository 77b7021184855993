import { cutBytesEnd } from '../../foundation/util/index.ts';
import type { ToolOutput } from './tool-call.ts';

/** Limit for a reason, UTF-8 bytes: an item is shown whole. */
const MAX_REASON_BYTES = 1_000;

/** Why a call failed, for people: its answer without keel's notes to the model. */
export function failureReason({ body }: ToolOutput, noteMark: string): string {
  const text =
    typeof body === 'string' ? body : body.map((part) => (part.type === 'input_text' ? part.text : '')).join('\n');
  const lines = text.split('\n').filter((line) => !line.startsWith(noteMark));
  return cutBytesEnd(lines.join('\n').trim(), MAX_REASON_BYTES);
}
