import { assemble, type BpfLine, type BpfTest } from '../../process/index.ts';
import { type DeniedOnDemand, deniedNumbers, type FilterArch, type JudgedCall, numberOf } from './syscall-numbers.ts';

export interface SeccompOptions {
  readonly arch: FilterArch;
  /**
   * `full`: the ordinary families of sockets. `loopback`: internet sockets and questions about the network's interfaces, for
   * a network namespace of their own without a way out. `none`: no sockets at all.
   */
  readonly network: 'full' | 'none' | 'loopback';
  /** Opens Unix sockets where the network is not `full`. Whatever listens on a socket file can then be reached. */
  readonly allowUnixSockets: boolean;
  /** What has to be refused too where namespaces or Landlock don't keep it harmless. */
  readonly alsoDeny?: readonly DeniedOnDemand[];
}

/** Where the kernel puts what a filter sees (`struct seccomp_data`), bytes. */
const CALL_OFFSET = 0;
const ARCH_OFFSET = 4;
const ARGUMENTS_OFFSET = 16;

const ARCH_IDS = { x64: 0xc000003e, arm64: 0xc00000b7 } as const satisfies Record<FilterArch, number>;
/** Set in the numbers of the x32 calls, which are the x86-64 ones by other numbers. */
const X32_BIT = 0x40000000;

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;

const UNIX = 1;
const INTERNET = [2, 10];
const NETLINK = 16;
const NETLINK_ROUTE = 0;
const STREAM = 1;
const SEQPACKET = 5;
/** The rest of a socket's type are flags such as close-on-exec. */
const TYPE_BITS = 0xf;

/** Every namespace that clone(2) can make: mount, cgroup, UTS, IPC, user, PID, network. */
const NAMESPACE_FLAGS = 0x7e020000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

/**
 * A system call filter for commands, as the kernel takes it: 8-byte records of classic BPF. Everything is let through but
 * what is refused with EPERM; clone3, whose arguments a filter can't read, does not exist here (ENOSYS), at which libraries
 * fall back to clone. Calls of another machine's kind end the process.
 */
export function seccompProgram(options: SeccompOptions): Uint8Array {
  const { arch, alsoDeny = [] } = options;
  const judged = rulesFor(options);
  return assemble([
    load(ARCH_OFFSET),
    jump('equal', ARCH_IDS[arch], 'own arch'),
    { type: 'return', verdict: KILL },
    label('own arch'),
    load(CALL_OFFSET),
    ...(arch === 'x64' ? [jump('atLeast', X32_BIT, 'deny')] : []),
    ...judged.map(({ call }) => jump('equal', numberOf(call, arch), call)),
    ...deniedNumbers(arch, alsoDeny).map((number) => jump('equal', number, 'deny')),
    { type: 'return', verdict: ALLOW },
    ...judged.flatMap(({ call, lines }) => [label(call), ...lines]),
    label('deny'),
    { type: 'return', verdict: EPERM },
    label('allow'),
    { type: 'return', verdict: ALLOW },
  ]);
}

interface Rule {
  readonly call: JudgedCall;
  /** Ends in a verdict; may jump to `deny` and `allow`. */
  readonly lines: readonly BpfLine[];
}

const DENY_HERE: BpfLine = { type: 'return', verdict: EPERM };
const ALLOW_HERE: BpfLine = { type: 'return', verdict: ALLOW };

function rulesFor(options: SeccompOptions): readonly Rule[] {
  return [
    { call: 'clone', lines: [argument(0), jump('anyBit', NAMESPACE_FLAGS, 'deny'), ALLOW_HERE] },
    { call: 'clone3', lines: [{ type: 'return', verdict: ENOSYS }] },
    // The kernel reads 32 bits of the request: a value that differs above them must not pass.
    {
      call: 'ioctl',
      lines: [argument(1), jump('equal', TIOCSTI, 'deny'), jump('equal', TIOCLINUX, 'deny'), ALLOW_HERE],
    },
    {
      call: 'socket',
      lines: [argument(0), ...families(options).map((f) => jump('equal', f, 'allow')), ...netlink(options)],
    },
    ...(hasUnixSockets(options) ? [FREE_PAIRS] : CLOSED_PAIRS),
    ...(options.network === 'none' && !options.allowUnixSockets ? NO_ADDRESSES : []),
  ];
}

function families({ network, allowUnixSockets }: SeccompOptions): readonly number[] {
  // Names can't be looked up without netlink.
  if (network === 'full') return [UNIX, ...INTERNET, NETLINK];
  return [...(allowUnixSockets ? [UNIX] : []), ...(network === 'loopback' ? INTERNET : [])];
}

/**
 * Of netlink only the protocol that lists interfaces and addresses: servers ask it where they can be reached. A change takes
 * capabilities that commands don't have.
 */
function netlink({ network }: SeccompOptions): readonly BpfLine[] {
  if (network !== 'loopback') return [DENY_HERE];
  return [
    jump('equal', NETLINK, 'netlink'),
    DENY_HERE,
    label('netlink'),
    argument(2),
    jump('equal', NETLINK_ROUTE, 'allow'),
    DENY_HERE,
  ];
}

function hasUnixSockets({ network, allowUnixSockets }: SeccompOptions): boolean {
  return network === 'full' || allowUnixSockets;
}

const FREE_PAIRS: Rule = { call: 'socketpair', lines: [argument(0), jump('equal', UNIX, 'allow'), DENY_HERE] };

/**
 * Pairs carry the input and output of children, so streams have to work. One end of a datagram pair could be used to send
 * to any socket file.
 */
const CLOSED_PAIRS: readonly Rule[] = [
  {
    call: 'socketpair',
    lines: [
      argument(0),
      jump('equal', UNIX, 'unix pair'),
      DENY_HERE,
      label('unix pair'),
      argument(1),
      { type: 'mask', bits: TYPE_BITS },
      jump('equal', STREAM, 'allow'),
      jump('equal', SEQPACKET, 'allow'),
      DENY_HERE,
    ],
  },
];

/** Should a socket get in all the same, by inheritance or from an unknown call, it can't be pointed anywhere. */
const NO_ADDRESSES: readonly Rule[] = [
  ...(['connect', 'bind', 'listen', 'accept', 'accept4'] as const).map((call) => ({ call, lines: [DENY_HERE] })),
  {
    call: 'sendto',
    lines: [
      argument(4),
      jump('anyBit', 0xffffffff, 'deny'),
      upperHalf(4),
      jump('anyBit', 0xffffffff, 'deny'),
      ALLOW_HERE,
    ],
  },
];

function load(offset: number): BpfLine {
  return { type: 'load', offset };
}

/** The lower 32 bits of an argument, all that the kernel itself looks at where it takes an `int`. */
function argument(n: number): BpfLine {
  return load(ARGUMENTS_OFFSET + n * 8);
}

function upperHalf(n: number): BpfLine {
  return load(ARGUMENTS_OFFSET + n * 8 + 4);
}

function jump(test: BpfTest, value: number, then: string): BpfLine {
  return { type: 'jump', test, value, then };
}

function label(name: string): BpfLine {
  return { type: 'label', name };
}
