import { isInside } from '../../../foundation/util/index.ts';
import type { Confinement, WritablePath } from '../../process/index.ts';
import type { BackendFacts, Mount } from '../plan/exec-plan.ts';
import { seccompProgram } from '../seccomp/program.ts';
import type { DeniedOnDemand, FilterArch } from '../seccomp/syscall-numbers.ts';
import { coveringEntries, type Entry, stillThere } from './covering-entries.ts';

export interface LandlockOptions {
  readonly facts: Extract<BackendFacts, { type: 'landlock' }>;
  /** Mounts in the order in which they would cover each other; here they become rules. */
  readonly mounts: readonly Mount[];
  readonly network: 'full' | 'none';
  readonly arch: FilterArch;
  readonly allowUnixSockets: boolean;
}

export interface LandlockRules {
  readonly confinement: Confinement;
  readonly notes: readonly string[];
}

/** The only devices that a command gets; the others could be disks, or somebody's terminal. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => `/dev/${name}`);
/** The version of Landlock that sees truncate(2), that refuses TCP, and that keeps signals apart. */
const SEES_TRUNCATE = 3;
const REFUSES_TCP = 4;
const KEEPS_SIGNALS = 6;

const ALWAYS_TRUE = [
  'modes, owners and times of files outside can still be changed where the user may',
  'a process that leaves its session and clears its environment is not found when the rest is ended',
  "shared memory, and with it pools of Python's multiprocessing, does not work",
];

/**
 * Rules for the kernel that confine a command as the mounts would. Rights over a directory reach to everything below it and
 * can't be taken back there: so where something in a directory stays closed, its other entries are opened one by one, and
 * new ones can't be made in it. Looks at the file system, changes nothing.
 */
export function landlockRules({ facts, mounts, network, arch, allowUnixSockets }: LandlockOptions): LandlockRules {
  const hidden = mounts.filter(({ type }) => type === 'hidden').map(({ path }) => path);
  const opened = mounts
    .filter(
      ({ type, path }) => (type === 'writable' || type === 'pinned') && !hidden.some((dir) => isInside(path, dir)),
    )
    .map(({ path }) => path);
  const closed = [...mounts.filter(({ type }) => type === 'readOnly').map(({ path }) => path), ...hidden];
  const writable = opened.map((path) => ({ path, entries: coveringEntries(path, stillThere(closed)) }));
  const readable = coveringEntries('/', stillThere([...hidden, '/dev']));
  const written = unique(writable.flatMap(({ entries }) => entries));
  const isOffline = network === 'none';
  const alsoDeny: DeniedOnDemand[] = facts.abi < SEES_TRUNCATE ? ['hostIpc', 'truncate'] : ['hostIpc'];
  const confinement: Confinement = {
    readable: readable.map(({ path }) => path),
    writable: [...written.map(rightsOver), ...DEVICES.map((path): WritablePath => ({ path, rights: 'device' }))],
    identity: [...readable, ...written].map(({ identity }) => identity).join(' '),
    seccomp: seccompProgram({ arch, network, allowUnixSockets, alsoDeny }),
    isScoped: facts.abi >= KEEPS_SIGNALS,
    refusesTcp: isOffline && facts.abi >= REFUSES_TCP,
  };
  const split = writable.filter(({ path, entries }) => entries[0]?.path !== path).map(({ path }) => path);
  return { confinement, notes: notesOn({ facts, split }) };
}

interface NoteFacts extends Pick<LandlockOptions, 'facts'> {
  /** Directories whose entries were opened one by one. */
  readonly split: readonly string[];
}

function notesOn({ facts, split }: NoteFacts): string[] {
  return [
    ...split.map((dir) => `${dir}: commands can't make, rename or remove entries directly in it; patches can`),
    ...(facts.abi < KEEPS_SIGNALS ? ["this kernel lets commands send signals to the user's other processes"] : []),
    ...ALWAYS_TRUE,
  ];
}

function rightsOver({ path, isDirectory }: Entry): WritablePath {
  return { path, rights: isDirectory ? 'tree' : 'file' };
}

function unique(entries: readonly Entry[]): readonly Entry[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}
