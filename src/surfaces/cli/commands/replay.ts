import { readCommandLine } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, say } from '../output.ts';
import { namedRollout } from './named-rollout.ts';

const spec = {
  usage: ['replay ROLLOUT|ID|--last [options]'],
  about: [
    'Run a recorded thread again with the recorded answers and results, and check that keel would send the same requests now. Nothing is executed, sent or written.',
    "ROLLOUT is the path of a record, ID a thread's id or name. The exit code is 0 if nothing differs, 1 if something does or the record is broken.",
  ],
  options: {
    last: { type: 'boolean', default: false, about: 'the newest thread of this directory' },
    all: { type: 'boolean', default: false, about: 'with --last: of any directory' },
    json: { type: 'boolean', default: false, about: 'print the report as JSON' },
  },
} as const satisfies CommandSpec;
/** `keel replay`: makes a regression test of any thread. */
export const replayCommand: Command = { spec, run: replay };

async function replay(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const { path } = await namedRollout(io, { ...values, words: positionals });
  const { replayThread, reportText } = await import('../../replay/index.ts');
  const report = await replayThread(path);
  if (values.json) data(io, `${JSON.stringify(report, null, 2)}\n`);
  else say(io, reportText(report));
  return report.same ? 0 : 1;
}
