import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { randomUUID } from '../random.ts';

/**
 * A process as it can be recognized later, also by another machine or container on the same files. A pid alone says nothing:
 * ids are used again, and each PID namespace counts its own.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in clock ticks since boot; null where the system doesn't say. */
  readonly startTicks: number | null;
  /** Where the pid counts: see `processPlace`. */
  readonly place: string;
}

/** What the kernel says of a process (proc(5)). */
export interface ProcessStat {
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTicks: number;
  /** It has ended and only waits to be collected. */
  readonly hasEnded: boolean;
}

let place: string | null = null;

/**
 * Names the boot of the machine and the PID namespace that this process's ids count in; equal for two processes only if each
 * can see the other by its pid. Where that can't be found out it is equal to no other.
 */
export function processPlace(): string {
  place ??= findPlace();
  return place;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startTicks: processStat(process.pid)?.startTicks ?? null, place: processPlace() };
}

/** Whether that process still runs; null if it can't be seen from here. */
export function isRunning({ pid, startTicks, place: itsPlace }: ProcessIdentity): boolean | null {
  if (itsPlace !== processPlace()) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's, but there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const now = processStat(pid);
  if (now === null) return true;
  return !now.hasEnded && (startTicks === null || startTicks === now.startTicks);
}

/** Null: no such process, or the system has no /proc, or only that of another PID namespace. */
export function processStat(pid: number): ProcessStat | null {
  if (!hasOwnProc()) return null;
  let fields: readonly string[];
  try {
    fields = statFields(pid);
  } catch {
    // It has just ended, or isn't ours to look at.
    return null;
  }
  const [state, parent, group, session] = fields;
  return {
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks: Number(fields[19]),
    hasEnded: state === 'Z' || state === 'X',
  };
}

/** What /proc/PID/stat has from the state on: field N of proc(5) is at N - 3. @throws if it can't be read */
export function statFields(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name of the program is in brackets and may contain anything, brackets too; the state follows it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

let ownProc: boolean | null = null;

/** Whether /proc lists processes by the ids that count here: a new PID namespace may still have the old one's mounted. */
export function hasOwnProc(): boolean {
  ownProc ??= linkText('/proc/self') === String(process.pid);
  return ownProc;
}

function findPlace(): string {
  if (process.platform !== 'linux') return `${process.platform}/${hostname()}`;
  const namespace = linkText('/proc/self/ns/pid');
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    if (hasOwnProc() && namespace !== null) return `${boot}/${namespace}`;
  } catch {
    // Hidden in some sandboxes.
  }
  return `unknown/${randomUUID()}`;
}

function linkText(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    // No /proc, or this process isn't in it.
    return null;
  }
}
