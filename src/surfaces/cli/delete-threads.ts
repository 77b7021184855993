import { KeelError } from '../../foundation/protocol/index.ts';
import { deleteThread, ThreadIndex, type ThreadSummary } from '../../storage/threads/index.ts';
import type { CommandIo } from './io.ts';
import { note, say } from './output.ts';
import { threadLines } from './thread-lines.ts';
import { UsageError } from './usage.ts';

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** Most that a page of the index has. */
const PAGE = 1_000;

/** An age such as `30d`, in milliseconds. @throws UsageError */
export function ageMs(text: string | undefined): number {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([mhdw])$/.exec(text ?? '') ?? [];
  const size = UNIT_MS[unit];
  if (count !== undefined && size !== undefined) return Number(count) * size;
  throw new UsageError(
    `how old? keel threads purge --older 30d (m, h, d or w)${text === undefined ? '' : `, not "${text}"`}`,
  );
}

/** Deletes a thread and those that it started. @throws KeelError as `deleteThread` does */
export async function deleteWithChildren(
  io: CommandIo,
  home: string,
  thread: { readonly threadId: string; readonly path: string },
): Promise<void> {
  using index = new ThreadIndex(home);
  const below = descendants(thread.threadId, await everyThread(index));
  deleteThread(home, thread);
  let count = 0;
  for (const { id, path } of below) if (tryDelete(io, home, { threadId: id, path })) count += 1;
  const more = count === 0 ? '' : ` with ${count} that it started`;
  say(io, `Deleted ${thread.threadId}${more}.\n`);
}

export interface PurgeOptions {
  readonly olderMs: number;
  /** Archived threads only. */
  readonly archived: boolean;
  readonly dryRun: boolean;
}

/** Deletes the threads of the user that have not changed for some time, with those that they started. */
export async function purgeThreads(
  io: CommandIo,
  home: string,
  { olderMs, archived, dryRun }: PurgeOptions,
): Promise<number> {
  const nowMs = Date.now();
  using index = new ThreadIndex(home);
  const all = await everyThread(index);
  const old = all.filter(
    (thread) => nowMs - thread.updatedAt >= olderMs && (!archived || thread.archived) && thread.parentId === null,
  );
  if (dryRun) {
    say(io, threadLines({ threads: old, nextCursor: null }, nowMs));
    return 0;
  }
  const going = old.flatMap((thread) => [thread, ...descendants(thread.id, all)]);
  const deleted = going.filter(({ id, path }) => tryDelete(io, home, { threadId: id, path })).length;
  say(io, deleted === 0 ? 'No threads to delete.\n' : `Threads deleted: ${deleted}.\n`);
  return deleted === going.length ? 0 : 1;
}

function tryDelete(io: CommandIo, home: string, thread: { readonly threadId: string; readonly path: string }): boolean {
  try {
    deleteThread(home, thread);
    return true;
  } catch (error) {
    if (!(error instanceof KeelError)) throw error;
    note(io, `keel: ${error.message}\n`);
    return false;
  }
}

/** Archived or not. */
async function everyThread(index: ThreadIndex): Promise<ThreadSummary[]> {
  const found: ThreadSummary[] = [];
  for (const archived of [false, true]) {
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await index.list({ archived, limit: PAGE, ...(cursor === '' ? {} : { cursor }) });
      found.push(...page.threads);
      cursor = page.nextCursor;
    }
  }
  return found;
}

function descendants(id: string, all: readonly ThreadSummary[]): ThreadSummary[] {
  const children = all.filter(({ parentId }) => parentId === id);
  return children.flatMap((child) => [child, ...descendants(child.id, all)]);
}
