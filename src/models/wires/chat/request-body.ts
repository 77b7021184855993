import type { ReasoningEffort } from '../../../foundation/protocol/index.ts';
import type { WireQuirks } from '../../catalogue/index.ts';
import { jsonText } from '../../json/index.ts';
import type { Prompt, ToolSpec } from '../../prompt/index.ts';
import { freeformParameters, OUTPUT_SCHEMA_NAME, sendableWord } from '../index.ts';

/** What a request says besides its prompt. */
export interface ChatSettings {
  readonly model: string;
  /** Null: not chosen, or the model takes none. */
  readonly effort: ReasoningEffort | null;
  readonly quirks: WireQuirks;
}

/**
 * The body in pieces: a later request of the thread is equal to it up to the end of its messages.
 * @param messages those of the input, each behind a comma
 */
export function chatBody(
  prompt: Prompt,
  settings: ChatSettings,
  messages: readonly Uint8Array[],
): readonly Uint8Array[] {
  const first = instructionMessages(prompt.instructions, settings.quirks).map(jsonText).join(',');
  // A comma precedes every message of the input, and the first one of a request may not have one.
  const rest = first === '' ? withoutFirstComma(messages) : messages;
  const head = `${jsonText({ model: settings.model }).slice(0, -1)},"messages":[${first}`;
  const usage = settings.quirks.streamOptions === 'sent' ? { stream_options: { include_usage: true } } : {};
  const tail = { ...chatOptions(prompt, settings), ...usage };
  return [Buffer.from(head), ...rest, Buffer.from(`],${jsonText(tail).slice(1)}`)];
}

function withoutFirstComma(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const at = pieces.findIndex((piece) => piece.byteLength > 0);
  return pieces.map((piece, index) => (index === at ? piece.subarray(1) : piece));
}

/** A server without a system role gets the instructions as the first words of the user. */
function instructionMessages(instructions: string, { systemRole }: WireQuirks): readonly object[] {
  if (instructions.trim() === '') return [];
  const message = { role: systemRole, content: instructions };
  return systemRole === 'user' ? [message, { role: 'assistant', content: 'Understood.' }] : [message];
}

/** Only what was chosen: servers of this API differ in what they know. */
export function chatOptions(prompt: Prompt, { effort, quirks }: ChatSettings): object {
  const tools = sentTools(prompt.tools);
  const schema = prompt.outputSchema ?? null;
  const format = { name: OUTPUT_SCHEMA_NAME, strict: true, schema };
  return {
    stream: true,
    ...(tools.length === 0 ? {} : { tools, ...toolOptions(prompt, quirks) }),
    ...(effort === null || quirks.reasoningEffort === 'omitted' ? {} : { reasoning_effort: effort }),
    ...(schema === null || quirks.outputSchema === 'omitted'
      ? {}
      : { response_format: { type: 'json_schema', json_schema: format } }),
  };
}

function toolOptions({ toolChoice, parallelToolCalls: isParallel }: Prompt, quirks: WireQuirks): object {
  return {
    ...(toolChoice === 'none' && quirks.toolChoiceNone === 'sent' ? { tool_choice: 'none' } : {}),
    ...(isParallel || quirks.parallelToolCalls === 'omitted' ? {} : { parallel_tool_calls: false }),
  };
}

/** A freeform tool goes as a function of one text. What runs at another provider is left out. */
export function sentTools(tools: readonly ToolSpec[]): readonly object[] {
  return tools.flatMap((tool) => {
    if (tool.type !== 'function' && tool.type !== 'custom') return [];
    const { description } = tool;
    const named = { name: sendableWord(tool.name), description };
    const parameters = tool.type === 'function' ? tool.parameters : freeformParameters(tool.format);
    const strict = tool.type === 'function' ? tool.strict : false;
    return [{ type: 'function', function: { ...named, ...(strict ? { strict } : {}), parameters } }];
  });
}
