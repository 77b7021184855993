import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { KeelError, type ReviewTarget, toKeelError } from '../../../../foundation/protocol/index.ts';
import { decodeText, monotonicMs, readJson, reasonOf, version } from '../../../../foundation/util/index.ts';
import { loadConfig } from '../../../../storage/config/index.ts';
import {
  type ExecIo,
  type ExecOptions,
  isDumb,
  JsonlPrinter,
  type ProgramPrinter,
  ResultPrinter,
  readPrompt,
  runExec,
  wantsColour,
} from '../../../exec/index.ts';
import type { Command } from '../../commands.ts';
import { type CommandIo, isOneOutput } from '../../io.ts';
import { answer, laidOut, liveLine, note, progress } from '../../output.ts';
import { placedFlags } from '../../session-options.ts';
import { stopSignal } from '../../stop-signal.ts';
import type { Worktree } from '../../worktree.ts';
import { type ExecArguments, execSpec, parseExecArguments } from './exec-arguments.ts';

/** `keel exec`: runs one request to completion. */
export const execCommand: Command = {
  spec: execSpec,
  run: async (io, words) => runWith(io, parseExecArguments(words), null),
};

/**
 * Runs a parsed command line. Everything is checked before anything is sent, in the order that scripts rely on. `review`
 * replaces the prompt. Where a program reads the output, it has whatever ends the run early too.
 */
export async function runWith(io: CommandIo, args: ExecArguments, review: ReviewTarget | null): Promise<number> {
  const program = programPrinter(io, args);
  try {
    await using tree = await worktreeFor(io, args);
    const options = await execOptions({ io, args: tree === null ? args : { ...args, cd: tree.cwd }, review, program });
    // Until here a signal simply ends the process.
    using stop = stopSignal(io);
    return await runExec(options, execIo(io, args, stop));
  } catch (error) {
    program?.printFailure(toKeelError(error).message);
    throw error;
  }
}

/** Null: the run has the working directory itself. */
async function worktreeFor(io: CommandIo, { worktree, cd }: ExecArguments): Promise<Worktree | null> {
  if (worktree === null) return null;
  const { openWorktree } = await import('../../worktree.ts');
  return await openWorktree(io, resolve(io.cwd, cd ?? ''), worktree.name);
}

/** Null: people read the output. */
function programPrinter(io: CommandIo, { format }: ExecArguments): ProgramPrinter | null {
  const write = (text: string) => answer(io, text);
  if (format === 'stream-json') return new JsonlPrinter(write);
  return format === 'json' ? new ResultPrinter(write, () => monotonicMs()) : null;
}

/** Width of a terminal that doesn't name its own. */
const DEFAULT_COLUMNS = 80;

interface Given {
  readonly io: CommandIo;
  readonly args: ExecArguments;
  readonly review: ReviewTarget | null;
  readonly program: ProgramPrinter | null;
}

async function execOptions({ io, args, review, program }: Given): Promise<ExecOptions> {
  for (const option of args.ignored) note(io, `keel exec: ${option} has no effect here\n`);
  const prompt =
    review !== null
      ? null
      : await readPrompt({
          argument: args.prompt,
          stdin: () => io.stdin,
          stdinFd: io.stdinFd,
          notice: (text) => note(io, `${text}\n`),
          optional: args.rollback === null && (args.target.type === 'resume' || args.target.type === 'resumeLast'),
        });
  const outputSchema = args.outputSchema === null ? undefined : readSchema(resolve(io.cwd, args.outputSchema));
  const config = await loadConfig({
    env: io.env,
    cwd: args.cd !== null && isAbsolute(args.cd) ? args.cd : resolve(io.cwd, args.cd ?? ''),
    overrides: args.overrides,
    flags: placedFlags(args.flags, io.cwd),
    strict: args.strictConfig,
  });
  for (const warning of config.warnings) note(io, `warning: ${warning}\n`);
  return {
    config: { ...config, approvalPolicy: 'never' },
    origin: args.target,
    rollback: args.rollback,
    version,
    prompt,
    ...(review === null ? {} : { review }),
    images: args.images.map((path) => resolve(io.cwd, path)),
    outputSchema,
    program,
    color: wantsColor(args, io),
    skipGitRepoCheck: args.skipGitRepoCheck,
    ephemeral: args.ephemeral,
    lastMessageFile: args.lastMessageFile === null ? null : resolve(io.cwd, args.lastMessageFile),
    originator: io.env['CODEX_INTERNAL_ORIGINATOR_OVERRIDE'] || 'keel_exec',
  };
}

function execIo(io: CommandIo, { color }: ExecArguments, stop: ReturnType<typeof stopSignal>): ExecIo {
  const { stdout, stderr, env } = io;
  const canDraw = !isDumb(env);
  const isLaidOut = Boolean(stdout.isTTY) && canDraw && color !== 'never';
  return {
    writeOut: (text) => answer(io, text),
    writeErr: (text) => progress(io, text),
    drawLive: stderr.isTTY && canDraw ? (text) => liveLine(io, text) : null,
    messageTerminal: isLaidOut
      ? {
          columns: stdout.columns ?? DEFAULT_COLUMNS,
          hasColour: color === 'always' || wantsColour(env, true),
          write: (text) => laidOut(io, text),
        }
      : null,
    isOneOutput: () => isOneOutput(io),
    isInteractive: Boolean(stderr.isTTY),
    stop: stop.signal,
    onExit: (kill) => stop.onExit(kill),
  };
}

function readSchema(path: string): unknown {
  let text: string;
  try {
    text = decodeText(readFileSync(path));
  } catch (cause) {
    throw new KeelError('invalidInput', `the output schema ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
  let schema: unknown;
  try {
    schema = readJson(text);
  } catch (cause) {
    throw new KeelError('invalidInput', `the output schema ${path} is not JSON: ${reasonOf(cause)}`, { cause });
  }
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return schema;
  throw new KeelError('invalidInput', `the output schema ${path} is not a JSON Schema: an object is expected`);
}

function wantsColor({ color }: ExecArguments, io: CommandIo): boolean {
  if (color !== 'auto') return color === 'always';
  return wantsColour(io.env, Boolean(io.stderr.isTTY));
}
