import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { notationFault, openDirectory, openFile, type PlaceJudge } from '../../foundation/files/index.ts';
import { cutBytesEnd, reasonOf, visible } from '../../foundation/util/index.ts';
import { type CommandOutcome, runCommand, type SpawnSpec } from '../../system/process/index.ts';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  numberSchema,
  parseArguments,
  type Tool,
  type ToolContext,
  type ToolHandler,
  type ToolOutput,
  textSchema,
} from '../contract/index.ts';
import { hiddenFault, judgeFor } from './files/read-judge.ts';
import { shownAsToolCall } from './files/shown-as-tool-call.ts';
import { shownPath } from './files/shown-path.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 2_000;
const TIME_LIMIT_MS = 30_000;
const MAX_FAULT_BYTES = 500;
const MAX_PATHS_BYTES = 8 * 1024 * 1024;
const MAX_FAULTS_BYTES = 64 * 1024;
/** Limit for the named places among those that could not be searched. */
const MAX_SKIPPED = 3;
const NOTHING = 'No matches found. Ignored, hidden and binary files and links were not searched.';

const grepArguments = z.object({
  pattern: z.string().check(z.minLength(1)),
  include: z.optional(z.string()),
  path: z.optional(z.string()),
  limit: z.optional(z.int()),
});

const spec = functionSpec({
  name: 'grep_files',
  description:
    'Find files that contain a match for a regular expression. Gives paths only, last changed first; ignored, hidden and binary files are skipped. To see the matching lines, run rg.',
  required: ['pattern'],
  properties: {
    pattern: described(textSchema, 'Regular expression, ripgrep syntax.'),
    include: described(textSchema, 'Only files matching this glob, such as *.ts.'),
    path: described(textSchema, 'Where to look; default: the working directory.'),
    limit: described(numberSchema, `At most this many paths (${DEFAULT_LIMIT} if absent).`),
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(grepArguments),
  parallel: true,
  repeat: 'safe',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), grepArguments);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const args = parsed.value;
    return shownAsToolCall(call, context, () => grep(args, context, signal));
  },
};

/** `grep_files`: finds files with a match, last changed first. */
export const grepFilesTool: Tool = { name: spec.name, spec, handler };

async function grep(
  { pattern, include, path = '', limit = DEFAULT_LIMIT }: z.infer<typeof grepArguments>,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  if (limit < 1) return failedOutput('limit must be at least 1');
  const misread = notationFault(path, context.turn.cwd);
  if (misread !== null) return failedOutput(misread);
  const where = resolve(context.turn.cwd, path);
  const fault = faultOf(where, judgeFor(context));
  if (fault !== null) return failedOutput(`unable to access ${where}: ${fault}`);
  const argv = [
    await ripgrepPath(),
    '--no-config',
    '--files-with-matches',
    '--sortr=modified',
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
  const found = new Bytes(MAX_PATHS_BYTES);
  const faults = new Bytes(MAX_FAULTS_BYTES);
  const options = {
    processes,
    timeoutMs: TIME_LIMIT_MS,
    signal,
    onText: () => undefined,
    onChunk: (chunk: Buffer, stream: 'stdout' | 'stderr') => (stream === 'stdout' ? found : faults).take(chunk),
    spill: null,
  };
  const run = (spec: SpawnSpec): Promise<CommandOutcome> => runCommand(spec, options);
  const ran = await orchestrator.runReader({ argv, cwd: turn.cwd, env }, turn, signal, run);
  if (ran.type === 'refused') return failedOutput(ran.message, 'notRun');
  const { end } = ran.value;
  if (end.type === 'spawnFailed') return failedOutput(`the search program (rg) can't be started: ${end.message}`);
  if (end.type === 'timedOut') return failedOutput(`the search took longer than ${TIME_LIMIT_MS / 1_000} s: narrow it`);
  if (end.type === 'aborted') return failedOutput('aborted');
  const complaints = faults.whole
    .toString('utf8')
    .replace(faults.isCut ? /[^\n]*$/ : '', '')
    .trim();
  const skipped = skippedPlaces(complaints);
  // Exit code 1 means that nothing matches, unless the program that starts ripgrep failed with it.
  if (skipped === null && (end.exitCode > 1 || (end.exitCode === 1 && complaints !== ''))) {
    return failedOutput(`the search failed: ${cutBytesEnd(complaints, MAX_FAULT_BYTES)}`);
  }
  // A match alone would reveal part of the content of a hidden file.
  const judge = judgeFor(context);
  const paths = pathsIn(found.whole).filter((path) => hiddenFault(path, judge) === null);
  const shown = paths.slice(0, limit).map(shownPath);
  if (paths.length > limit || found.isCut) {
    shown.push(
      `${turn.noteMark} The first ${shown.length} paths are shown; there are more. Narrow the pattern, path or include.`,
    );
  }
  const isEmpty = shown.length === 0;
  if (isEmpty) shown.push(NOTHING);
  if (skipped !== null) shown.push(`${turn.noteMark} Not searched: ${skipped}`);
  return { body: shown.join('\n'), success: !isEmpty };
}

/** The start of a stream, up to a limit. */
class Bytes {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  isCut = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take(chunk: Buffer): void {
    const part = chunk.subarray(0, this.#limit - this.#length);
    if (part.length < chunk.length) this.isCut = true;
    this.#chunks.push(part);
    this.#length += part.length;
  }

  get whole(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Places that ripgrep reports as unreadable; null if it reports anything else, or nothing. */
function skippedPlaces(complaints: string): string | null {
  const lines = complaints.split('\n').filter((line) => line !== '');
  if (lines.length === 0 || !lines.every((line) => /\(os error \d+\)$/.test(line))) return null;
  const shown = lines
    .slice(0, MAX_SKIPPED)
    .map((line) => cutBytesEnd(visible(line.replace(/^rg: /, '')), MAX_FAULT_BYTES));
  return `${shown.join('; ')}${lines.length > shown.length ? `; and ${lines.length - shown.length} more` : ''}`;
}

/** Why a path can't be searched; null if it can. A pipe would block, and a device may have no end. */
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

/** Each path ends with a zero byte; a truncated one does not, and is dropped. */
function pathsIn(output: Buffer): Buffer[] {
  const paths: Buffer[] = [];
  let start = 0;
  for (let end = output.indexOf(0); end !== -1; end = output.indexOf(0, start)) {
    paths.push(output.subarray(start, end));
    start = end + 1;
  }
  return paths;
}

/**
 * The search program that comes with keel, so that every machine has it. Wherever commands run in a sandbox, it runs in a
 * read-only one: a program that a command put in its place could do no more than the command itself.
 */
async function ripgrepPath(): Promise<string> {
  const { rgPath } = await import('@vscode/ripgrep');
  return rgPath;
}
