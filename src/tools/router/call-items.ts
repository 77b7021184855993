import type { CallItem, OutputItem } from '../../foundation/protocol/index.ts';
import type { ToolCall, ToolOutput } from '../contract/index.ts';
import { plainToolName } from './call-forms.ts';

/** A response item as a call of a tool. */
export function toolCallOf(item: CallItem): ToolCall {
  switch (item.type) {
    case 'function_call':
      return {
        callId: item.call_id,
        name: plainToolName(item.name),
        payload: { type: 'function', arguments: item.arguments },
      };
    case 'custom_tool_call':
      return { callId: item.call_id, name: plainToolName(item.name), payload: { type: 'custom', input: item.input } };
    case 'local_shell_call':
      return {
        callId: item.call_id ?? item.id ?? '',
        name: 'local_shell',
        payload: { type: 'localShell', action: item.action },
      };
  }
}

/** The item that answers a call. Half a character, as a server may send it, would make every later request one that is refused. */
export function outputItem(call: CallItem, output: ToolOutput): OutputItem {
  const body = wellFormed(output.body);
  const callId = toolCallOf(call).callId;
  if (call.type === 'custom_tool_call') {
    return { type: 'custom_tool_call_output', call_id: callId, output: asText(body) };
  }
  return { type: 'function_call_output', call_id: callId, output: typeof body === 'string' ? body : [...body] };
}

function wellFormed(body: ToolOutput['body']): ToolOutput['body'] {
  if (typeof body === 'string') return body.toWellFormed();
  return body.map((part) => (part.type === 'input_text' ? { ...part, text: part.text.toWellFormed() } : part));
}

/** Such an output holds no images. */
function asText(body: ToolOutput['body']): string {
  if (typeof body === 'string') return body;
  return body.map((part) => (part.type === 'input_text' ? part.text : '[image left out]')).join('\n');
}
