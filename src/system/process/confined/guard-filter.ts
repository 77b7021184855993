import { assemble, type BpfLine } from './bpf.ts';

/** Numbers of the calls on x86-64 and arm64. */
const CALLS = {
  kill: { x64: 62, arm64: 129 },
  tkill: { x64: 200, arm64: 130 },
  tgkill: { x64: 234, arm64: 131 },
  rt_sigqueueinfo: { x64: 129, arm64: 138 },
  rt_tgsigqueueinfo: { x64: 297, arm64: 240 },
  pidfd_send_signal: { x64: 424, arm64: 424 },
  fcntl: { x64: 72, arm64: 25 },
  ioctl: { x64: 16, arm64: 29 },
  prlimit64: { x64: 302, arm64: 261 },
  setpriority: { x64: 141, arm64: 140 },
  ioprio_set: { x64: 251, arm64: 30 },
  sched_setaffinity: { x64: 203, arm64: 122 },
  sched_setscheduler: { x64: 144, arm64: 119 },
  sched_setparam: { x64: 142, arm64: 118 },
  sched_setattr: { x64: 314, arm64: 274 },
  migrate_pages: { x64: 256, arm64: 238 },
  move_pages: { x64: 279, arm64: 239 },
  setxattr: { x64: 188, arm64: 5 },
  lsetxattr: { x64: 189, arm64: 6 },
  fsetxattr: { x64: 190, arm64: 7 },
  removexattr: { x64: 197, arm64: 14 },
  lremovexattr: { x64: 198, arm64: 15 },
  fremovexattr: { x64: 199, arm64: 16 },
  setxattrat: { x64: 463, arm64: 463 },
  removexattrat: { x64: 466, arm64: 466 },
  file_setattr: { x64: 469, arm64: 469 },
} as const;

/** Landlock has no rights for extended attributes. Programs that copy files take this answer for a file system without any. */
const ATTRIBUTE_CALLS = [
  ...(['setxattr', 'lsetxattr', 'fsetxattr', 'removexattr', 'lremovexattr', 'fremovexattr'] as const),
  ...(['setxattrat', 'removexattrat', 'file_setattr'] as const),
] as const;
/** Their first argument is the process concerned, 0 for the caller. The kernel lets a user change all their processes. */
const CALLS_ON_PROCESSES = [
  ...(['prlimit64', 'sched_setaffinity', 'sched_setscheduler', 'sched_setparam', 'sched_setattr'] as const),
  ...(['migrate_pages', 'move_pages'] as const),
] as const;
/** Requests that change a file which is only open for reading: flags such as immutable, versions, subvolumes of btrfs. */
const INODE_REQUESTS = [
  ...[0x40086602, 0x40046602, 0x401c5820, 0x40087602, 0x40086604, 0x40047211],
  ...[0x4008941a, 0x5000940e, 0x50009401, 0x50009418, 0x50009417, 0x5000940f, 0x5000943f],
];
/** The whole of a user's processes, for setpriority(2) and ioprio_set(2). */
const PRIORITY_OF_USER = 2;
const IO_PRIORITY_OF_USER = 3;

const ARGUMENTS_OFFSET = 16;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
const EOPNOTSUPP = 0x0005005f;
const F_SETOWN = 8;
const F_SETOWN_EX = 15;
const FIOSETOWN = 0x8901;
const SIOCSPGRP = 0x8902;
/** kill(2) on everything there is. */
const EVERYBODY = 0xffffffff;

export interface GuardOptions {
  readonly arch: 'x64' | 'arm64';
  /** keel's process. */
  readonly pid: number;
  /** The thread that is confined. */
  readonly threadId: number;
}

/**
 * A second filter, for what Landlock leaves open: it lets a command send signals to whatever is confined as the command is,
 * and that includes the thread that started it, by which all of keel would be ended. Signals to keel by any of its ids are
 * refused, and so are the ways to have the kernel send them. Limits, priorities and processors of other processes can't be
 * set, nor attributes and flags of files, which Landlock does not see.
 */
export function guardFilter({ arch, pid, threadId }: GuardOptions): Uint8Array {
  const own = [pid, threadId];
  const rules: readonly Rule[] = [
    ['kill', refuseIf(0, [...own, EVERYBODY])],
    ['tkill', refuseIf(0, own)],
    ['rt_sigqueueinfo', refuseIf(0, own)],
    ['tgkill', refuseIf(0, own)],
    ['rt_tgsigqueueinfo', refuseIf(0, own)],
    ['pidfd_send_signal', [verdict(EPERM)]],
    ['fcntl', [load(1), jump(F_SETOWN_EX, 'deny'), jump(F_SETOWN, 'set owner'), verdict(ALLOW)]],
    ['ioctl', refuseIf(1, [FIOSETOWN, SIOCSPGRP, ...INODE_REQUESTS])],
    ['setpriority', onlyForCaller(PRIORITY_OF_USER)],
    ['ioprio_set', onlyForCaller(IO_PRIORITY_OF_USER)],
    ...CALLS_ON_PROCESSES.map((call): Rule => [call, [load(0), jump(0, 'allow'), verdict(EPERM)]]),
    ...ATTRIBUTE_CALLS.map((call): Rule => [call, [verdict(EOPNOTSUPP)]]),
  ];
  return assemble([
    { type: 'load', offset: 0 },
    ...rules.map(([call]) => jump(CALLS[call][arch], call)),
    verdict(ALLOW),
    ...rules.flatMap(([call, lines]): BpfLine[] => [{ type: 'label', name: call }, ...lines]),
    { type: 'label', name: 'set owner' },
    ...refuseIf(2, own),
    { type: 'label', name: 'deny' },
    verdict(EPERM),
    { type: 'label', name: 'allow' },
    verdict(ALLOW),
  ]);
}

type Rule = readonly [call: keyof typeof CALLS, lines: readonly BpfLine[]];

/** Calls with a kind of owner and then its id. */
function onlyForCaller(kindOfUser: number): BpfLine[] {
  return [load(0), jump(kindOfUser, 'deny'), load(1), jump(0, 'allow'), verdict(EPERM)];
}

function refuseIf(argument: number, values: readonly number[]): BpfLine[] {
  return [load(argument), ...values.map((value) => jump(value, 'deny')), verdict(ALLOW)];
}

/** Ids and requests are `int`s: the kernel looks at the lower 32 bits. */
function load(argument: number): BpfLine {
  return { type: 'load', offset: ARGUMENTS_OFFSET + argument * 8 };
}

function jump(value: number, then: string): BpfLine {
  return { type: 'jump', test: 'equal', value, then };
}

function verdict(value: number): BpfLine {
  return { type: 'return', verdict: value };
}
