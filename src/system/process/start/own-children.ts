import type { ChildProcess } from 'node:child_process';
import { randomUUID } from '../../../foundation/util/index.ts';

/** In the environment of programs that are meant to outlive keel: finds what they left running, too. */
export const OUTLIVES_VARIABLE = 'KEEL_OUTLIVES';

/** Children that keel's main thread has started and whose exit status somebody here collects. */
const running = new Set<number>();
let token: string | null = null;

/** Any other child of the main thread is an orphan that the kernel has given to keel: see `Orphans`. */
export function isOwnChild(pid: number): boolean {
  return running.has(pid);
}

/** Call it in the same tick as the start: until then the child could be taken for an orphan. */
export function addOwnChild(pid: number): void {
  running.add(pid);
}

/** Call it once the exit status is collected: the process id may be given to another process from then on. */
export function removeOwnChild(pid: number): void {
  running.delete(pid);
}

/** Adds a child of Node's for as long as it runs; one that could not be started is left out. */
export function trackChild(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  addOwnChild(pid);
  child.once('exit', () => removeOwnChild(pid));
}

/** The value is this process's own: a keel that runs as a command of another one can't exempt its programs there. */
export function outlivingEnvironment<E>(env: E): E & Record<typeof OUTLIVES_VARIABLE, string> {
  token ??= randomUUID();
  return { ...env, [OUTLIVES_VARIABLE]: token };
}

/** What the environment of such a program contains; null: none was started. */
export function outlivesMark(): string | null {
  return token === null ? null : `${OUTLIVES_VARIABLE}=${token}\0`;
}
