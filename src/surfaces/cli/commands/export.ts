import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { OutputFile } from '../../../foundation/files/index.ts';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf } from '../../../foundation/util/index.ts';
import { knownPrices } from '../../../models/catalogue/index.ts';
import { everWritableRoots } from '../../../system/sandbox/index.ts';
import { readCommandLine } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { fitFor } from '../output.ts';
import { UsageError } from '../usage.ts';
import { namedRollout } from './named-rollout.ts';

const spec = {
  usage: ['export ROLLOUT|ID|--last --html|--md [options]'],
  about: [
    'Write a thread as one readable file: HTML that needs nothing else and runs nothing, or Markdown.',
    "ROLLOUT is the path of a record, ID a thread's id or name.",
  ],
  options: {
    last: { type: 'boolean', default: false, about: 'the newest thread of this directory' },
    all: { type: 'boolean', default: false, about: 'with --last: of any directory' },
    html: { type: 'boolean', default: false, about: 'write HTML' },
    md: { type: 'boolean', default: false, about: 'write Markdown' },
    output: { type: 'string', short: 'o', value: 'FILE', about: 'write to a file in place of stdout' },
  },
} as const satisfies CommandSpec;
/** `keel export`: a thread for people to read. */
export const exportCommand: Command = { spec, run: exportThread };

async function exportThread(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  if (values.html === values.md) throw new UsageError('choose one form: --html or --md');
  const { path, config } = await namedRollout(io, { ...values, words: positionals });
  const { transcript } = await import('../../export/index.ts');
  const pieces = transcript({
    path,
    format: values.html ? 'html' : 'md',
    prices: knownPrices(config.provider, config.modelPrices),
  });
  if (values.output === undefined) await print(fitted(pieces, io.stdout), io.stdout);
  else await writeFile(pieces, resolve(io.cwd, values.output), everWritableRoots(config));
  return 0;
}

function* fitted(pieces: Iterable<string>, stdout: CommandIo['stdout']): Generator<string> {
  for (const piece of pieces) yield fitFor(stdout, piece);
}

/** A reader that stops early (`| head`) ends the export without an error. */
async function print(pieces: Iterable<string>, stdout: Writable): Promise<void> {
  try {
    await pour(pieces, stdout);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error;
  }
}

/** Readable by its owner only, as the record is. `roots`: where commands of earlier sessions may have left a link. */
async function writeFile(pieces: Iterable<string>, path: string, roots: readonly string[]): Promise<void> {
  try {
    using output = OutputFile.anchor(path, roots);
    // The record is read only once the file is open: a missing folder costs nothing.
    const file = createWriteStream('', { fd: output.open(0o600) });
    try {
      await pour(pieces, file);
      file.end();
      await finished(file);
    } finally {
      file.destroy();
    }
  } catch (cause) {
    if (cause instanceof KeelError) throw cause;
    const reason = reasonOf(cause);
    throw new KeelError('storageFailed', `the transcript can't be written to ${path}: ${reason}`, { cause });
  }
}

/** Waits for the reader, so that a long thread is never in memory. */
async function pour(pieces: Iterable<string>, to: Writable): Promise<void> {
  const failed = Promise.withResolvers<never>();
  // The next wait throws the failure.
  failed.promise.catch(() => undefined);
  to.on('error', failed.reject);
  for (const piece of pieces) {
    if (piece !== '' && !to.write(piece)) await Promise.race([once(to, 'drain'), failed.promise]);
  }
  await new Promise<void>((resolve, reject) => to.write('', (error) => (error ? reject(error) : resolve())));
}
