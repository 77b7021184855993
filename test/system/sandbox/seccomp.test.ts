import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SeccompOptions, seccompProgram } from '../../../src/system/sandbox/seccomp/program.ts';
import type { FilterArch } from '../../../src/system/sandbox/seccomp/syscall-numbers.ts';
import { verdictOf } from '../../support/sandbox/bpf.ts';

type Table = Readonly<Record<string, number>>;

/** Every system call of both machines, from the kernel's own headers. */
const TABLES: Readonly<Record<FilterArch, Table>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/syscalls.json'), 'utf8'),
);
const ARCH_IDS = { x64: 0xc000003e, arm64: 0xc00000b7 };
const I386 = 0x40000003;
const ARM32 = 0x40000028;
const NETWORKS = ['full', 'none', 'loopback'] as const;

const UNIX = 1n;
const INET = 2n;
const INET6 = 10n;
const NETLINK = 16n;
const PACKET = 17n;
const VSOCK = 40n;
const STREAM = 1n;
const DGRAM = 2n;
const SEQPACKET = 5n;
const CLOEXEC = 0o2000000n;

/** Calls that no command may make, whatever the network: refused even with all arguments zero. */
const ALWAYS_REFUSED =
  `ptrace process_vm_readv process_vm_writev pidfd_getfd io_uring_setup io_uring_enter io_uring_register
  bpf userfaultfd perf_event_open fanotify_init modify_ldt uselib lookup_dcookie nfsservctl add_key request_key keyctl
  name_to_handle_at open_by_handle_at mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick
  mount_setattr open_tree_attr unshare setns reboot kexec_load kexec_file_load create_module init_module finit_module
  delete_module swapon swapoff acct quotactl quotactl_fd iopl ioperm vhangup sethostname setdomainname settimeofday
  clock_settime clock_adjtime adjtimex`.split(/\s+/);
const NEED_AN_ADDRESS = ['connect', 'bind', 'listen', 'accept', 'accept4'];

function asked(options: Partial<SeccompOptions>) {
  const { arch = 'x64', network = 'none', allowUnixSockets = false, ...rest } = options;
  const program = seccompProgram({ arch, network, allowUnixSockets, ...rest });
  return (name: string, ...args: bigint[]) =>
    verdictOf(program, { number: TABLES[arch][name] ?? -1, arch: ARCH_IDS[arch], args });
}

describe.each(['x64', 'arm64'] as const)('a filter for %s', (arch) => {
  it.each(NETWORKS)('T21: with network %s refuses exactly the calls that are named, of all there are', (network) => {
    const ask = asked({ arch, network });
    const refused = Object.keys(TABLES[arch]).filter((name) => ask(name) === 'EPERM');
    const sockets = network === 'none' ? [...NEED_AN_ADDRESS, 'socket', 'socketpair'] : ['socket', 'socketpair'];
    const expected = [...ALWAYS_REFUSED, ...sockets].filter((name) => name in TABLES[arch]);
    expect(refused.toSorted()).toEqual(expected.toSorted());
    expect(Object.keys(TABLES[arch]).filter((name) => ask(name) === 'ENOSYS')).toEqual(['clone3']);
  });

  it('lets calls through that are newer than itself, and kills those of other machines', () => {
    const program = seccompProgram({ arch, network: 'none', allowUnixSockets: false });
    expect(verdictOf(program, { number: 600, arch: ARCH_IDS[arch] })).toBe('allow');
    for (const other of [I386, ARM32, ARCH_IDS[arch === 'x64' ? 'arm64' : 'x64'], 0]) {
      expect(verdictOf(program, { number: 1, arch: other })).toBe('kill');
    }
  });

  it('refuses new namespaces of every kind, and lets processes and threads be made', () => {
    const ask = asked({ arch });
    const ordinary = [0x11n, 0x3d0f00n, 0x4111n, 0x1200011n];
    for (const flags of ordinary) expect(ask('clone', flags)).toBe('allow');
    for (const bit of [17n, 25n, 26n, 27n, 28n, 29n, 30n]) {
      expect(ask('clone', (1n << bit) | 0x11n)).toBe('EPERM');
    }
  });

  it('T30: refuses typing into a terminal, also with bits above those the kernel reads', () => {
    const ask = asked({ arch, network: 'full' });
    for (const request of [0x5412n, 0x541cn]) {
      expect(ask('ioctl', 0n, request)).toBe('EPERM');
      expect(ask('ioctl', 0n, request | (1n << 32n))).toBe('EPERM');
    }
    for (const request of [0x5401n, 0x540en, 0x5413n, 0x540fn]) expect(ask('ioctl', 0n, request)).toBe('allow');
  });
});

