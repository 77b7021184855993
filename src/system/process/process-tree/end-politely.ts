import { setTimeout as delay } from 'node:timers/promises';
import { hasOwnProc, monotonicMs } from '../../../foundation/util/index.ts';
import type { ProcessEntry } from './process-table.ts';
import { type Group, processTreeOf, sendSignal, type TreeOptions } from './process-tree.ts';

/** How often processes that were asked to end are looked at, ms: at first, and at most. */
const FIRST_LOOK_MS = 2;
const LONGEST_LOOK_MS = 20;

export interface EndOptions extends TreeOptions {
  readonly graceMs: number;
}

/**
 * Sends SIGTERM to every process of these commands and waits until none is left, or the grace is over. Nothing is killed here.
 * A supervisor (bubblewrap) is stopped meanwhile: if it ended with the command's main process, the kernel would kill the rest of
 * the command at once, in the middle of its clean-up.
 */
export async function endPolitely(groups: readonly Group[], { graceMs, ...tree }: EndOptions): Promise<void> {
  const supervised = groups.filter(({ isSupervised }) => isSupervised).map(({ pid }) => pid);
  for (const pid of supervised) sendSignal(pid, 'SIGSTOP');
  const members = () => processTreeOf(groups, tree).filter((entry) => !isSupervisor(entry, supervised));
  const asked = members();
  for (const { pid } of asked) sendSignal(pid, 'SIGTERM');
  // Without /proc the groups are all that can be found, ended processes that nobody has collected included.
  const canList = hasOwnProc();
  if (!canList) for (const { pid } of groups) if (!supervised.includes(pid)) sendSignal(-pid, 'SIGTERM');
  const isLeft = () => (canList ? members().length > 0 : groups.some(({ pid }) => sendSignal(-pid, 0)));
  const deadline = monotonicMs() + graceMs;
  for (let pauseMs = FIRST_LOOK_MS; isLeft() && monotonicMs() < deadline; pauseMs *= 2) {
    await delay(Math.min(pauseMs, LONGEST_LOOK_MS, Math.max(1, deadline - monotonicMs())));
  }
}

/** bubblewrap's own processes: the one that was started, and the first one of its process namespace. */
function isSupervisor({ pid, parent }: ProcessEntry, supervised: readonly number[]): boolean {
  return supervised.includes(pid) || supervised.includes(parent);
}
