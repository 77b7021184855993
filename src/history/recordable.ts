import type { OutputContentItem, ResponseItem } from '../protocol/index.ts';
import { readJson, truncateForModel } from '../util/index.ts';

/** Of the JSON around a command's output. */
const MAX_FRAME_CHARS = 1_024;

/** Whether an item belongs into a history: what the model said, was told or did, and keel's own snapshots. */
export function isRecordable(item: ResponseItem): boolean {
  return item.type !== 'message' || item.role !== 'system';
}

/**
 * Thoughts that came by another API than the Responses API are part of the messages that they came in: signatures hold for
 * them, caches have them, and some servers refuse a call whose thought is missing. Others end with their turn.
 */
export function outlivesTurn(item: ResponseItem): boolean {
  return item.type !== 'reasoning' || item.origin?.field !== undefined;
}

/** The item as it is kept: outputs are cut to what a model is shown, once, when they are recorded. */
export function asKept(item: ResponseItem): ResponseItem {
  if (item.type === 'custom_tool_call_output') {
    const output = truncateOutput(item.output);
    return output === item.output ? item : { ...item, output };
  }
  if (item.type !== 'function_call_output') return item;
  if (typeof item.output === 'string') {
    const output = truncateOutput(item.output);
    return output === item.output ? item : { ...item, output };
  }
  const output = item.output.map(truncatePart);
  return output.every((part, at) => part === item.output[at]) ? item : { ...item, output };
}

function truncatePart(part: OutputContentItem): OutputContentItem {
  if (part.type !== 'input_text') return part;
  const text = truncateForModel(part.text);
  return text === part.text ? part : { ...part, text };
}

/** A command's result is JSON around its text: the text is cut, never the JSON. */
function truncateOutput(output: string): string {
  if (!output.startsWith('{"output":')) return truncateForModel(output);
  let parsed: unknown;
  try {
    parsed = readJson(output);
  } catch {
    // It only looks like a command's result.
    return truncateForModel(output);
  }
  if (typeof parsed !== 'object' || parsed === null || !('output' in parsed) || typeof parsed.output !== 'string') {
    return truncateForModel(output);
  }
  // What keel writes beside the text is short.
  if (JSON.stringify({ ...parsed, output: '' }).length > MAX_FRAME_CHARS) return truncateForModel(output);
  const text = truncateForModel(parsed.output);
  return text === parsed.output ? output : JSON.stringify({ ...parsed, output: text });
}
