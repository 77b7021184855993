import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { type Config, loadConfig } from '../../../storage/config/index.ts';
import { findRollout } from '../../../storage/threads/index.ts';
import type { CommandIo } from '../io.ts';
import { UsageError } from '../usage.ts';

export interface RolloutChoice {
  /** The path of a record, or a thread's id. More than one is an error. */
  readonly words: readonly string[];
  /** Takes the newest thread of this directory, with `all` of any. */
  readonly last: boolean;
  readonly all: boolean;
}

/**
 * The record that a command line names, and the settings in force.
 * @throws UsageError if it names none or several; KeelError `threadNotFound`
 */
export async function namedRollout(
  io: CommandIo,
  { words, last, all }: RolloutChoice,
): Promise<{ readonly path: string; readonly config: Config }> {
  const [word, ...more] = words;
  if (more.length > 0 || (word !== undefined) === last) {
    throw new UsageError('name one thread: the path of its record, its id, or --last');
  }
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: [], flags: {} });
  return { path: word === undefined ? newest(config, all) : named(io, config, word), config };
}

function newest({ home, provider, cwd }: Config, all: boolean): string {
  return findRollout(home, { type: 'last', providerId: provider.id, ...(all ? {} : { cwd }) });
}

function named(io: CommandIo, { home }: Config, word: string): string {
  const path = resolve(io.cwd, word);
  if (word.endsWith('.jsonl') && !existsSync(path)) {
    throw new KeelError('threadNotFound', `there is no record at ${path}`);
  }
  return findRollout(home, { type: 'id', id: word.endsWith('.jsonl') ? path : word });
}
