import {
  type OutputContentItem,
  type OutputItem,
  type ResponseItem,
  withCommandOutput,
} from '../../foundation/protocol/index.ts';
import { byteLength, cutForModel, cutMiddle, MAX_OUTPUT_BYTES } from '../../foundation/util/index.ts';
import { isOutput } from './pairs.ts';

/** Room for the line above a text that is cut already, and for lines that a tool adds below it. */
const MAX_HEADER_BYTES = 1_024;

/** Whether an item belongs to a history: everything but messages of the system role. */
export function isRecordable(item: ResponseItem): boolean {
  return item.type !== 'message' || item.role !== 'system';
}

/**
 * Whether an item is sent again after its turn. Thoughts of another API than the Responses API are part of the message that
 * they arrived in: they are signed and cached with it, and some servers refuse a call without its thought. Thoughts of the
 * Responses API end with their turn.
 */
export function outlivesTurn(item: ResponseItem): boolean {
  return item.type !== 'reasoning' || item.origin?.field !== undefined;
}

/** The item as it is stored: outputs are cut to the limit of what a model is shown, once, when they are recorded. */
export function asKept(item: ResponseItem): ResponseItem {
  return isOutput(item) ? cutOutput(item, { cut: cutForModel, maxBytes: MAX_OUTPUT_BYTES }) : item;
}

/** An output cut to `maxBytes`, fewer than a model is shown otherwise; its pictures stay. */
export function fittedOutput(item: OutputItem, maxBytes: number): OutputItem {
  return cutOutput(item, { cut: (text) => cutMiddle(text, maxBytes), maxBytes });
}

interface Cut {
  readonly cut: (text: string) => string;
  readonly maxBytes: number;
}

function cutOutput(item: OutputItem, how: Cut): OutputItem {
  if (item.type === 'custom_tool_call_output') {
    const output = withCommandOutput(item.output, how.cut);
    return output === item.output ? item : { ...item, output };
  }
  if (typeof item.output !== 'string') {
    const parts = cutParts(item.output, how);
    return parts === null ? item : { ...item, output: parts };
  }
  const output = withCommandOutput(item.output, how.cut);
  return output === item.output ? item : { ...item, output };
}

/** Cuts the parts of one output to a shared limit: beyond it their texts are joined, in front of the pictures. Null: they fit. */
function cutParts(parts: readonly OutputContentItem[], { cut, maxBytes }: Cut): OutputContentItem[] | null {
  const texts = parts.flatMap((part) => (part.type === 'input_text' ? [part.text] : []));
  const [first] = texts;
  const isWithin = texts.reduce((sum, text) => sum + byteLength(text), 0) <= maxBytes + MAX_HEADER_BYTES;
  if (first === undefined || (isWithin && texts.every((text) => cut(text) === text))) return null;
  const text = texts.length === 1 ? cut(first) : cut(texts.join('\n'));
  return [{ type: 'input_text', text }, ...parts.filter((part) => part.type !== 'input_text')];
}
