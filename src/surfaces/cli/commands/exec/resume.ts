import { resolveHome } from '../../../../storage/config/index.ts';
import { ThreadIndex } from '../../../../storage/threads/index.ts';
import type { CommandIo } from '../../io.ts';
import { say } from '../../output.ts';
import { threadLines } from '../../thread-lines.ts';
import { HelpRequested } from '../../usage.ts';

import { runWith } from './exec.ts';
import { type ExecArguments, parseExecArguments } from './exec-arguments.ts';
import { NoThreadNamed } from './exec-target.ts';

const SHOWN = 20;
const rest = `
THREAD is an id, or the name that you gave it; --last takes the newest thread of this directory, with --all of any. Without a
THREAD, list the recent threads of this directory (in a terminal). The prompt may come from standard input. All options of
\`keel exec --help\` work here too.
`;
const helps = {
  resume: `Usage: keel resume [THREAD | --last [--all]] [--rollback N] [options of keel exec] [PROMPT | -]

Continue a thread. Without a prompt, continue the turn in which keel was cut off. --rollback first takes your last N turns out
of the conversation.
${rest}`,
  fork: `Usage: keel fork [THREAD | --last [--all]] [--at N] [options of keel exec] [PROMPT | -]

Start a new thread from another one: with the first N of your messages and what followed from them, or with all of it.
${rest}`,
} as const;

export function resumeCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  return continueFrom('resume', io, words);
}

export function forkCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  return continueFrom('fork', io, words);
}

/** Runs `keel exec resume` or `keel exec fork`; without a thread, a terminal gets the list of recent ones. */
async function continueFrom(verb: keyof typeof helps, io: CommandIo, words: readonly string[]): Promise<number> {
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
  if (threads.length === 0) say(io, `No thread was started in ${io.cwd}. To list all threads: keel threads list\n`);
  else say(io, `${threadLines({ threads, nextCursor: null })}\nkeel ${verb} THREAD "..."\n`);
  return 0;
}
