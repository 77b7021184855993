import { reasonOf } from '../../../foundation/util/index.ts';
import { landlockVersion, type Processes, runCommand } from '../../process/index.ts';
import type { FilterArch } from '../seccomp/syscall-numbers.ts';
import { landlockRules } from './landlock.ts';

export interface LandlockProbeOptions {
  readonly processes: Processes;
  readonly arch: FilterArch;
  readonly signal: AbortSignal;
}

export type LandlockProbe =
  | { readonly type: 'works'; readonly abi: number }
  | { readonly type: 'fails'; readonly cause: string };

const LIMIT_MS = 5_000;
const NOT_HELD = 9;
/**
 * Writes to a device that commands may write, and to a file that any process may write that is not confined. Needs no
 * directory: there may be none that the user can write.
 */
const SCRIPT = `echo x > /dev/null || exit 1; (: > /proc/self/comm) 2> /dev/null && exit ${NOT_HELD}; exit 0`;

/** Really confines a thread here and looks at what a command that it starts can write. */
export async function probeLandlock({ processes, arch, signal }: LandlockProbeOptions): Promise<LandlockProbe> {
  try {
    const abi = await landlockVersion();
    const facts = { type: 'landlock', abi, reason: '' } as const;
    const { confinement } = landlockRules({ facts, mounts: [], network: 'none', arch, allowUnixSockets: false });
    const spec = { argv: ['/bin/sh', '-c', SCRIPT], cwd: '/', env: { PATH: '/usr/bin:/bin' }, confinement };
    const options = { processes, timeoutMs: LIMIT_MS, signal, onText: () => undefined, spill: null };
    const { end, output } = await runCommand(spec, options);
    if (end.type === 'spawnFailed') return { type: 'fails', cause: end.message };
    if (end.type === 'exited' && end.exitCode === 0) return { type: 'works', abi };
    const isFree = end.type === 'exited' && end.exitCode === NOT_HELD;
    const cause = isFree
      ? 'a trial could write what it should not'
      : output.trim().slice(0, 200) || `a trial ${end.type}`;
    return { type: 'fails', cause };
  } catch (error) {
    return { type: 'fails', cause: reasonOf(error) };
  }
}
