import type { CallFacts, CallItem, OutputItem } from '../../foundation/protocol/index.ts';
import type { ToolCall, ToolOutput } from '../contract/index.ts';
import { plainToolName } from './call-forms.ts';

/** The tool call in a response item. */
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

/** The item that answers a call. Lone surrogates, as a server may send them, are replaced: a provider would refuse every later request. */
export function outputItem(call: CallItem, output: ToolOutput): OutputItem {
  const body = wellFormed(output.body);
  const callId = toolCallOf(call).callId;
  const facts: CallFacts = output.facts ?? { outcome: output.success ? 'done' : 'failed' };
  if (call.type === 'custom_tool_call') {
    return { type: 'custom_tool_call_output', call_id: callId, output: asText(body), facts };
  }
  return { type: 'function_call_output', call_id: callId, output: typeof body === 'string' ? body : [...body], facts };
}

/** The output that an item carries, to be added to. */
export function toolOutputOf({ output, facts }: OutputItem): ToolOutput {
  return { body: output, success: facts?.outcome === 'done', facts };
}

function wellFormed(body: ToolOutput['body']): ToolOutput['body'] {
  if (typeof body === 'string') return body.toWellFormed();
  return body.map((part) => (part.type === 'input_text' ? { ...part, text: part.text.toWellFormed() } : part));
}

/** An output of a custom tool can't have images. */
function asText(body: ToolOutput['body']): string {
  if (typeof body === 'string') return body;
  return body.map((part) => (part.type === 'input_text' ? part.text : '[image left out]')).join('\n');
}
