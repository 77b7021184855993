import type { CallItem, OutputItem, ResponseItem } from '../protocol/index.ts';
import type { OpenTurnLine } from '../rollout/index.ts';
import { callDigest, NOT_BEGUN, outputItem, type ToolHost, toolCallOf, unknownOutcome } from '../tools/index.ts';

export interface CutOff {
  /** An output for every call that a crash left without one. */
  readonly outputs: readonly OutputItem[];
  /** The calls whose end is not known, in their short form. */
  readonly calls: readonly string[];
}

/** Answers the calls that a crash left open, from the call ledger: what is known is told, nothing is run again. */
export async function cutOffCalls(
  items: readonly ResponseItem[],
  lines: readonly OpenTurnLine[],
  host: ToolHost,
): Promise<CutOff> {
  const answered = new Set(items.flatMap((item) => ('output' in item ? [item.call_id] : [])));
  const open = items.filter((item): item is CallItem => isCall(item) && !answered.has(item.call_id ?? ''));
  const outputs: OutputItem[] = [];
  const calls: string[] = [];
  for (const call of open) {
    const toolCall = toolCallOf(call);
    const key = keyOf(toolCall.callId, lines);
    const known = key === null ? null : host.recall({ key, callId: toolCall.callId, digest: callDigest(toolCall) });
    if (known?.type === 'done') outputs.push(outputItem(call, known.output));
    else if (known?.type === 'unknown') {
      outputs.push(outputItem(call, unknownOutcome(known)));
      calls.push(shortForm(call));
    } else outputs.push(outputItem(call, NOT_BEGUN));
  }
  return { outputs, calls };
}

/** The step of a call is named by its place and its id. */
function keyOf(callId: string, lines: readonly OpenTurnLine[]): string | null {
  for (const line of lines) {
    if (line.type === 'step' && line.record.kind === 'tool' && line.record.id.endsWith(`-${callId}`))
      return line.record.id;
  }
  return null;
}

function isCall(item: ResponseItem): item is CallItem {
  return item.type === 'function_call' || item.type === 'custom_tool_call' || item.type === 'local_shell_call';
}

/** A call on one line, for a person or a model to recognise. */
export function shortForm(call: CallItem): string {
  const { name, payload } = toolCallOf(call);
  if (payload.type === 'function') return `${name} ${payload.arguments}`;
  return payload.type === 'custom' ? name : `${name} ${payload.action.command.join(' ')}`;
}
