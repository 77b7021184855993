import { resolveHome } from '../../../storage/config/index.ts';
import { ThreadIndex } from '../../../storage/threads/index.ts';
import type { CommandIo } from '../io.ts';
import { say } from '../output.ts';
import { threadLines } from '../thread-lines.ts';
import { HelpRequested } from '../usage.ts';
import { type ExecArguments, parseExecArguments } from './exec-arguments.ts';
import { NoThreadNamed } from './exec-target.ts';
import { runWith } from './run-with.ts';

const SHOWN = 20;
const rest = `
THREAD is an id, or the name that you gave it; --last takes the newest thread of this directory, with --all of any. Without a
THREAD a terminal is shown the recent threads of this directory. The prompt may come from standard input. Everything that
\`keel exec --help\` lists may stand here too.
`;
const helps = {
  resume: `Usage: keel resume [THREAD | --last [--all]] [--rollback N] [options of keel exec] [PROMPT | -]

Goes on with a thread. Without a prompt: with the turn in which keel was cut off. --rollback takes your last N turns out of the
conversation first.
${rest}`,
  fork: `Usage: keel fork [THREAD | --last [--all]] [--at N] [options of keel exec] [PROMPT | -]

Begins a new thread as another one began: with its first N messages of yours and what came of them, or with all of it.
${rest}`,
} as const;

export function resumeCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  return takeUp('resume', io, words);
}

export function forkCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  return takeUp('fork', io, words);
}

/** As `keel exec resume` and `keel exec fork`; a person who names no thread is shown those there are. */
async function takeUp(verb: keyof typeof helps, io: CommandIo, words: readonly string[]): Promise<number> {
  let args: ExecArguments;
  try {
    args = parseExecArguments([verb, ...words]);
  } catch (error) {
    if (error instanceof HelpRequested) throw new HelpRequested(helps[verb]);
    if (error instanceof NoThreadNamed && io.stdin.isTTY) return showRecent(verb, io);
    throw error;
  }
  return runWith(io, args, null);
}

async function showRecent(verb: string, io: CommandIo): Promise<number> {
  using index = new ThreadIndex(resolveHome(io.env));
  const { threads } = await index.list({ cwd: io.cwd, ofUser: true, limit: SHOWN });
  if (threads.length === 0) say(io, `No thread was begun in ${io.cwd}. All there are: keel threads list\n`);
  else say(io, `${threadLines({ threads, nextCursor: null })}\nkeel ${verb} THREAD "..."\n`);
  return 0;
}
