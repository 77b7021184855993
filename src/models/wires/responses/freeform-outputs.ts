import { jsonResultAsLines, type OutputItem, type ResponseItem } from '../../../foundation/protocol/index.ts';
import { type ToolSpec, toolName } from '../../prompt/index.ts';

/** Function names whose outputs are the JSON form of a finished command. */
const RUNNER_NAMES: ReadonlySet<string> = new Set(['shell', 'shell_command', 'container.exec', 'apply_patch']);

/**
 * Models with the freeform `apply_patch` tool were trained on command results as lines, not as JSON: with that tool
 * offered, the recorded JSON results are turned into lines; otherwise `input` is returned as it is. What is not such JSON
 * (errors, refusals) stays.
 */
export function freeformOutputs(input: readonly ResponseItem[], tools: readonly ToolSpec[]): readonly ResponseItem[] {
  if (!wantsFreeform(tools)) return input;
  const outputs = new FreeformOutputs();
  return input.map((item) => outputs.next(item));
}

/** Whether the model is offered the tool that goes with results as lines. */
export function wantsFreeform(tools: readonly ToolSpec[]): boolean {
  return tools.some((tool) => tool.type === 'custom' && toolName(tool) === 'apply_patch');
}

/** `freeformOutputs`, item by item. */
export class FreeformOutputs {
  readonly #waiting = new Set<string>();

  /** Call with every item of an input in its order. */
  next(item: ResponseItem): ResponseItem {
    const callId = runnerCallId(item);
    if (callId !== null) this.#waiting.add(callId);
    if (item.type !== 'function_call_output' && item.type !== 'custom_tool_call_output') return item;
    return this.#waiting.delete(item.call_id) ? rewritten(item) : item;
  }
}

function runnerCallId(item: ResponseItem): string | null {
  switch (item.type) {
    case 'local_shell_call':
      return item.call_id || item.id || null;
    case 'custom_tool_call':
      return item.name === 'apply_patch' ? item.call_id : null;
    case 'function_call':
      return RUNNER_NAMES.has(item.name) ? item.call_id : null;
    default:
      return null;
  }
}

function rewritten(item: OutputItem): OutputItem {
  const lines = typeof item.output === 'string' ? jsonResultAsLines(item.output) : null;
  return lines === null ? item : { ...item, output: lines };
}
