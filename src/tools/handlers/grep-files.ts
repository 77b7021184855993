import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { runCommand } from '../../process/index.ts';
import { plan } from '../../sandbox/index.ts';
import { parseArguments } from '../arguments.ts';
import type { ToolContext, ToolHandler, ToolOutput } from '../types.ts';

export const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 2_000;
const TIME_LIMIT_MS = 30_000;

const grepArguments = z.object({
  pattern: z.string().check(z.minLength(1)),
  include: z.optional(z.string()),
  path: z.optional(z.string()),
  limit: z.optional(z.int()),
});

/** `grep_files`: files that hold a match, last changed first. */
export const grepFilesHandler: ToolHandler = {
  payloads: ['function'],
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, grepArguments);
    if (parsed.type === 'failed') return refused(parsed.message);
    const { pattern, include, path = '', limit = DEFAULT_LIMIT } = parsed.value;
    if (limit < 1) return refused('limit must be at least 1');
    const where = resolve(context.turn.cwd, path);
    const argv = [
      await ripgrepPath(),
      '--files-with-matches',
      '--sortr=modified',
      '--no-messages',
      ...(include ? ['--glob', include] : []),
      `--regexp=${pattern}`,
      '--',
      where,
    ];
    return search(argv, Math.min(limit, MAX_LIMIT), context, signal);
  },
};

async function search(
  argv: readonly string[],
  limit: number,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const { turn, env, processes } = context;
  const { spawn } = plan({ spec: { argv, cwd: turn.cwd, env }, policy: turn.sandboxPolicy });
  const outcome = await runCommand(spawn, {
    processes,
    timeoutMs: TIME_LIMIT_MS,
    signal,
    onText: () => undefined,
    spill: null,
    keepSpill: () => false,
  });
  const { end } = outcome;
  if (end.type === 'spawnFailed') return refused(`the search program can't be started: ${end.message}`);
  if (end.type === 'timedOut') return refused(`the search took longer than ${TIME_LIMIT_MS / 1_000} s: narrow it`);
  if (end.type === 'aborted') return refused('aborted');
  const paths = outcome.output.split('\n').filter((line) => line !== '');
  if (paths.length === 0)
    return refused(end.exitCode > 1 ? `the search failed: check the pattern` : 'No matches found.');
  const shown = paths.slice(0, limit);
  if (paths.length > limit) {
    shown.push(
      `${turn.noteMark} The first ${limit} paths are shown; there are more. Narrow the pattern, path or include.`,
    );
  }
  return { body: shown.join('\n'), success: true };
}

/** The search program that comes with keel, so that it is there on every machine. */
async function ripgrepPath(): Promise<string> {
  const { rgPath } = await import('@vscode/ripgrep');
  return rgPath;
}

function refused(message: string): ToolOutput {
  return { body: message, success: false };
}
