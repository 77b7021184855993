import * as z from 'zod/mini';
import type { CommandJudge } from '../../approvals/index.ts';
import { quoteCommand } from './quote.ts';
import type { CommandLimits } from './run-shell.ts';

/** Milliseconds, or another count that can't be negative. */
export const count = z.int().check(z.nonnegative());

/** A command as models give it to any of the tools: an argument list, or a script for a shell. */
export const commandField = z.union([z.string(), z.array(z.string())]);
type Command = z.infer<typeof commandField>;

export const limitFields = {
  workdir: z.optional(z.string()),
  timeout_ms: z.optional(count),
  with_escalated_permissions: z.optional(z.boolean()),
  justification: z.optional(z.string()),
};

/** Names for the same fields that models were trained on. */
export const commandAliases = { command: ['cmd'], timeout_ms: ['timeout'], workdir: ['cwd'] };

const limits = z.object(limitFields);

export function limitsOf(value: z.infer<typeof limits>): CommandLimits {
  return {
    workdir: value.workdir,
    timeoutMs: value.timeout_ms,
    escalated: value.with_escalated_permissions ?? false,
    justification: value.justification ?? null,
  };
}

/** Whether a command does nothing but read, and with no more reach than any: it may run again after a crash. */
export function isReading(argv: readonly string[], asked: z.infer<typeof limits>, judge: CommandJudge): boolean {
  return !asked.with_escalated_permissions && judge.judge(argv).isSafe;
}

/** What to start: an argument list as it is, a script by the shell. */
export function argvOf(command: Command, shell: string): readonly string[] {
  return typeof command === 'string' ? [shell, '-c', command] : command;
}

/** The text of a script; words of an argument list are quoted, so that they stay the same words. */
export function scriptOf(command: Command): string {
  return typeof command === 'string' ? command : quoteCommand(command);
}
