import { dirname } from 'node:path';
import { assertNever, isInside } from '../../../foundation/util/index.ts';
import type { SpawnSpec } from '../../process/index.ts';
import type { CommandSpec, Mount } from '../plan/exec-plan.ts';

export interface SeatbeltOptions {
  readonly spec: CommandSpec;
  /** Paths are canonical: the system judges a file by where it really lies, such as /private/tmp for /tmp. */
  readonly mounts: readonly Mount[];
  readonly network: 'full' | 'none';
  readonly allowUnixSockets: boolean;
}

/** By its absolute path only: another of this name in PATH would be no sandbox. */
export const SANDBOX_EXEC = '/usr/bin/sandbox-exec';

/** Paths come as parameters, and so can't be read as rules. */
interface Laid extends Mount {
  readonly name: string;
}

const PROCESSES = `; Programs, their children, and their messages to each other.
(allow process-exec)
(allow process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow ipc-posix-sem)
(allow user-preference-read)
(allow mach-lookup
  (global-name "com.apple.system.opendirectoryd.libinfo")
  (global-name "com.apple.PowerManagement.control"))
(allow iokit-open (iokit-registry-entry-class "RootDomainUserClient"))
(allow sysctl-read
  (sysctl-name-prefix "hw.")
  (sysctl-name "kern.argmax" "kern.hostname" "kern.maxfilesperproc" "kern.maxproc" "kern.ngroups" "kern.osproductversion"
    "kern.osrelease" "kern.ostype" "kern.osvariant_status" "kern.osversion" "kern.secure_kernel" "kern.usrstack64"
    "kern.version" "sysctl.proc_cputype" "vm.loadavg")
  (sysctl-name-prefix "kern.proc.pgrp.")
  (sysctl-name-prefix "kern.proc.pid.")
  (sysctl-name-prefix "net.routetable."))`;

const TERMINALS = `; Terminals: the program's own, and those that it makes; no other.
(allow pseudo-tty)
(allow file-read* file-write* file-ioctl
  (literal "/dev/ptmx")
  (literal "/dev/tty"))
(allow file-read* file-write*
  (require-all (regex #"^/dev/ttys[0-9]+$") (extension "com.apple.sandbox.pty")))
(allow file-ioctl (regex #"^/dev/ttys[0-9]+$"))`;

const READING = `; Everything can be read but what is hidden; that is taken back at the end.
(allow file-read*)
(allow file-write-data file-ioctl
  (require-all (literal "/dev/null") (vnode-type CHARACTER-DEVICE)))`;

const NETWORK = `; The network, and the services that look up names and trust.
(allow network-outbound)
(allow network-inbound)
(allow network-bind)
(allow system-socket)
(allow mach-lookup
  (global-name "com.apple.SecurityServer")
  (global-name "com.apple.SystemConfiguration.DNSConfiguration")
  (global-name "com.apple.SystemConfiguration.configd")
  (global-name "com.apple.networkd")
  (global-name "com.apple.ocspd")
  (global-name "com.apple.trustd")
  (global-name "com.apple.trustd.agent"))`;

const UNIX_SOCKETS = `; Sockets that are files.
(allow network-bind network-inbound (local unix-socket))
(allow network-outbound (remote unix-socket))`;

/**
 * A command below the macOS sandbox. Everything is denied that no rule allows, and of the rules for a file the last one
 * counts: so places are opened and closed from the outside in, as mounts are laid on each other. Names are judged, so what
 * is missing can be closed as well.
 */
export function seatbeltCommand({ spec, mounts, network, allowUnixSockets }: SeatbeltOptions): SpawnSpec {
  const laid = mounts.map((mount, at): Laid => ({ ...mount, name: `PATH_${at}` }));
  const pinned = ancestors(laid).map((path, at) => ({ name: `PINNED_${at}`, path }));
  const profile = [
    '(version 1)\n(deny default)',
    PROCESSES,
    TERMINALS,
    READING,
    ...(laid.length === 0
      ? []
      : [`; What may be written, what stays as it is, what is hidden.\n${laid.map(ruleFor).join('\n')}`]),
    ...(pinned.length === 0 ? [] : [`; What leads to something closed keeps its name.\n${pinned.map(pin).join('\n')}`]),
    ...(network === 'full' ? [NETWORK] : allowUnixSockets ? [UNIX_SOCKETS] : []),
  ];
  const parameters = [...laid, ...pinned].flatMap(({ name, path }) => ['-D', `${name}=${path}`]);
  const argv = [SANDBOX_EXEC, '-p', profile.join('\n\n'), ...parameters, '--', ...spec.argv];
  return { argv, cwd: spec.cwd, env: spec.env };
}

function ruleFor({ type, name }: Laid): string {
  switch (type) {
    case 'writable':
    case 'pinned':
      return `(allow file-write* (subpath (param "${name}")))`;
    case 'readOnly':
      return `(deny file-write* (subpath (param "${name}")))`;
    case 'hidden':
      return `(deny file-read* file-write* (subpath (param "${name}")))`;
    default:
      return assertNever(type, 'mount');
  }
}

function pin({ name }: { readonly name: string }): string {
  return `(deny file-write-unlink (literal (param "${name}")))`;
}

/** Directories between a writable place and what is closed in it: renamed, they could be rebuilt with other contents. */
function ancestors(laid: readonly Laid[]): readonly string[] {
  const roots = laid.filter(({ type }) => type === 'writable' || type === 'pinned');
  const closed = laid.filter(({ type }) => type !== 'writable' && type !== 'pinned');
  const isOpen = (dir: string) => roots.some(({ path }) => isInside(dir, path));
  const found = new Set<string>();
  for (const { path } of closed)
    for (let dir = dirname(path); isOpen(dir) && dir !== '/'; dir = dirname(dir)) found.add(dir);
  return [...found];
}
