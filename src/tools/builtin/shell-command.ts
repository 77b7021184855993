import * as z from 'zod/mini';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import {
  backgroundFields,
  commandAliases,
  commandField,
  isReading,
  limitFields,
  limitsOf,
  scriptOf,
} from './commands/command-arguments.ts';
import { runInBackground } from './commands/run-session.ts';
import { completionParameters, completionText, runShell } from './commands/run-to-completion.ts';

const scriptArguments = z.object({
  command: commandField,
  ...limitFields,
  ...backgroundFields,
  login: z.optional(z.boolean()),
});

const spec = functionSpec({
  name: 'shell_command',
  description: `Run a shell script and wait for it to end. ${completionText}`,
  required: ['command'],
  properties: { command: described(textSchema, 'Script for bash.'), ...completionParameters },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(scriptArguments, commandAliases),
  parallel: false,
  repeat: 'asks',
  onlyReads(call, { judge, shell }) {
    const parsed = parseArguments(argumentsText(call), scriptArguments, { aliases: commandAliases });
    return parsed.type === 'parsed' && isReading([shell, '-c', scriptOf(parsed.value.command)], parsed.value, judge);
  },
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), scriptArguments, { aliases: commandAliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { command, login = false, background = false, keep_running: outlives = false } = parsed.value;
    const argv = [context.shell, login ? '-lc' : '-c', scriptOf(command)];
    const request = { argv, ...limitsOf(parsed.value) };
    return background || outlives
      ? runInBackground(call, { ...request, outlives }, context, signal)
      : runShell(call, request, context, signal);
  },
};

/** `shell_command`: one script for the user's shell. */
export const shellCommandTool: Tool = { name: spec.name, spec, handler };
