import { cLibrary } from '../../../foundation/util/index.ts';

const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
const CLOCK_BOOTTIME = 7;
/** The unit of start times in /proc (USER_HZ): 100 a second on every platform that keel has native code for. */
const NS_PER_TICK = 10_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

export interface Subreaper {
  /** When it began, in clock ticks since boot: no orphan of a later command is older. */
  readonly sinceTicks: number;
  /** Collects the exit status of a child if it has ended. */
  readonly reap: (pid: number) => void;
}

/**
 * Makes this process the one that orphans of its descendants are re-parented to, in place of init (prctl(2),
 * PR_SET_CHILD_SUBREAPER). It stays so until it ends. Linux only.
 * @throws where the C library can't be called, and if the kernel refuses
 */
export function becomeSubreaper(): Subreaper {
  const { native, functions } = cLibrary();
  const prctl = functions.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
  const clockGettime = functions.func('clock_gettime', 'int', ['int', 'void *']);
  const waitpid = functions.func('waitpid', 'int', ['int', 'void *', 'int']);
  const time = new BigInt64Array(2);
  if (clockGettime(CLOCK_BOOTTIME, time) !== 0) throw new Error(`clock_gettime failed with error ${native.errno()}`);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) !== 0) throw new Error(`prctl failed with error ${native.errno()}`);
  const [seconds = 0n, nanoseconds = 0n] = time;
  return {
    sinceTicks: Number((seconds * NS_PER_SECOND + nanoseconds) / NS_PER_TICK),
    reap: (pid) => void waitpid(pid, null, WNOHANG),
  };
}
