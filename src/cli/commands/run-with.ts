import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigFlags, loadConfig } from '../../config/index.ts';
import { type ExecIo, readPrompt, runExec } from '../../exec/index.ts';
import { KeelError, type ReviewTarget } from '../../protocol/index.ts';
import { printable, reasonOf, version, withoutMark } from '../../util/index.ts';
import type { CommandIo } from '../io.ts';
import { stopSignal } from '../stop-signal.ts';
import type { ExecArguments } from './exec-arguments.ts';

/** Works a parsed command line, with its checks in the order that scripts rely on, before anything is sent; `review`: a review in place of a prompt. */
export async function runWith(io: CommandIo, args: ExecArguments, review: ReviewTarget | null): Promise<number> {
  for (const option of args.ignored) io.stderr.write(`keel exec: ${option} has no effect here\n`);
  const prompt =
    review !== null
      ? null
      : await readPrompt({
          argument: args.prompt,
          stdin: io.stdin,
          notice: (text) => io.stderr.write(`${text}\n`),
          optional: args.rollback === null && (args.target.type === 'resume' || args.target.type === 'resumeLast'),
        });
  const outputSchema = args.outputSchema === null ? undefined : readSchema(resolve(io.cwd, args.outputSchema));
  const config = await loadConfig({
    env: io.env,
    cwd: args.cd === null ? io.cwd : resolve(io.cwd, args.cd),
    overrides: args.overrides,
    flags: flagsOf(args),
    strict: args.strictConfig,
  });
  for (const warning of config.warnings) io.stderr.write(`warning: ${printable(warning)}\n`);
  using stop = stopSignal(io);
  return await runExec(
    {
      config: { ...config, approvalPolicy: 'never' },
      origin: args.target,
      rollback: args.rollback,
      version,
      prompt,
      ...(review === null ? {} : { review }),
      images: args.images.map((path) => resolve(io.cwd, path)),
      outputSchema,
      json: args.json,
      color: wantsColor(args, io),
      skipGitRepoCheck: args.skipGitRepoCheck,
      ephemeral: args.ephemeral,
      lastMessageFile: args.lastMessageFile === null ? null : resolve(io.cwd, args.lastMessageFile),
      originator: io.env['CODEX_INTERNAL_ORIGINATOR_OVERRIDE'] || 'keel_exec',
    },
    execIo(io, stop),
  );
}

function execIo(io: CommandIo, stop: ReturnType<typeof stopSignal>): ExecIo {
  return {
    // What goes to a file or a program is as the model wrote it.
    writeOut: (text) => void io.stdout.write(io.stdout.isTTY ? printable(text) : text),
    writeErr: (text) => void io.stderr.write(text),
    stop: stop.signal,
    onExit: (kill) => stop.onExit(kill),
  };
}

function flagsOf(args: ExecArguments): ConfigFlags {
  return {
    ...(args.model === null ? {} : { model: args.model }),
    ...(args.profile === null ? {} : { profile: args.profile }),
    ...(args.sandbox === null ? {} : { sandboxMode: args.sandbox }),
    ...(args.oss ? { oss: true } : {}),
    ...(args.localProvider === null ? {} : { localProvider: args.localProvider }),
    ...(args.addDirs.length === 0 ? {} : { addDirs: args.addDirs }),
  };
}

function readSchema(path: string): unknown {
  let text: string;
  try {
    text = withoutMark(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new KeelError('invalidInput', `the output schema ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new KeelError('invalidInput', `the output schema ${path} is not JSON: ${reasonOf(cause)}`, { cause });
  }
}

function wantsColor({ color }: ExecArguments, io: CommandIo): boolean {
  if (color !== 'auto') return color === 'always';
  return Boolean(io.stderr.isTTY) && !io.env['NO_COLOR'];
}
