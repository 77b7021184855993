import { eventsOfCall } from '../../engine/turn/index.ts';
import type { CallItem, OutputItem, ThreadItem } from '../../foundation/protocol/index.ts';

/** What a call asks for, for a person: its command line, its patch, or its arguments. */
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

/** The text of an output; of images only that they are there. */
export function outputText({ output }: OutputItem): string {
  if (typeof output === 'string') return output;
  return output.map((part) => (part.type === 'input_text' ? part.text : '[an image]')).join('\n');
}

/** The items that a call told, each in its last form; none where a later version wrote them in another way. */
export function toldItems(value: unknown): ThreadItem[] {
  const items = new Map<string, ThreadItem>();
  for (const event of eventsOfCall(value)) {
    if (event.type !== 'item.started' && event.type !== 'item.updated' && event.type !== 'item.completed') continue;
    items.set(`${event.item.type} ${event.item.id}`, event.item);
  }
  return [...items.values()];
}
