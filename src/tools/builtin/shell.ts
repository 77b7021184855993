import * as z from 'zod/mini';
import { argumentNames, parseArguments } from '../arguments.ts';
import type { ToolPayload } from '../tool-call.ts';
import type { ToolHandler } from '../types.ts';
import {
  argvOf,
  commandAliases,
  commandField,
  isReading,
  limitFields,
  limitsOf,
  scriptOf,
} from './command-arguments.ts';
import { runShell } from './run-shell.ts';

const shellArguments = z.object({ command: commandField, ...limitFields });
const scriptArguments = z.object({ command: commandField, ...limitFields, login: z.optional(z.boolean()) });

/** `shell`: an argument list, started as it is. Also answers for the older names of the same tool. */
export const shellHandler: ToolHandler = {
  payloads: ['function', 'localShell'],
  fields: argumentNames(shellArguments, commandAliases),
  parallel: false,
  repeat: 'asks',
  onlyReads(call, { judge, shell }) {
    if (call.payload.type !== 'function') return false;
    const parsed = parseArguments(textOf(call.payload), shellArguments, { aliases: commandAliases });
    return parsed.type === 'parsed' && isReading(argvOf(parsed.value.command, shell), parsed.value, judge);
  },
  async run(call, context, signal) {
    if (call.payload.type === 'localShell') {
      const { command, working_directory, timeout_ms } = call.payload.action;
      const limits = limitsOf({ workdir: working_directory ?? undefined, timeout_ms: timeout_ms ?? undefined });
      return runShell(call, { argv: command, ...limits }, context, signal);
    }
    const parsed = parseArguments(textOf(call.payload), shellArguments, { aliases: commandAliases });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const argv = argvOf(parsed.value.command, context.shell);
    return runShell(call, { argv, ...limitsOf(parsed.value) }, context, signal);
  },
};

/** `shell_command`: one script for the user's shell. */
export const shellCommandHandler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(scriptArguments, commandAliases),
  parallel: false,
  repeat: 'asks',
  onlyReads(call, { judge, shell }) {
    const parsed = parseArguments(textOf(call.payload), scriptArguments, { aliases: commandAliases });
    return parsed.type === 'parsed' && isReading([shell, '-c', scriptOf(parsed.value.command)], parsed.value, judge);
  },
  async run(call, context, signal) {
    const parsed = parseArguments(textOf(call.payload), scriptArguments, { aliases: commandAliases });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const { command, login = false } = parsed.value;
    const argv = [context.shell, login ? '-lc' : '-c', scriptOf(command)];
    return runShell(call, { argv, ...limitsOf(parsed.value) }, context, signal);
  },
};

function textOf(payload: ToolPayload): string {
  return payload.type === 'function' ? payload.arguments : '';
}
