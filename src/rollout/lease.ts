import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { KeelError } from '../protocol/index.ts';

/** Says that this process alone writes a thread. */
export interface Lease extends Disposable {
  release(): void;
}

/**
 * Takes the thread for this process: a file beside the rollout names the owner by pid and start time, so that a dead
 * owner, or another process with its pid, doesn't hold it for ever.
 * @throws KeelError `threadBusy` while a living process has it
 */
export function acquireLease(rolloutPath: string): Lease {
  const path = `${rolloutPath}.lease`;
  const owner = `${process.pid} ${startTicks(process.pid)}\n`;
  for (;;) {
    if (createExclusively(path, owner)) return leaseAt(path);
    const holder = readHolder(path);
    if (holder !== null && isAlive(holder)) {
      throw new KeelError(
        'threadBusy',
        `this thread is being written by another process (pid ${holder.pid}): wait for it, or stop it first`,
      );
    }
    // Its owner is gone. If two processes come here at once, one of them creates the file anew.
    unlinkIfThere(path);
  }
}

function leaseAt(path: string): Lease {
  let held = true;
  const release = () => {
    if (held) unlinkIfThere(path);
    held = false;
  };
  return { release, [Symbol.dispose]: release };
}

interface Holder {
  readonly pid: number;
  readonly ticks: string;
}

function createExclusively(path: string, text: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeelError('storageFailed', `the thread can't be taken for writing: ${reason}`, { cause: error });
  }
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
  return true;
}

function readHolder(path: string): Holder | null {
  try {
    const [pid = '', ticks = ''] = readFileSync(path, 'utf8').trim().split(' ');
    return /^\d+$/.test(pid) ? { pid: Number(pid), ticks } : null;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function isAlive({ pid, ticks }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
  const now = startTicks(pid);
  return now === '' || ticks === '' || now === ticks;
}

/** When a process started, in kernel ticks; empty where the system doesn't tell. Field 22 of proc(5) stat. */
export function startTicks(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    // Not Linux, or the process has just ended.
    return '';
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
