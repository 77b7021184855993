import { parseArgs, stripVTControlCharacters } from 'node:util';
import { resolveHome } from '../../config/index.ts';
import { KeelError } from '../../protocol/index.ts';
import { nameThread, ThreadIndex, type ThreadSummary } from '../../rollout/index.ts';
import type { CommandIo } from '../io.ts';
import { HelpRequested, UsageError } from '../usage.ts';

const help = `Usage: keel threads list [--search TEXT] [--cwd DIR] [--archived] [--children] [--limit N] [--cursor C] [--json]
       keel threads show ID [--json]
       keel threads rename ID NAME

Threads in which you have said something, newest first; --children adds those that threads began for themselves (reviewers,
helper agents). The cursor of the next page is told where there is one.
`;
const options = {
  search: { type: 'string' },
  cwd: { type: 'string' },
  archived: { type: 'boolean', default: false },
  children: { type: 'boolean', default: false },
  limit: { type: 'string' },
  cursor: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** `keel threads`: the recorded conversations. */
export async function threadsCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = parse(words);
  const [verb, id, ...rest] = positionals;
  if (values.help || verb === undefined) throw new HelpRequested(help);
  const home = resolveHome(io.env);
  using index = new ThreadIndex(home);
  if (verb === 'list') return list(io, index, values);
  if (id === undefined) throw new UsageError(`which thread? keel threads ${verb} ID`);
  const thread = await index.get(id);
  if (thread === null) throw new KeelError('threadNotFound', `there is no thread with the id ${id}`);
  if (verb === 'rename') {
    nameThread(home, { id: thread.id, name: rest.join(' '), nowMs: Date.now() });
    return 0;
  }
  if (verb !== 'show') throw new UsageError(`there is no "threads ${verb}"`);
  io.stdout.write(values.json ? `${JSON.stringify(thread, null, 2)}\n` : described(thread));
  return 0;
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function list(io: CommandIo, index: ThreadIndex, values: ReturnType<typeof parse>['values']): Promise<number> {
  const { search, cwd, cursor, limit, archived, children, json } = values;
  const page = await index.list({
    archived,
    children,
    ...(search === undefined ? {} : { search }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  });
  if (json) io.stdout.write(`${JSON.stringify(page, null, 2)}\n`);
  else {
    for (const thread of page.threads) io.stdout.write(`${thread.id}  ${when(thread)}  ${titleOf(thread)}\n`);
    if (page.nextCursor !== null) io.stdout.write(`More: --cursor '${page.nextCursor}'\n`);
  }
  return 0;
}

function described(thread: ThreadSummary): string {
  const rows = [
    ['id', thread.id],
    ['name', thread.name ?? '-'],
    ['changed', when(thread)],
    ['directory', thread.cwd],
    ['model', thread.model ?? '-'],
    ['turns', String(thread.turnCount)],
    ['file', thread.path],
    ['begins', titleOf(thread)],
  ];
  return rows.map(([key, value]) => `${key}: ${value}\n`).join('');
}

function when({ updatedAt }: ThreadSummary): string {
  return new Date(updatedAt).toISOString().slice(0, 16).replace('T', ' ');
}

/** Files of others may hold anything: nothing of it steers the terminal. */
function titleOf({ name, preview }: ThreadSummary): string {
  const line = (name ?? preview).replaceAll(/\s+/g, ' ').slice(0, 80);
  return stripVTControlCharacters(line).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '');
}
