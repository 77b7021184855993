import { eventsOfCall } from '../../engine/turn/index.ts';
import type { CallItem, OutputItem, ThreadItem } from '../../foundation/protocol/index.ts';

/** A call as text: its command line, its patch, or its arguments. */
export function callText(call: CallItem): { readonly name: string; readonly input: string } {
  switch (call.type) {
    case 'function_call':
      return { name: call.name, input: call.arguments };
    case 'custom_tool_call':
      return { name: call.name, input: call.input };
    case 'local_shell_call':
      return { name: 'local_shell', input: call.action.command.join(' ') };
  }
}

/** The text of an output, with a placeholder for each image. */
export function outputText({ output }: OutputItem): string {
  if (typeof output === 'string') return output;
  return output.map((part) => (part.type === 'input_text' ? part.text : '[an image]')).join('\n');
}

/** The items of a call's recorded events, each in its last form; none if a later version wrote them differently. */
export function recordedItems(value: unknown): ThreadItem[] {
  const items = new Map<string, ThreadItem>();
  for (const event of eventsOfCall(value)) {
    if (event.type !== 'item.started' && event.type !== 'item.updated' && event.type !== 'item.completed') continue;
    items.set(`${event.item.type} ${event.item.id}`, event.item);
  }
  return [...items.values()];
}
