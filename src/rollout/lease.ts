import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { KeelError } from '../protocol/index.ts';
import { reasonOf } from '../util/index.ts';

/** Says that this process alone writes a thread. */
export interface Lease extends Disposable {
  release(): void;
}

/**
 * Takes the thread for this process: a file beside the rollout names the owner by pid and start time, so that a dead
 * owner, or another process with its pid, doesn't hold it for ever. Processes are known on one machine only: a home that
 * several machines share is not guarded.
 * @throws KeelError `threadBusy` while a living process has it; `storageFailed` if it can't be written down
 */
export function acquireLease(rolloutPath: string): Lease {
  const path = `${rolloutPath}.lease`;
  // Written whole beside its place and then linked into it: nobody ever reads half a lease.
  const draft = `${path}.${process.pid}`;
  const owner = `${process.pid} ${processState(process.pid)?.startTicks ?? ''}\n`;
  try {
    writeFileSync(draft, owner, { mode: 0o600 });
    take(path, draft);
  } catch (error) {
    if (error instanceof KeelError) throw error;
    const reason = reasonOf(error);
    throw new KeelError('storageFailed', `the thread can't be taken for writing: ${reason}`, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
  let isHeld = true;
  const release = () => {
    if (isHeld && readText(path) === owner) rmSync(path, { force: true });
    isHeld = false;
  };
  return { release, [Symbol.dispose]: release };
}

function take(path: string, draft: string): void {
  for (;;) {
    if (linkExclusively(draft, path)) return;
    const held = readText(path);
    if (held === null) continue;
    const holder = parseHolder(held);
    if (holder && isAlive(holder)) throw busy(holder);
    if (replaceDead(path, held, draft)) return;
  }
}

/**
 * Puts our lease in the place of a dead one. Only one process may do so at a time, or the second would throw away the
 * lease that the first has just taken; the right to it is a lease as well, so its owner may die without harm.
 */
function replaceDead(path: string, dead: string, draft: string): boolean {
  const right = `${path}.takeover`;
  take(right, draft);
  try {
    if (readText(path) !== dead) return false;
    rmSync(path);
    return linkExclusively(draft, path);
  } finally {
    rmSync(right, { force: true });
  }
}

interface Holder {
  readonly pid: number;
  /** Empty where the system doesn't tell. */
  readonly startTicks: string;
}

/** Null for what no keel wrote whole: nobody holds it. */
function parseHolder(text: string): Holder | null {
  const [, pid, startTicks = ''] = /^([1-9]\d*) (\d*)\n$/.exec(text) ?? [];
  return pid === undefined ? null : { pid: Number(pid), startTicks };
}

function isAlive({ pid, startTicks }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not ours to signal, but there.
    return hasCode(error, 'EPERM');
  }
  const now = processState(pid);
  if (now === null) return true;
  return !now.hasEnded && (startTicks === '' || startTicks === now.startTicks);
}

/** What the kernel tells of a process; null where there is no proc(5), or the process is gone. */
function processState(pid: number): { readonly startTicks: string; readonly hasEnded: boolean } | null {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name in brackets may hold anything; the fields behind it are counted from the third, the state.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { startTicks: fields[19] ?? '', hasEnded: fields[0] === 'Z' || fields[0] === 'X' };
}

function busy({ pid }: Holder): KeelError {
  const message =
    pid === process.pid
      ? 'this thread is open already in this process'
      : `this thread is being written by another process (pid ${pid}): wait for it, or stop it first`;
  return new KeelError('threadBusy', message);
}

/** @returns false if something has the name already */
function linkExclusively(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    if (!hasCode(error, 'EPERM') && !hasCode(error, 'ENOTSUP') && !hasCode(error, 'ENOSYS')) throw error;
  }
  // A file system without hard links: the name is taken as safely, the text comes a moment later.
  try {
    writeFileSync(to, readFileSync(from), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return null;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
