import { readdirSync, readFileSync } from 'node:fs';
import { hasOwnProc, type ProcessStat, processStat } from '../../../foundation/util/index.ts';

/** A process as the system lists it now. With its start time the pid names a process for good, a pid alone doesn't. */
export interface ProcessEntry extends Omit<ProcessStat, 'hasEnded'> {
  readonly pid: number;
}

/** All living processes; empty where the system has no /proc. Reading takes some 10 µs a process. */
export function listProcesses(): ProcessEntry[] {
  return processIds().flatMap((pid) => processEntry(pid) ?? []);
}

/** Null: no such process, or it has ended and only waits to be collected. */
export function processEntry(pid: number): ProcessEntry | null {
  const stat = processStat(pid);
  if (stat === null || stat.hasEnded) return null;
  const { parent, group, session, startTicks } = stat;
  return { pid, parent, group, session, startTicks };
}

/** Whether a process was started with an environment that contains this text. False for another user's. */
export function startedWith(pid: number, text: string): boolean {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`.includes(text);
  } catch {
    // It has just ended, or isn't ours to look at.
    return false;
  }
}

function processIds(): number[] {
  // The ids of another PID namespace mean other processes here: a signal would reach the wrong one.
  if (!hasOwnProc()) return [];
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  } catch {
    // /proc can't be listed: a process group is all that can be found there.
    return [];
  }
}
