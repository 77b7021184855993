import { accessSync, constants } from 'node:fs';
import { type Processes, runCommand } from '../process/index.ts';
import { bwrapCommand } from './backends/bwrap.ts';
import type { BackendFacts } from './exec-plan.ts';
import { filterArch } from './plan.ts';
import { seccompProgram } from './seccomp/program.ts';
import type { FilterArch } from './seccomp/syscall-numbers.ts';

export interface ProbeOptions {
  readonly processes: Processes;
  /** Where bubblewrap is, if not at its usual place. Absolute. */
  readonly bwrapPath: string | null;
  readonly signal: AbortSignal;
}

const USUAL_PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
const LIMIT_MS = 5_000;

/** Finds out what really works here by running a trivial command in it, with everything that commands are held by. */
export async function probeBackend({ processes, bwrapPath, signal }: ProbeOptions): Promise<BackendFacts> {
  if (process.platform !== 'linux') {
    return unavailable(`commands can't be held in on ${process.platform} yet`);
  }
  const arch = filterArch();
  if (arch === null) return unavailable(`commands can't be held in on ${process.arch} machines yet`);
  const path = (bwrapPath === null ? USUAL_PLACES : [bwrapPath]).find(isExecutable);
  if (path === undefined) {
    return unavailable(
      `bubblewrap is not installed${bwrapPath === null ? '' : ` at ${bwrapPath}`}: install it (Debian, Ubuntu: apt install bubblewrap)`,
    );
  }
  let told = '';
  for (const ownProc of [true, false]) {
    const facts = { type: 'bwrap', path, ownProc } as const;
    const outcome = await runCommand(trial(facts, arch), {
      processes,
      timeoutMs: LIMIT_MS,
      signal,
      onText: () => undefined,
      spill: null,
    });
    if (outcome.end.type === 'exited' && outcome.end.exitCode === 0) return facts;
    told = outcome.end.type === 'spawnFailed' ? outcome.end.message : outcome.output.trim();
  }
  return unavailable(
    `${path} can't start a sandbox here${told === '' ? '' : ` ("${told.slice(0, 200)}")`}: user namespaces have to be allowed (kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap; in a container, a seccomp profile that lets it)`,
  );
}

function trial(facts: Extract<BackendFacts, { type: 'bwrap' }>, arch: FilterArch) {
  const filter = seccompProgram({ arch, network: 'none', allowUnixSockets: false });
  const spec = { argv: ['true'], cwd: '/', env: { PATH: '/usr/bin:/bin' } };
  return bwrapCommand({ facts, spec, mounts: [], network: 'none', filter });
}

function unavailable(cause: string): BackendFacts {
  return {
    type: 'unavailable',
    reason: `The sandbox can't be started, so commands are refused: ${cause}. To run without it, choose the sandbox mode danger-full-access.`,
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not a program.
    return false;
  }
}
