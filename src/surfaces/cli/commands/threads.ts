import { resolve } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { resolveHome } from '../../../storage/config/index.ts';
import { threadIdOf } from '../../../storage/rollout/index.ts';
import {
  archiveThread,
  findRollout,
  nameThread,
  ThreadIndex,
  type ThreadPage,
  unarchiveThread,
} from '../../../storage/threads/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, say } from '../output.ts';
import { threadFacts, threadLines } from '../thread-lines.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const spec = {
  usage: [
    'threads list [options]',
    'threads search TEXT [options]',
    'threads show THREAD [--json]',
    'threads rename THREAD NAME',
    'threads archive THREAD',
    'threads unarchive THREAD',
    'threads delete THREAD',
    'threads purge --older AGE [options]',
    'threads rollback THREAD N',
  ],
  about: [
    'List, search, show, rename, archive, delete or roll back recorded threads.',
    'THREAD is an id, or the name that you gave it. Lists show threads with a message of yours, newest first, and print the cursor of the next page if there is one. A search looks at your messages, at names and at directories. A rollback takes your last N turns out of the conversation; files stay as they are.',
    'A thread is deleted for good, with those that it started (subagents, reviewers). A purge deletes all that have not changed for AGE, such as 30d, 12h or 90m; those that a process has open stay.',
  ],
  verbs: {
    list: '',
    search: '',
    show: '',
    rename: '',
    archive: '',
    unarchive: '',
    delete: '',
    purge: '',
    rollback: '',
  },
  options: {
    search: { type: 'string' },
    'session-name': { type: 'string', value: 'NAME', about: 'threads with this in their name' },
    cwd: { type: 'string', value: 'DIR', about: 'threads that were started in this directory' },
    archived: { type: 'boolean', default: false, about: 'archived threads' },
    subagents: { type: 'boolean', default: false, about: 'threads that other threads started, too' },
    older: { type: 'string', value: 'AGE', about: 'with purge: not changed for this long' },
    'dry-run': { type: 'boolean', default: false, about: 'with purge: only list what would go' },
    limit: { type: 'string', value: 'N', about: 'at most N threads' },
    cursor: { type: 'string', value: 'C', about: 'the page that starts there' },
    json: { type: 'boolean', default: false, about: 'print everything that is known, as JSON' },
  },
} as const satisfies CommandSpec;
type Values = ReturnType<typeof readCommandLine<typeof spec.options>>['values'];

/** What every verb works with. */
interface Place {
  readonly io: CommandIo;
  readonly home: string;
  readonly values: Values;
}

interface Verb {
  /** The least and the most words after the thread. */
  readonly words: readonly [number, number];
  run(place: Place, thread: { readonly threadId: string; readonly path: string }, words: readonly string[]): unknown;
}

const verbs: Readonly<Record<string, Verb>> = {
  show: { words: [0, 0], run: (place, { threadId }) => show(place, threadId) },
  rename: {
    words: [0, Number.POSITIVE_INFINITY],
    run: ({ home }, { threadId }, words) =>
      nameThread(home, { id: threadId, name: words.join(' '), nowMs: Date.now() }),
  },
  archive: { words: [0, 0], run: ({ home }, thread) => archiveThread(home, thread) },
  unarchive: { words: [0, 0], run: ({ home }, thread) => unarchiveThread(home, thread) },
  delete: {
    words: [0, 0],
    run: async ({ io, home }, thread) => (await import('../delete-threads.ts')).deleteWithChildren(io, home, thread),
  },
  rollback: {
    words: [1, 1],
    run: async ({ io }, { path }, [turns = '']) =>
      (await import('../roll-back.ts')).rollBackThread(io, { path, turns: turnsOf(turns) }),
  },
};

/** `keel threads`: the recorded conversations. */
export const threadsCommand: Command = { spec, run: threads };

async function threads(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const isList = positionals.length === 0 && values['session-name'] !== undefined;
  const [name, ...rest] = isList ? ['list'] : positionals;
  if (name === undefined) throw new HelpRequested(spec);
  const home = resolveHome(io.env);
  const place = { io, home, values };
  if (name === 'list' || name === 'search') {
    const page = await list(place, searchOf(name, rest, values));
    if (values.json) data(io, `${JSON.stringify(page, null, 2)}\n`);
    else say(io, threadLines(page, Date.now()));
    return 0;
  }
  if (name === 'purge') {
    refuseMore(rest);
    const { purgeThreads, ageMs } = await import('../delete-threads.ts');
    const options = { olderMs: ageMs(values.older), archived: values.archived, dryRun: values['dry-run'] };
    return await purgeThreads(io, home, options);
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb) throw new UsageError(`there is no "threads ${name}"`);
  const [thread, ...more] = rest;
  if (thread === undefined) throw new UsageError(`which thread? keel threads ${name} THREAD`);
  const [least, most] = verb.words;
  if (more.length < least) throw new UsageError(`how many turns? keel threads ${name} THREAD N`);
  if (more.length > most) throw new UsageError(`unexpected word: ${more[most]}`);
  const path = findRollout(home, { type: 'id', id: thread });
  const threadId = threadIdOf(path);
  if (threadId === null) throw new KeelError('invalidInput', `${path} doesn't have the name of a thread's record`);
  await verb.run(place, { threadId, path }, more);
  return 0;
}

function searchOf(name: string, words: readonly string[], { search }: Values): string | null {
  if (name === 'list') {
    if (words[0] !== undefined)
      throw new UsageError(`unexpected word: ${words[0]}. To look for it: keel threads search`);
    return search ?? null;
  }
  if (words.length === 0) throw new UsageError('what should be found? keel threads search TEXT');
  return words.join(' ');
}

async function list({ io, home, values }: Place, search: string | null): Promise<ThreadPage> {
  const { cwd, cursor, limit, archived, 'session-name': name } = values;
  using index = new ThreadIndex(home);
  return await index.list({
    archived,
    ofUser: !values.subagents,
    ...(search === null ? {} : { search }),
    ...(name === undefined ? {} : { name }),
    ...(cwd === undefined ? {} : { cwd: resolve(io.cwd, cwd) }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  });
}

async function show({ io, home, values }: Place, threadId: string): Promise<void> {
  using index = new ThreadIndex(home);
  const thread = await index.get(threadId);
  if (thread === null) throw new KeelError('threadNotFound', `the thread ${threadId} has no message of yours yet`);
  if (values.json) data(io, `${JSON.stringify(thread, null, 2)}\n`);
  else say(io, threadFacts(thread, Date.now()));
}

function turnsOf(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`"${text}" isn't a number of turns: a whole number from 1 is expected`);
  return Number(text);
}
