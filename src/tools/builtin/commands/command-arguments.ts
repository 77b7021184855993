import { existsSync } from 'node:fs';
import * as z from 'zod/mini';
import { quoteCommand, readJson } from '../../../foundation/util/index.ts';
import type { CommandJudge } from '../../approvals/index.ts';

/** A count that can't be negative. */
export const count = z.int().check(z.nonnegative());

/** A span of time, as whole milliseconds: models also write fractions. */
export const milliseconds = z.pipe(z.number().check(z.nonnegative()), z.transform(Math.ceil));

type Command = string | readonly string[];

/**
 * A command as models write it for any of the tools: an argument list, or a script for a shell. A list in a JSON string is
 * read as that list, and numbers in it as words.
 */
export const commandField = z.pipe(
  z.union([z.string(), z.array(z.union([z.string(), z.number()]))]),
  z.transform((command): Command => (typeof command === 'string' ? (listIn(command) ?? command) : command.map(String))),
);

function listIn(text: string): readonly string[] | null {
  if (!/^\s*\["/.test(text)) return null;
  try {
    const list = z.safeParse(z.array(z.string()), readJson(text));
    return list.success && list.data.length > 0 ? list.data : null;
  } catch {
    // Not JSON: a script that starts with a test.
    return null;
  }
}

export const limitFields = {
  workdir: z.optional(z.string()),
  timeout_ms: z.optional(milliseconds),
  with_escalated_permissions: z.optional(z.boolean()),
  justification: z.optional(z.string()),
};

/** The fields by which a tool that runs a command to completion leaves it running. */
export const backgroundFields = { background: z.optional(z.boolean()), keep_running: z.optional(z.boolean()) };

/** Names of the same fields that models were trained on. */
export const commandAliases = { command: ['cmd'], timeout_ms: ['timeout'], workdir: ['cwd'] };

const limits = z.object(limitFields);

/** Options of a command; the same for all tools that run one. */
export interface CommandLimits {
  /** Relative to the turn's working directory, or absolute. */
  readonly workdir: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly escalated: boolean;
  readonly justification: string | null;
}

export function limitsOf(value: z.infer<typeof limits>): CommandLimits {
  return {
    workdir: value.workdir,
    timeoutMs: value.timeout_ms,
    escalated: value.with_escalated_permissions ?? false,
    justification: value.justification ?? null,
  };
}

/** Whether a command only reads and asks for no escalation: it may run again after a crash. */
export function isReading(argv: readonly string[], asked: z.infer<typeof limits>, judge: CommandJudge): boolean {
  return !asked.with_escalated_permissions && judge.judge(argv).isSafe;
}

/** The argument list to start: a list as it is, a script through the shell. */
export function argvOf(command: Command, shell: string): readonly string[] {
  if (typeof command === 'string') return [shell, '-c', command];
  const line = loneLine(command);
  return line === null ? command : [shell, '-c', line];
}

/** The script in a list whose one element is a whole command line, not a program's path; null for any other list. */
function loneLine([line = '', ...more]: readonly string[]): string | null {
  return more.length === 0 && /\S\s+\S/.test(line) && !existsSync(line) ? line : null;
}

/** Flags of bash, zsh and sh that ask for a login shell. */
const LOGIN_FLAG = /^(?:-l|--login|-[a-z]*l[a-z]*c|-[a-z]*c[a-z]*l)$/;
const SHELL = /(?:^|\/)(?:ba|z|da|k)?sh$/;

/**
 * The command without a login shell: `bash -lc` becomes `bash -c`. A command's environment already has what start-up files
 * add. Reading them again would put their PATH before the one that keel was started with, take seconds with some files, and
 * run something else with others (`exec zsh`, `cd`).
 */
export function withoutLogin(argv: readonly string[]): readonly string[] {
  const [program = '', ...words] = argv;
  const scriptAt = words.findIndex((word) => !word.startsWith('-'));
  const flags = words.slice(0, scriptAt);
  if (!SHELL.test(program) || scriptAt < 1 || !flags.some((flag) => /^-[a-z]*c/.test(flag))) return argv;
  const kept = flags.flatMap((flag) => {
    if (!LOGIN_FLAG.test(flag)) return [flag];
    return flag.startsWith('--') || flag === '-l' ? [] : [flag.replace('l', '')];
  });
  return [program, ...kept, ...words.slice(scriptAt)];
}

/** The command as a script; the words of an argument list are quoted, so that they stay the same words. */
export function scriptOf(command: Command): string {
  return typeof command === 'string' ? command : (loneLine(command) ?? quoteCommand(command));
}
