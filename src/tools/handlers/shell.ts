import * as z from 'zod/mini';
import { parseArguments } from '../arguments.ts';
import type { ToolHandler } from '../types.ts';
import { runShell } from './run-shell.ts';

const escalation = { with_escalated_permissions: z.optional(z.boolean()), justification: z.optional(z.string()) };

const shellArguments = z.object({
  command: z.array(z.string()),
  workdir: z.optional(z.string()),
  timeout_ms: z.optional(z.int()),
  ...escalation,
});

const commandArguments = z.object({ ...shellArguments.shape, command: z.string() });

/** `shell`: an argument list, started as it is. Also answers for the older names of the same tool. */
export const shellHandler: ToolHandler = {
  payloads: ['function', 'localShell'],
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    if (call.payload.type === 'localShell') {
      const { command, working_directory, timeout_ms } = call.payload.action;
      const request = {
        argv: command,
        workdir: working_directory ?? undefined,
        timeoutMs: timeout_ms ?? undefined,
        escalated: false,
        justification: null,
      };
      return runShell(call, request, context, signal);
    }
    const parsed = parseArguments(textOf(call.payload), shellArguments, {
      aliases: { command: ['cmd'], timeout_ms: ['timeout'], workdir: ['cwd'] },
    });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    return runShell(call, { argv: parsed.value.command, ...limitsOf(parsed.value) }, context, signal);
  },
};

/** `shell_command`: one script for the user's shell. */
export const shellCommandHandler: ToolHandler = {
  payloads: ['function'],
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const parsed = parseArguments(textOf(call.payload), commandArguments, {
      aliases: { command: ['cmd'], timeout_ms: ['timeout'], workdir: ['cwd'] },
    });
    if (parsed.type === 'failed') return { body: parsed.message, success: false };
    const argv = [context.shell, '-c', parsed.value.command];
    return runShell(call, { argv, ...limitsOf(parsed.value) }, context, signal);
  },
};

function limitsOf(value: Omit<z.infer<typeof shellArguments>, 'command'>) {
  return {
    workdir: value.workdir,
    timeoutMs: value.timeout_ms,
    escalated: value.with_escalated_permissions ?? false,
    justification: value.justification ?? null,
  };
}

function textOf(payload: Parameters<ToolHandler['run']>[0]['payload']): string {
  return payload.type === 'function' ? payload.arguments : '';
}
