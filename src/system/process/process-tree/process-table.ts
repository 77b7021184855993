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

/** A thread of the kernel (`PF_KTHREAD` in its flags), which has no environment either. */
const KERNEL_THREAD = 0x20_0000;

/** How often, a millisecond apart, an environment is looked for that is just being set up. */
const MAX_LOOKS = 100;

/**
 * Whether a process was started with an environment that contains this text. False for another user's. Waits for a program that
 * is just being started: for a moment it has no environment that could be read, and would go unseen.
 */
export function startedWith(pid: number, text: string): boolean {
  try {
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      if (environment !== '' || !isBeingStarted(pid)) return `${environment}\0`.includes(text);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    return false;
  } catch {
    // It has just ended, or isn't ours to look at.
    return false;
  }
}

/** Whether the memory of a new program has no place for an environment yet (`env_end`, proc(5)). */
function isBeingStarted(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const hasEnded = state === 'Z' || state === 'X';
  return !hasEnded && fields[47] === '0' && (Number(fields[5]) & KERNEL_THREAD) === 0;
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