describe('a filter without network', () => {
  const families = Array.from({ length: 64 }, (_, family) => BigInt(family));

  it('T22: refuses a socket of every family, whatever is above the bits the kernel reads', () => {
    const ask = asked({ network: 'none' });
    for (const family of families) {
      expect(ask('socket', family)).toBe('EPERM');
      expect(ask('socket', family | (7n << 40n))).toBe('EPERM');
    }
  });

  it('allows pairs of connected streams only: a datagram one could send to any socket file', () => {
    const ask = asked({ network: 'none' });
    for (const type of [STREAM, SEQPACKET, STREAM | CLOEXEC]) expect(ask('socketpair', UNIX, type)).toBe('allow');
    for (const type of [DGRAM, DGRAM | CLOEXEC, 3n, 0n, 10n]) expect(ask('socketpair', UNIX, type)).toBe('EPERM');
    expect(ask('socketpair', 30n, STREAM)).toBe('EPERM');
  });

  it('sends to no address, and lets connected streams be written', () => {
    const ask = asked({ network: 'none' });
    expect(ask('sendto', 3n, 1n, 1n, 0n, 0n, 0n)).toBe('allow');
    expect(ask('sendto', 3n, 1n, 1n, 0n, 0x1000n, 16n)).toBe('EPERM');
    expect(ask('sendto', 3n, 1n, 1n, 0n, 0x7f00_0000_0000n, 16n)).toBe('EPERM');
    for (const call of ['sendmsg', 'recvfrom', 'recvmsg', 'getsockopt', 'shutdown']) expect(ask(call)).toBe('allow');
  });

  it('opens Unix sockets, and only those, where they are allowed', () => {
    const ask = asked({ network: 'none', allowUnixSockets: true });
    expect(families.filter((family) => ask('socket', family) === 'allow')).toEqual([UNIX]);
    for (const call of NEED_AN_ADDRESS) expect(ask(call)).toBe('allow');
    expect(ask('socketpair', UNIX, DGRAM)).toBe('allow');
  });

  it('refuses what the machine shares only where it is asked to', () => {
    const shared = ['shmget', 'shmat', 'semget', 'semtimedop', 'msgsnd', 'mq_open', 'truncate'];
    const [usual, strict] = [asked({}), asked({ alsoDeny: ['hostIpc', 'truncate'] })];
    for (const call of shared) expect([usual(call), strict(call)]).toEqual(['allow', 'EPERM']);
  });
});

describe('the families of sockets', () => {
  it('with the network on are the ordinary ones', () => {
    const ask = asked({ network: 'full' });
    for (const family of [UNIX, INET, INET6, NETLINK]) expect(ask('socket', family, STREAM)).toBe('allow');
    for (const family of [PACKET, VSOCK, 38n, 31n]) expect(ask('socket', family, STREAM)).toBe('EPERM');
    expect(ask('socketpair', UNIX, DGRAM)).toBe('allow');
  });

  it('in a network of its own are those of the internet, and what lists its interfaces', () => {
    const ask = asked({ network: 'loopback' });
    for (const family of [INET, INET6]) expect(ask('socket', family, STREAM)).toBe('allow');
    for (const family of [UNIX, PACKET, VSOCK]) expect(ask('socket', family, STREAM)).toBe('EPERM');
    expect(ask('socket', NETLINK, 3n, 0n)).toBe('allow');
    for (const protocol of [4n, 12n, 15n, 16n]) expect(ask('socket', NETLINK, 3n, protocol)).toBe('EPERM');
    expect(ask('socketpair', UNIX, DGRAM)).toBe('EPERM');
    expect(asked({ network: 'loopback', allowUnixSockets: true })('socket', UNIX, STREAM)).toBe('allow');
  });
});

it('x32: numbers of that kind are refused, for they name the same calls past their numbers', () => {
  const program = seccompProgram({ arch: 'x64', network: 'full', allowUnixSockets: true });
  for (const number of [0x40000000, 0x40000000 + 521, 0xffffffff]) {
    expect(verdictOf(program, { number, arch: ARCH_IDS.x64 })).toBe('EPERM');
  }
});
