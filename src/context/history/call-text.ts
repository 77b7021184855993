import * as z from 'zod/mini';
import type { CallItem, OutputItem } from '../../foundation/protocol/index.ts';
import { parseJson } from '../../foundation/util/index.ts';

const MAX_COMMAND_CHARS = 160;
const commandArguments = z.lazy(() =>
  z.object({
    command: z.optional(z.union([z.string(), z.array(z.string())])),
    cmd: z.optional(z.string()),
  }),
);

/** The command line of a call, on one line and shortened; null if it runs none. */
export function commandOf(call: CallItem): string | null {
  const script = scriptOf(call);
  return script === null ? null : shortened(script);
}

/** The command line of a call as the model wrote it; null if it runs none. */
export function scriptOf(call: CallItem): string | null {
  if (call.type === 'local_shell_call') return scriptIn(call.action.command);
  const args = commandArguments.safeParse(parsedArguments(call)).data;
  const command = args?.cmd ?? args?.command;
  if (command === undefined) return null;
  return typeof command === 'string' ? command : scriptIn(command);
}

function scriptIn(argv: readonly string[]): string {
  const isScript = argv.length === 3 && /^-l?c$/.test(argv[1] ?? '');
  return isScript ? (argv[2] ?? '') : argv.join(' ');
}

export function argumentsOf(call: CallItem): string {
  if (call.type === 'function_call') return call.arguments;
  return call.type === 'custom_tool_call' ? call.input : '';
}

export function textOf({ output }: OutputItem): string {
  if (typeof output === 'string') return output;
  return output.map((part) => (part.type === 'input_text' ? part.text : '')).join('\n');
}

/** The arguments of a call as JSON; null where they are none. */
export function parsedArguments(call: CallItem): unknown {
  const text = argumentsOf(call);
  // A failed parse costs a hundred times this look.
  return /^\s*\{/.test(text) ? parseJson(text) : null;
}

/** A text on one line, within the length of a line in a handover. */
export function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > MAX_COMMAND_CHARS ? `${line.slice(0, MAX_COMMAND_CHARS)}...` : line;
}
