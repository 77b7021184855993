import { assemble, type BpfLine } from '../bpf.ts';

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
} as const;

const ARGUMENTS_OFFSET = 16;
const ALLOW = 0x7fff0000;
const EPERM = 0x00050001;
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
 * refused, and so are the ways to have the kernel send them, and limits laid upon other processes.
 */
export function guardFilter({ arch, pid, threadId }: GuardOptions): Uint8Array {
  const own = [pid, threadId];
  const rules: readonly [keyof typeof CALLS, readonly BpfLine[]][] = [
    ['kill', refuseIf(0, [...own, EVERYBODY])],
    ['tkill', refuseIf(0, own)],
    ['rt_sigqueueinfo', refuseIf(0, own)],
    ['tgkill', refuseIf(0, own)],
    ['rt_tgsigqueueinfo', refuseIf(0, own)],
    ['pidfd_send_signal', [verdict(EPERM)]],
    ['fcntl', [load(1), jump(F_SETOWN_EX, 'deny'), jump(F_SETOWN, 'set owner'), verdict(ALLOW)]],
    ['ioctl', refuseIf(1, [FIOSETOWN, SIOCSPGRP])],
    ['prlimit64', [load(0), jump(0, 'allow'), verdict(EPERM)]],
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
