import { listProcesses, type ProcessEntry, StartWait, startedWith } from './process-table.ts';

/** In the environment of every command: finds what a command left behind, also outside its process group. */
export const MARK_VARIABLE = 'KEEL_CALL_ID';

/** A command that was started, as it can be found again. */
export interface Group {
  /** Process id of the command, and of the group and the session it leads. */
  readonly pid: number;
  /** The leader's start time; null where the system does not report it. */
  readonly startTicks: number | null;
  readonly mark: string;
  /** The leader only supervises the command (bubblewrap), and the command ends with it. */
  readonly isSupervised?: boolean;
  /** It does not end with the session. */
  readonly outlives?: boolean;
}

export interface TreeOptions {
  /** Text in an environment that shows that a process belongs to the commands. */
  readonly marks: readonly string[];
  /**
   * The start of the oldest command, clock ticks since boot. The environment of what is older is not read: most of what runs on
   * a machine was there before its commands.
   */
  readonly since?: number;
  /** Orphans that belong to the commands; null: none do. */
  readonly orphans?: { includes(entry: ProcessEntry): boolean } | null;
}

/** The mark as it is in the environment of what a command started. */
export function markedBy(mark: string): string {
  return `${MARK_VARIABLE}=${mark}\0`;
}

/** The beginning of all marks with this prefix, as it is in an environment. */
export function markedFrom(prefix: string): string {
  return `${MARK_VARIABLE}=${prefix}`;
}

/**
 * The processes that belong to these commands: members of their groups and sessions, all descendants of those, and whatever
 * has one of the `marks` in its environment, however it got away (`setsid`, a double fork). A group whose leader's id
 * belongs to another process by now is left alone.
 */
export function processTreeOf(
  groups: readonly Group[],
  { marks, since = 0, orphans = null }: TreeOptions,
): ProcessEntry[] {
  const table = listProcesses();
  const startedAt = new Map(table.map((entry) => [entry.pid, entry.startTicks]));
  const own = groups.filter((group) => isSame(group, startedAt.get(group.pid)));
  const ids = new Set(own.map(({ pid }) => pid));
  const found = new Map<number, ProcessEntry>();
  const start = new StartWait();
  for (const entry of table) {
    const isMember = ids.has(entry.pid) || ids.has(entry.group) || ids.has(entry.session);
    const isMarked = () => entry.startTicks >= since && startedWith(entry.pid, marks, start);
    if (isMember || orphans?.includes(entry) || isMarked()) {
      found.set(entry.pid, entry);
    }
  }
  addDescendants(found, table);
  found.delete(process.pid);
  return [...found.values()];
}

/** Whether the id of a group still means that group: its leader lives, or nobody has taken the id over. */
export function isSame({ startTicks }: Group, ticksNow: number | undefined): boolean {
  return ticksNow === undefined || startTicks === null || ticksNow === startTicks;
}

function addDescendants(found: Map<number, ProcessEntry>, table: readonly ProcessEntry[]): void {
  let before = -1;
  while (found.size > before) {
    before = found.size;
    for (const entry of table) if (found.has(entry.parent)) found.set(entry.pid, entry);
  }
}

/** Sends a signal to a process, or to a whole group by its negative id. False if there is none (any more). */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // It has ended, which is what a signal is usually sent for, or it is not ours.
    return false;
  }
}
