import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { landlockVersion, type Processes, runCommand } from '../../process/index.ts';
import { reasonOf } from '../../util/index.ts';
import { realPath } from '../real-path.ts';
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
/** Writes where it may and where it may not. */
const SCRIPT = 'echo x > in/made; echo x > out/made; true';

/** Really confines a thread here and looks at what a command that it starts can write. */
export async function probeLandlock({ processes, arch, signal }: LandlockProbeOptions): Promise<LandlockProbe> {
  const place = realPath(mkdtempSync(join(tmpdir(), 'keel-probe-')));
  try {
    const abi = await landlockVersion();
    for (const name of ['in', 'out']) mkdirSync(join(place, name));
    const mounts = [{ type: 'writable', path: join(place, 'in') }] as const;
    const facts = { type: 'landlock', abi, reason: '' } as const;
    const { confinement } = landlockRules({ facts, mounts, network: 'none', arch, allowUnixSockets: false });
    const spec = { argv: ['/bin/sh', '-c', SCRIPT], cwd: place, env: { PATH: '/usr/bin:/bin' }, confinement };
    const options = { processes, timeoutMs: LIMIT_MS, signal, onText: () => undefined, spill: null };
    const { end, output } = await runCommand(spec, options);
    if (end.type === 'spawnFailed') return { type: 'fails', cause: end.message };
    const isHeld = existsSync(join(place, 'in', 'made')) && !existsSync(join(place, 'out', 'made'));
    if (end.type === 'exited' && end.exitCode === 0 && isHeld) return { type: 'works', abi };
    return { type: 'fails', cause: output.trim().slice(0, 200) || `a trial ${end.type}` };
  } catch (error) {
    return { type: 'fails', cause: reasonOf(error) };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
