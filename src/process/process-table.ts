import { readdirSync, readFileSync } from 'node:fs';

/** A process as the system lists it now. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** When it started, in clock ticks since boot: with the pid it names a process for good, a pid alone does not. */
  readonly startTicks: number;
}

/** All living processes; empty where the system has no /proc. Reading takes some 10 µs a process. */
export function listProcesses(): ProcessEntry[] {
  return processIds().flatMap((pid) => processEntry(pid) ?? []);
}

/** Null: no such process, or it has ended and only waits to be collected. */
export function processEntry(pid: number): ProcessEntry | null {
  const stat = readProc(pid, 'stat');
  // The name of the program stands in brackets and may hold anything, brackets too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  if (stat === '' || state === 'Z' || state === 'X') return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks: Number(fields[19]),
  };
}

/** Whether a process was started with an environment that holds this text. False for another user's. */
export function startedWith(pid: number, text: string): boolean {
  return `${readProc(pid, 'environ')}\0`.includes(text);
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  } catch {
    // No /proc on this system: a process group is all that can be found there.
    return [];
  }
}

function readProc(pid: number, file: 'stat' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It has just ended, or is not ours to look at.
    return '';
  }
}
