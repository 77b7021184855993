import type { ReviewTarget } from '../../../../foundation/protocol/index.ts';
import type { CommandIo } from '../../io.ts';
import { HelpRequested, UsageError } from '../../usage.ts';
import { runWith } from './exec.ts';
import { parseExecArguments } from './exec-arguments.ts';

const help = `Usage: keel review [--uncommitted | --base BRANCH | --commit SHA | INSTRUCTIONS] [options of keel exec]

Have a separate reviewer look at a change; it edits nothing. Without a target, review the uncommitted changes.
The review goes to stdout, everything else to stderr; --json prints every event as a JSON line.
`;

/** The value follows an equals sign, or is the next word. */
const OPTION = /^(--base|--commit)(?:=(.*))?$/s;

/** `keel review`, also as `keel exec review`. */
export async function reviewCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  const targets: ReviewTarget[] = [];
  const rest: string[] = [];
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === '--help' || word === '-h') throw new HelpRequested(help);
    const [, option, value] = OPTION.exec(word) ?? [];
    if (word === '--uncommitted') targets.push({ type: 'uncommittedChanges' });
    else if (option === '--base') targets.push({ type: 'baseBranch', branch: valueFor(option, value ?? left.shift()) });
    else if (option === '--commit')
      targets.push({ type: 'commit', sha: valueFor(option, value ?? left.shift()), title: null });
    else rest.push(word);
  }
  const args = parseExecArguments(rest);
  if (args.prompt !== null) targets.push({ type: 'custom', instructions: args.prompt });
  const [target = { type: 'uncommittedChanges' }, ...more] = targets;
  if (more.length > 0) throw new UsageError('give one target: a review looks at one change');
  return runWith(io, args, target);
}

function valueFor(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`${option} needs a value`);
  return value;
}
