import type { CallItem, OutputItem } from '../protocol/index.ts';
import type { ToolRegistry } from './registry.ts';
import type { ToolCall, ToolContext, ToolOutput } from './types.ts';

/** Names that models use for tools keel calls otherwise. Hints only: nothing is run under them. */
const KNOWN_AS: Readonly<Record<string, readonly string[]>> = {
  bash: ['exec_command', 'shell_command', 'shell'],
  run: ['exec_command', 'shell_command', 'shell'],
  edit: ['edit_file', 'apply_patch'],
  write_file: ['apply_patch', 'edit_file'],
};

/** A response item as a call of a tool. */
export function toolCallOf(item: CallItem): ToolCall {
  switch (item.type) {
    case 'function_call':
      return { callId: item.call_id, name: item.name, payload: { type: 'function', arguments: item.arguments } };
    case 'custom_tool_call':
      return { callId: item.call_id, name: item.name, payload: { type: 'custom', input: item.input } };
    case 'local_shell_call':
      return {
        callId: item.call_id ?? item.id ?? '',
        name: 'local_shell',
        payload: { type: 'localShell', action: item.action },
      };
  }
}

/** The item that answers a call. */
export function outputItem(call: CallItem, output: ToolOutput): OutputItem {
  const { body } = output;
  const callId = toolCallOf(call).callId;
  if (call.type === 'custom_tool_call') {
    const text =
      typeof body === 'string' ? body : body.map((part) => (part.type === 'input_text' ? part.text : '')).join('\n');
    return { type: 'custom_tool_call_output', call_id: callId, output: text };
  }
  return { type: 'function_call_output', call_id: callId, output: typeof body === 'string' ? body : [...body] };
}

export interface Dispatch {
  readonly registry: ToolRegistry;
  /** The tools that the model was offered in this turn. */
  readonly offered: readonly string[];
  /** Told of a handler that threw, which is a bug in keel. */
  readonly onCrash: (error: unknown) => void;
}

/** Runs a call to its output. Whatever is wrong with the call or its handler becomes an output: the turn goes on. */
export async function dispatch(
  call: ToolCall,
  context: ToolContext,
  signal: AbortSignal,
  { registry, offered, onCrash }: Dispatch,
): Promise<ToolOutput> {
  const handler = registry.handler(call.name);
  if (!handler) return { body: unsupported(call, offered), success: false };
  if (!handler.payloads.includes(call.payload.type)) {
    return { body: `tool ${call.name} invoked with incompatible payload`, success: false };
  }
  try {
    return await handler.run(call, context, signal);
  } catch (error) {
    if (signal.aborted) return { body: 'aborted', success: false };
    onCrash(error);
    const reason = error instanceof Error ? error.message : String(error);
    return { body: `execution error: ${call.name} failed inside keel: ${reason}`, success: false };
  }
}

function unsupported({ name, payload }: ToolCall, offered: readonly string[]): string {
  const line = `unsupported ${payload.type === 'custom' ? 'custom tool ' : ''}call: ${name}`;
  const known = Object.hasOwn(KNOWN_AS, name) ? (KNOWN_AS[name] ?? []) : [];
  const nearest = known.find((tool) => offered.includes(tool)) ?? offered.find((tool) => distance(tool, name) <= 2);
  return nearest === undefined ? line : `${line}\nThe nearest tool here is ${nearest}.`;
}

/** Levenshtein distance; names are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const swap = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
