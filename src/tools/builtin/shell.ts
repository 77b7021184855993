import * as z from 'zod/mini';
import {
  argumentNames,
  argumentsText,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
} from '../contract/index.ts';
import {
  argvOf,
  backgroundFields,
  commandAliases,
  commandField,
  isReading,
  limitFields,
  limitsOf,
} from './commands/command-arguments.ts';
import { runInBackground } from './commands/run-session.ts';
import { completionParameters, completionText, runShell } from './commands/run-to-completion.ts';

const shellArguments = z.object({ command: commandField, ...limitFields, ...backgroundFields });

const spec = functionSpec({
  name: 'shell',
  description: `Run a program and wait for it to end. \`command\` is its argument list, started as it is; for pipes, globs or && use ["bash","-c","..."]. ${completionText}`,
  required: ['command'],
  properties: {
    command: { type: 'array', items: textSchema, description: 'Program, then arguments.' },
    ...completionParameters,
  },
});

const handler: ToolHandler = {
  payloads: ['function', 'localShell'],
  fields: argumentNames(shellArguments, commandAliases),
  parallel: false,
  repeat: 'asks',
  onlyReads(call, { judge, shell }) {
    if (call.payload.type !== 'function') return false;
    const parsed = parseArguments(argumentsText(call), shellArguments, { aliases: commandAliases });
    return parsed.type === 'parsed' && isReading(argvOf(parsed.value.command, shell), parsed.value, judge);
  },
  async run(call, context, signal) {
    if (call.payload.type === 'localShell') {
      const { command, working_directory, timeout_ms } = call.payload.action;
      const limits = limitsOf({ workdir: working_directory ?? undefined, timeout_ms: timeout_ms ?? undefined });
      return runShell(call, { argv: command, ...limits }, context, signal);
    }
    const parsed = parseArguments(argumentsText(call), shellArguments, { aliases: commandAliases });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const argv = argvOf(parsed.value.command, context.shell);
    const request = { argv, ...limitsOf(parsed.value) };
    const { background = false, keep_running: outlives = false } = parsed.value;
    return background || outlives
      ? runInBackground(call, { ...request, outlives }, context, signal)
      : runShell(call, request, context, signal);
  },
};

/** `shell`: an argument list, started as it is. */
export const shellTool: Tool = { name: spec.name, spec, handler };

/** Older names of the same tool. */
export const olderShellTools: readonly Tool[] = ['container.exec', 'local_shell'].map((name) => ({
  name,
  spec: null,
  handler,
}));
