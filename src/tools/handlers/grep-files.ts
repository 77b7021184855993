import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { openDirectory, openFile, type PlaceJudge } from '../../files/index.ts';
import { type CommandOutcome, runCommand, type SpawnSpec } from '../../process/index.ts';
import { cutBytesEnd, type FoundProgram, findProgram, programFault, reasonOf } from '../../util/index.ts';
import { argumentNames, parseArguments } from '../arguments.ts';
import type { ToolContext, ToolHandler, ToolOutput } from '../types.ts';
import { hiddenFault, judgeFor } from './hidden.ts';
import { shownAsToolCall } from './shown-as-tool-call.ts';

export const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 2_000;
const TIME_LIMIT_MS = 30_000;
const MAX_FAULT_BYTES = 500;

const grepArguments = z.object({
  pattern: z.string().check(z.minLength(1)),
  include: z.optional(z.string()),
  path: z.optional(z.string()),
  limit: z.optional(z.int()),
});

/** `grep_files`: files that hold a match, last changed first. */
export const grepFilesHandler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(grepArguments),
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const text = call.payload.type === 'function' ? call.payload.arguments : '';
    const parsed = parseArguments(text, grepArguments);
    if (parsed.type === 'failed') return refused(parsed.message);
    const args = parsed.value;
    return shownAsToolCall(call, context, () => grep(args, context, signal));
  },
};

async function grep(
  { pattern, include, path = '', limit = DEFAULT_LIMIT }: z.infer<typeof grepArguments>,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  if (limit < 1) return refused('limit must be at least 1');
  const where = resolve(context.turn.cwd, path);
  const fault = faultOf(where, judgeFor(context));
  if (fault !== null) return refused(`unable to access ${where}: ${fault}`);
  const program = await findRipgrep(context);
  if (program.type === 'missing') return refused(`the search program (rg) is not started: ${program.reason}`);
  const argv = [
    program.path,
    '--no-config',
    '--files-with-matches',
    '--sortr=modified',
    '--no-messages',
    '--color=never',
    '--null',
    ...(include ? ['--glob', include] : []),
    `--regexp=${pattern}`,
    '--',
    where,
  ];
  return search(argv, Math.min(limit, MAX_LIMIT), context, signal);
}

async function search(
  argv: readonly string[],
  limit: number,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const { turn, env, processes, orchestrator } = context;
  const options = { processes, timeoutMs: TIME_LIMIT_MS, signal, onText: () => undefined, spill: null };
  const run = (spec: SpawnSpec): Promise<CommandOutcome> => runCommand(spec, options);
  const ran = await orchestrator.runReader({ argv, cwd: turn.cwd, env }, turn, signal, run);
  if (ran.type === 'refused') return refused(ran.message);
  const { end, output } = ran.value;
  if (end.type === 'spawnFailed') return refused(`the search program (rg) can't be started: ${end.message}`);
  if (end.type === 'timedOut') return refused(`the search took longer than ${TIME_LIMIT_MS / 1_000} s: narrow it`);
  if (end.type === 'aborted') return refused('aborted');
  const { paths: found, isWhole } = pathsIn(output);
  // That a file matches tells of what is in it.
  const judge = judgeFor(context);
  const paths = found.filter((path) => hiddenFault(path, judge) === null);
  if (paths.length === 0) {
    return refused(
      end.exitCode > 1 ? `the search failed: ${cutBytesEnd(output, MAX_FAULT_BYTES)}` : 'No matches found.',
    );
  }
  const shown = paths.slice(0, limit);
  if (paths.length > limit || !isWhole) {
    shown.push(
      `${turn.noteMark} The first ${shown.length} paths are shown; there are more. Narrow the pattern, path or include.`,
    );
  }
  return { body: shown.join('\n'), success: true };
}

/** Why there is nothing to be searched; null if there is: a pipe would be waited for, a device may have no end. */
function faultOf(path: string, judge: PlaceJudge): string | null {
  try {
    const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    using _opened = isDirectory ? openDirectory(path, { judge }) : openFile(path, { judge });
    return null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return 'there is no such file or directory';
    return reasonOf(error);
  }
}

/** Each path ends with a zero byte. What comes after a gap in long output is passed over: it is told by whole lines. */
function pathsIn(output: string): { readonly paths: string[]; readonly isWhole: boolean } {
  const pieces = output.split('\0').slice(0, -1);
  const gap = pieces.findIndex((piece) => piece.includes('\n'));
  return { paths: gap === -1 ? pieces : pieces.slice(0, gap), isWhole: gap === -1 };
}

/**
 * The search program that comes with keel, so that it is there on every machine; where commands could replace that one, since
 * keel itself is installed in the workspace, one from PATH. It runs outside the sandbox.
 */
async function findRipgrep({ turn, programRoots, env }: ToolContext): Promise<FoundProgram> {
  const { rgPath } = await import('@vscode/ripgrep');
  const search = { env, roots: [turn.cwd, ...programRoots] };
  const fault = programFault(rgPath, search);
  if (fault === null) return { type: 'found', path: rgPath, searchPath: '' };
  const other = findProgram('rg', search);
  return other.type === 'found' ? other : { type: 'missing', reason: fault };
}

function refused(message: string): ToolOutput {
  return { body: message, success: false };
}
