import type { ReasoningEffort } from '../../protocol/index.ts';
import { freeformParameters } from '../freeform-function.ts';
import type { Prompt } from '../prompt.ts';
import { OUTPUT_SCHEMA_NAME } from '../sent-words.ts';
import type { ToolSpec } from '../tool-spec.ts';
import { sendableWord } from '../wire-names.ts';
import type { MessageBytes } from './message-bytes.ts';
import type { MessageForm } from './messages.ts';

/** What a request says besides its prompt. */
export interface ChatSettings {
  readonly model: string;
  /** Null: not chosen, or the model takes none. */
  readonly effort: ReasoningEffort | null;
  readonly form: MessageForm;
}

/** The body in pieces: a later request of the thread is equal to it up to the end of its messages. */
export function chatBody(
  prompt: Prompt,
  settings: ChatSettings,
  messages: MessageBytes,
  wantsUsage: boolean,
): readonly Uint8Array[] {
  const system = JSON.stringify({ role: 'system', content: prompt.instructions });
  const head = `${JSON.stringify({ model: settings.model }).slice(0, -1)},"messages":[${system}`;
  const tail = { ...chatOptions(prompt, settings), ...(wantsUsage ? { stream_options: { include_usage: true } } : {}) };
  return [Buffer.from(head), ...messages.of(prompt.input), Buffer.from(`],${JSON.stringify(tail).slice(1)}`)];
}

/** Only what was chosen: servers of this API differ in what they know. */
export function chatOptions(prompt: Prompt, { effort }: ChatSettings): object {
  const tools = sentTools(prompt.tools);
  const schema = prompt.outputSchema ?? null;
  const format = { name: OUTPUT_SCHEMA_NAME, strict: true, schema };
  return {
    stream: true,
    ...(tools.length === 0 ? {} : { tools, ...toolOptions(prompt) }),
    ...(effort === null ? {} : { reasoning_effort: effort }),
    ...(schema === null ? {} : { response_format: { type: 'json_schema', json_schema: format } }),
  };
}

function toolOptions({ toolChoice, parallelToolCalls }: Prompt): object {
  return {
    ...(toolChoice === 'none' ? { tool_choice: 'none' } : {}),
    ...(parallelToolCalls ? {} : { parallel_tool_calls: false }),
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
