import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod/mini';
import { KeelError } from '../../foundation/protocol/index.ts';
import {
  isRunning,
  loadedCLibrary,
  lockFile,
  ownIdentity,
  parseJson,
  processPlace,
  randomUUID,
  reasonOf,
  storageAdvice,
} from '../../foundation/util/index.ts';
import { hasCode, linkExclusively } from './exclusive-file.ts';
import { isSameFile, type OwnFile, writeDraft } from './own-file.ts';

/** Names this process as the only one that writes a thread. */
export interface Lease extends Disposable {
  /** Whether the owner before was not known to be gone. */
  readonly isTakenOver: boolean;
  /**
   * Called before anything is written for the thread or done in its name: a process that was stopped for a while may have lost it.
   * @throws KeelError `threadTaken` when another process has taken the thread over; `sessionClosed` once it is sealed
   */
  fence(): void;
  /** Lets nothing more through the fence, while the thread is still kept from others. */
  seal(): void;
  release(): void;
}

export interface LeaseOptions {
  /** Take the thread from an owner that lives, or can't be judged: from then on its fence lets nothing through. Default false. */
  readonly takeOver?: boolean;
  /** Where this process can be reached, for whoever finds the thread taken: printable ASCII, at most 256 characters. */
  readonly address?: string | undefined;
}

/** Another process has the thread (`threadBusy`), or has taken it from this one (`threadTaken`). */
export class ThreadOwnedError extends KeelError {
  /** Where that process can be reached, as it said when it opened the thread; null: it said nothing, or is gone. */
  readonly address: string | null;

  constructor(kind: 'threadBusy' | 'threadTaken', message: string, address: string | null) {
    super(kind, message);
    this.address = address;
  }
}

/**
 * The owner, as the file beside the rollout names it. `lock` says whether it has a lock on that file, by which others can
 * see that it lives where its pid means nothing to them: `pending` soon after it has taken the thread, `without` if there
 * are no such locks.
 */
const Owner = z.lazy(() =>
  z.looseObject({
    token: z.string(),
    pid: z.int().check(z.positive()),
    startTicks: z.nullable(z.number()),
    place: z.string(),
    host: z.string(),
    lock: z.enum(['pending', 'locked', 'without']),
    address: z.optional(z.string()),
  }),
);
type Owner = z.infer<typeof Owner>;

/** A lock costs the load of the C library: it is taken when the first request is on its way. */
const LOCK_AFTER_MS = 250;
/** An owner that has no lock by then has been killed before it could take one. */
const PENDING_LIFE_MS = 10_000;
/** A lease is rewritten in place: its length never changes. */
const TEXT_BYTES = 1_024;
const ADDRESS = /^[ -~]{1,256}$/;

/**
 * Takes the thread for this process: a file beside the rollout names the owner. Whether another owner lives is judged by its
 * pid and start time where both run in the same PID namespace of the same boot, else by the lock it holds on the file: several
 * containers or machines may share a home.
 * @throws KeelError `threadBusy` while a living process has it, or one that can't be judged, and it is not to be taken over;
 *   (a `ThreadOwnedError`, with its address); `storageFailed` if it can't be written down; `invalidInput` for an address
 */
