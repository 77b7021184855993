import { isCall } from '../../../context/history/index.ts';
import { crashNote } from '../../../context/index.ts';
import type { CallItem, OutputItem, ResponseItem } from '../../../foundation/protocol/index.ts';
import type { OpenTurn, OpenTurnLine } from '../../../storage/rollout/index.ts';
import {
  callText,
  NOT_BEGUN,
  outputItem,
  STOPPED_BY_SANDBOX,
  type ToolHost,
  toolCallOf,
  unknownOutcome,
} from '../../../tools/index.ts';
import { callIdIn, callKey } from '../../steps/index.ts';
import type { SessionDeps } from '../session-deps.ts';

interface InterruptedCalls {
  /** An output for every call that a crash left without one. */
  readonly outputs: readonly OutputItem[];
  /** The calls whose end is not known, in their short form. */
  readonly calls: readonly string[];
}

/**
 * Ends a turn that a crash of keel cut off, and notes that for the model. Its items are in the history already.
 * @param calls the ledger that knows of its calls
 */
export async function endInterruptedTurn(
  { record, services }: SessionDeps,
  { turnId, lines }: OpenTurn,
  calls: Pick<ToolHost, 'recall'>,
): Promise<void> {
  const before = lines.flatMap((line) => (line.type === 'item' ? [line.item] : []));
  const answered = await interruptedCalls(before, lines, calls);
  const items = [...answered.outputs, crashNote(answered.calls)];
  record.addEnd(items, turnId, { type: 'turn_aborted', reason: 'interrupted' });
  await record.sync();
  services.toolHost.turnEnded();
}

/** Answers the calls that a crash left open from what the call ledger knows. Nothing is run again. */
async function interruptedCalls(
  items: readonly ResponseItem[],
  lines: readonly OpenTurnLine[],
  host: Pick<ToolHost, 'recall'>,
): Promise<InterruptedCalls> {
  const keys = openKeys(lines);
  const outputs: OutputItem[] = [];
  const calls: string[] = [];
  for (const call of openCalls(items)) {
    const toolCall = toolCallOf(call);
    const key = takeKey(keys, toolCall.callId);
    const known = key === null ? null : host.recall({ key, callId: toolCall.callId, asked: callText(toolCall) });
    if (known?.type === 'done') outputs.push(outputItem(call, known.output));
    else if (known?.type === 'unknown') {
      outputs.push(outputItem(call, unknownOutcome(known)));
      calls.push(shortForm(call));
    } else outputs.push(outputItem(call, known?.type === 'stopped' ? STOPPED_BY_SANDBOX : NOT_BEGUN));
  }
  return { outputs, calls };
}

/** Calls without an output, in order. A model can use an id twice: the first output is the first call's. */
function openCalls(items: readonly ResponseItem[]): CallItem[] {
  const outputs = items.flatMap((item) => ('output' in item ? [item.call_id] : []));
  return items.filter((item): item is CallItem => {
    if (!isCall(item)) return false;
    const at = outputs.indexOf(item.call_id ?? '');
    if (at !== -1) outputs.splice(at, 1);
    return at === -1;
  });
}

/** Keys in the ledger of the calls that started and did not end, in order. */
function openKeys(lines: readonly OpenTurnLine[]): string[] {
  const open = new Set<string>();
  for (const line of lines) {
    if (line.type !== 'step' || line.record.kind !== 'tool') continue;
    const key = callKey(line.record.turn, line.record.id);
    if (line.record.state === 'begin') open.add(key);
    else open.delete(key);
  }
  return [...open];
}

function takeKey(keys: string[], callId: string): string | null {
  const at = keys.findIndex((key) => callIdIn(key) === callId);
  return at === -1 ? null : (keys.splice(at, 1)[0] ?? null);
}

/** A call on one line, for a person or a model to recognise. */
export function shortForm(call: CallItem): string {
  const { name, payload } = toolCallOf(call);
  if (payload.type === 'function') return `${name} ${payload.arguments}`;
  return payload.type === 'custom' ? name : `${name} ${payload.action.command.join(' ')}`;
}
