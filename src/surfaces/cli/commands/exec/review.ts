import type { ReviewTarget } from '../../../../foundation/protocol/index.ts';
import { readCommandLine } from '../../command-line.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { UsageError } from '../../usage.ts';
import { runWith } from './exec.ts';
import { execArguments, reviewSpec } from './exec-arguments.ts';

/** `keel review`, also as `keel exec review`. */
export const reviewCommand: Command = { spec: reviewSpec, run: review };

async function review(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, reviewSpec);
  const { uncommitted, base = [], commit = [], ...given } = values;
  const args = execArguments(given, positionals);
  const targets: ReviewTarget[] = [
    ...(uncommitted ? [{ type: 'uncommittedChanges' } as const] : []),
    ...base.map((branch) => ({ type: 'baseBranch', branch: named('--base', branch) }) as const),
    ...commit.map((sha) => ({ type: 'commit', sha: named('--commit', sha), title: null }) as const),
    ...(args.prompt === null ? [] : [{ type: 'custom', instructions: args.prompt } as const]),
  ];
  const [target = { type: 'uncommittedChanges' }, ...more] = targets;
  if (more.length > 0) throw new UsageError('give one target: a review looks at one change');
  return runWith(io, args, target);
}

function named(option: string, value: string): string {
  if (value === '') throw new UsageError(`${option} needs a value`);
  return value;
}