export function acquireLease(rolloutPath: string, { takeOver = false, address }: LeaseOptions = {}): Lease {
  const path = `${rolloutPath}.lease`;
  const owner = newOwner(address);
  // Written whole beside its place and then linked into it: nobody ever reads half a lease.
  const draft = `${path}.${owner.token}`;
  let file: OwnFile | null = null;
  try {
    file = writeDraft(draft, textOf(owner));
    return new FileLease(path, owner, { file, isTakenOver: take(path, draft, takeOver) });
  } catch (error) {
    if (file !== null) closeSync(file.fd);
    if (error instanceof KeelError) throw error;
    const reason = reasonOf(error);
    throw new KeelError('storageFailed', `the thread can't be taken for writing: ${reason}.${storageAdvice(reason)}`, {
      cause: error,
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Where the process that has a thread can be reached, whether it lives or not; null: nobody has it, or it gave no address. */
export function ownerAddress(rolloutPath: string): string | null {
  return readOwner(`${rolloutPath}.lease`)?.address ?? null;
}

function newOwner(address: string | undefined): Owner {
  if (address !== undefined && !ADDRESS.test(address)) {
    throw new KeelError('invalidInput', 'the address of a thread’s owner is at most 256 printable ASCII characters');
  }
  const where = address === undefined ? {} : { address };
  return { token: randomUUID(), ...ownIdentity(), host: hostname(), lock: 'pending', ...where };
}

class FileLease implements Lease {
  readonly isTakenOver: boolean;
  readonly #path: string;
  readonly #owner: Owner;
  /** Null once it is released: its numbers may be another file's by then. */
  #file: OwnFile | null;
  /** Our own lease, whatever its name leads to by now. */
  #fd: number | null;
  #timer: NodeJS.Timeout | null = null;
  #isSealed = false;

  constructor(path: string, owner: Owner, { file, isTakenOver }: TakenFile) {
    this.isTakenOver = isTakenOver;
    this.#path = path;
    this.#owner = owner;
    this.#file = file;
    this.#fd = file?.fd ?? null;
    if (loadedCLibrary() === null) this.#lockLater();
    else this.#lock();
  }

  fence(): void {
    if (this.#isSealed) throw new KeelError('sessionClosed', 'this process has given the thread up');
    if (this.#isOwn()) return;
    const owner = readOwner(this.#path);
    const by = owner === null ? 'its lease was removed' : `pid ${owner.pid} on ${owner.host} has it`;
    throw new ThreadOwnedError(
      'threadTaken',
      `this thread was taken over by another process (${by}): nothing more is recorded or done here`,
      owner?.address ?? null,
    );
  }

  seal(): void {
    this.#isSealed = true;
  }

  release(): void {
    this.#isSealed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isOwn()) rmSync(this.#path, { force: true });
    this.#file = null;
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #isOwn(): boolean {
    if (this.#file !== null && isSameFile(this.#file, statSync(this.#path, { throwIfNoEntry: false }))) return true;
    // Read by its name, each time: on a shared file system a name that was looked up before may be remembered.
    return readText(this.#path)?.includes(this.#owner.token) === true;
  }

  #lockLater(): void {
    this.#timer = setTimeout(() => this.#lock(), LOCK_AFTER_MS);
    this.#timer.unref();
  }

  #lock(): void {
    this.#timer = null;
    this.#fd ??= this.#ownByName();
    if (this.#fd === null) return;
    const result = lockFile(this.#fd, 'exclusive');
    // Busy for the moment that another process takes to look whether it is locked.
    if (result === 'busy') this.#lockLater();
    else this.#write(this.#fd, result === 'locked' ? 'locked' : 'without');
  }

  /** Null: somebody has removed the lease, or taken it over. */
  #ownByName(): number | null {
    try {
      const fd = openSync(this.#path, 'r+');
      if (parseOwner(readFileSync(fd, 'utf8'))?.token === this.#owner.token) return fd;
      closeSync(fd);
    } catch {
      // There is nothing to lock.
    }
    return null;
  }

  #write(fd: number, lock: Owner['lock']): void {
    try {
      writeSync(fd, textOf({ ...this.#owner, lock }), 0);
    } catch {
      // The lease keeps its first text. Those who can see this process by its pid are not misled by that.
    }
  }
}

interface TakenFile {
  /** Null: the lease is looked at by its text. */
  readonly file: OwnFile | null;
  readonly isTakenOver: boolean;
}

/** @returns whether it was taken over from an owner that may live */
function take(path: string, draft: string, takeOver = false): boolean {
  for (;;) {
    if (linkExclusively(draft, path)) return false;
    const text = readText(path);
    if (text === null) continue;
    const owner = parseOwner(text);
    // What no keel has written whole names nobody.
    const runs = owner === null ? false : (isRunning(owner) ?? lockHolderLives(owner, path, draft));
    if (owner !== null && runs !== false && !takeOver) {
      throw new ThreadOwnedError('threadBusy', busyText(owner, path, runs), owner.address ?? null);
    }
    if (replace(path, text, draft)) return runs !== false;
  }
}

/** For an owner that can't be seen from here; null if nothing shows it. */
function lockHolderLives({ lock }: Owner, path: string, draft: string): boolean | null {
  switch (lock) {
    case 'pending':
      // Both times are those of the file system, whatever the clocks of two machines say.
      return ageOf(draft, path) < PENDING_LIFE_MS;
    case 'locked':
      return isLocked(path);
    case 'without':
      return null;
  }
}

function ageOf(draft: string, path: string): number {
  const taken = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return taken === undefined ? Number.POSITIVE_INFINITY : statSync(draft).mtimeMs - taken;
}

/** Null where there are no locks; a lease that is gone is not locked. */
function isLocked(path: string): boolean | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  try {
    const result = lockFile(fd, 'shared');
    return result === 'unsupported' ? null : result === 'busy';
  } finally {
    closeSync(fd);
  }
}

/**
 * Puts our lease in the place of another. Only one process may do so at a time, or the second would throw away the
 * lease that the first has just taken; the right to it is a lease as well, so its owner may die without harm.
 */
function replace(path: string, other: string, draft: string): boolean {
  const right = `${path}.takeover`;
  take(right, draft);
  try {
    const now = readText(path);
    // An owner that lives rewrites its lease when it has its lock.
    if (now === null || parseOwner(now)?.token !== parseOwner(other)?.token) return false;
    rmSync(path);
    return linkExclusively(draft, path);
  } finally {
    rmSync(right, { force: true });
  }
}

function busyText({ pid, host, place }: Owner, path: string, runs: boolean | null): string {
  const isHere = place === processPlace();
  if (isHere && pid === process.pid) return 'this thread is open already in this process';
  const who = isHere ? `pid ${pid}` : `pid ${pid} on ${host}`;
  if (runs)
    return `this thread is being written by another process (${who}): wait for it, stop it, or take it over (keel exec resume --take-over)`;
  return `this thread was taken by a process that can't be seen from here (${who}): if that has ended, remove ${path}`;
}

function textOf(owner: Owner): string {
  return `${JSON.stringify(owner).padEnd(TEXT_BYTES - 1)}\n`;
}

function readOwner(path: string): Owner | null {
  const text = readText(path);
  return text === null ? null : parseOwner(text);
}

function parseOwner(text: string): Owner | null {
  return Owner.safeParse(parseJson(text)).data ?? null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
