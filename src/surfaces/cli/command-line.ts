import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { reasonOf } from '../../foundation/util/index.ts';
import { HelpRequested, UsageError } from './usage.ts';

const HELP: ReadonlySet<string> = new Set(['--help', '-h']);

/**
 * Reads the words after a command: its options, in any place, and the positional words. Every command has `--help`.
 * @throws UsageError for an unknown option, HelpRequested with `help`
 */
export function readCommandLine<const T extends ParseArgsOptionsConfig>(
  words: readonly string[],
  help: string,
  options: T,
) {
  const end = words.indexOf('--');
  if (words.slice(0, end === -1 ? words.length : end).some((word) => HELP.has(word))) throw new HelpRequested(help);
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(reasonOf(error));
  }
}

/** @throws UsageError if a command got more words than it takes */
export function refuseMore([word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`unexpected word: ${word}`);
}
