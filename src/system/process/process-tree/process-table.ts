import { readdirSync, readFileSync } from 'node:fs';
import { hasOwnProc, type ProcessStat, processStat, statFields } from '../../../foundation/util/index.ts';

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

/** Flags of what has no environment: threads of the kernel, and processes that are ending (`PF_KTHREAD`, `PF_EXITING`). */
const WITHOUT_ENVIRONMENT = 0x20_0004;

/** The time that one search has for programs that are just being started, whose files may be on a disk that hangs. */
export class StartWait {
  #leftMs = 100;

  /** Waits a millisecond. False: the time is used up. */
  wait(): boolean {
    if (this.#leftMs === 0) return false;
    this.#leftMs -= 1;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return true;
  }
}

/**
 * Whether a process was started with an environment that contains one of these texts. False for another user's. Waits for a program
 * that is just being started: for a moment it has no environment that could be read, and would go unseen.
 */
export function startedWith(pid: number, texts: readonly string[], start = new StartWait()): boolean {
  if (texts.length === 0) return false;
  try {
    let environment = environmentOf(pid);
    while (environment === '' && mayHaveOne(pid) && start.wait()) environment = environmentOf(pid);
    return texts.some((text) => `${environment}\0`.includes(text));
  } catch {
    // It has just ended, or isn't ours to look at.
    return false;
  }
}

function environmentOf(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, 'latin1');
}

/**
 * Whether a process whose environment was found to be empty may have one by now. The memory of a new program has no place for it at
 * first (`env_start` and `env_end` are 0, proc(5)); then it has one, of no size if the environment is empty.
 */
function mayHaveOne(pid: number): boolean {
  const fields = statFields(pid);
  const [begin, end] = fields.slice(47);
  return (end === '0' || begin !== end) && (Number(fields[6]) & WITHOUT_ENVIRONMENT) === 0;
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
