import { readCommandLine } from '../command-line.ts';
import type { CommandIo } from '../io.ts';
import { data, say } from '../output.ts';
import { namedRollout } from './named-rollout.ts';

const help = `Usage: keel replay ROLLOUT|ID|--last [--all] [--json]

Run a recorded thread again with the recorded answers and results, and check that keel would send the same requests now.
Nothing is executed, sent or written.
ROLLOUT is the path of a record, ID a thread's id; --last takes the newest thread of this directory, --last --all of any.
The exit code is 0 if nothing differs, 1 if something does or the record is broken.
`;
const options = {
  last: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** `keel replay`: makes a regression test of any thread. */
export async function replayCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, help, options);
  const { path } = await namedRollout(io, { ...values, words: positionals });
  const { replayThread, reportText } = await import('../../replay/index.ts');
  const report = await replayThread(path);
  if (values.json) data(io, `${JSON.stringify(report, null, 2)}\n`);
  else say(io, reportText(report));
  return report.same ? 0 : 1;
}
