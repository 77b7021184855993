import { FileFault, type PlaceJudge } from '../../../../foundation/files/index.ts';
import type { SandboxPolicy } from '../../../../foundation/protocol/index.ts';
import { isInside } from '../../../../foundation/util/index.ts';
import type { Config } from '../../../../storage/config/index.ts';
import {
  nameFaultJudge,
  readJudge,
  type SessionRoots,
  type WriteFault,
  writableRoots,
  writeFaultJudge,
} from '../../../../system/sandbox/index.ts';
import type { ServerSettings } from '../server-settings.ts';

/** What clients may read and write: in a workspace, and there what a sandboxed command could. */
export interface Places {
  readonly mayRead: PlaceJudge;
  /** Why a path may not be written, as the end of a sentence; null if it may. A link at its end is followed. */
  readonly writeFault: (path: string) => string | null;
  /** The same for a name that is removed or replaced: a link is that name itself. */
  readonly nameFault: (path: string) => string | null;
}

const FAULTS: Readonly<Record<WriteFault, string>> = {
  outside: 'it is not in a folder that may be written',
  protected: 'it is protected, as are all files that decide what runs later',
  hardLinks: 'it has other names (hard links), which may be anywhere',
};

/** The places as they are now. The workspace of each folder counts for itself. */
export async function findPlaces(settings: ServerSettings): Promise<Places> {
  const all = (await settings.configs()).map((config) => placesOf(config, settings.roots));
  const anyOf = (faults: readonly (string | null)[]) => (faults.includes(null) ? null : (faults[0] ?? null));
  return {
    mayRead: (place) => anyOf(all.map(({ mayRead }) => mayRead(place))),
    writeFault: (path) => anyOf(all.map(({ writeFault }) => writeFault(path))),
    nameFault: (path) => anyOf(all.map(({ nameFault }) => nameFault(path))),
  };
}

/** @throws FileFault for a fault */
export function refuse(fault: string | null, prefix = ''): void {
  if (fault !== null) throw new FileFault(prefix + fault);
}

function placesOf(config: Config, sessionRoots: SessionRoots): Places {
  const { home, cwd, env, sandboxPolicy: policy } = config;
  const { hidden, allowGitCommit } = config.sandbox;
  const options = { policy, cwd, env, home, hidden, allowGitCommit, sessionRoots };
  const isHidden = readJudge({ policy, home, hidden });
  const readable = writableRoots({ ...options, policy: workspaceOf(policy) });
  const [writeFault, nameFault] = [writeFaultJudge(options), nameFaultJudge(options)];
  const shown = (fault: WriteFault | null, path: string) =>
    fault === null ? isHidden({ path, stats: null }) : FAULTS[fault];
  return {
    mayRead: (place) =>
      readable.some((root) => isInside(place.path, root)) ? isHidden(place) : 'it is not in the workspace',
    writeFault: (path) => shown(writeFault(path), path),
    nameFault: (path) => shown(nameFault(path), path),
  };
}

/** What belongs to the workspace where nothing may be written: the folder itself. */
function workspaceOf(policy: SandboxPolicy): SandboxPolicy {
  if (policy.mode !== 'read-only') return policy;
  return {
    mode: 'workspace-write',
    network_access: false,
    exclude_tmpdir_env_var: true,
    exclude_slash_tmp: true,
  };
}
