import { closeSync, fstatSync, readFileSync, readlinkSync } from 'node:fs';
import { type Confinement, ConfinementError, type WritablePath } from './confinement.ts';
import { guardFilter } from './guard-filter.ts';
import type { Kernel } from './kernel.ts';

/** Bits of Landlock's rights over files, in the order in which its versions brought them. */
const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const MAKE_CHAR = 1n << 6n;
const MAKE_BLOCK = 1n << 11n;
const TRUNCATE = 1n << 14n;
const IOCTL_DEV = 1n << 15n;
/** How many of them each version knows: the first has 13, the second moves between directories, … */
const RIGHTS_BY_ABI = [13n, 14n, 15n, 15n, 16n];

const READING = EXECUTE | READ_FILE | READ_DIR;
/** The only rights that a rule for something other than a directory may have. */
const FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
const TCP = 3n;
const SCOPES = 3n;
const TCP_SINCE = 4;
const SCOPES_SINCE = 6;

/**
 * Confines this thread, and with it whatever it starts, for good. The other threads of the process stay as they are.
 * @throws {ConfinementError} if the kernel lacks or refuses any part; the thread must then start nothing
 */
export function confineThread(kernel: Kernel, confinement: Confinement): void {
  const abi = kernel.landlockAbi();
  const ruleset = createRuleset(kernel, confinement, abi);
  // Without this, commands under the same rules could read keel's memory through this thread, which the kernel takes for one of them.
  kernel.hideMemory();
  kernel.setNoNewPrivileges();
  // A command of root could otherwise change owners and modes anywhere: Landlock has no rights for those.
  kernel.dropCapabilities();
  kernel.restrictSelf(ruleset);
  closeSync(ruleset);
  kernel.setFilter(guardFilter({ arch: kernel.arch, pid: process.pid, threadId: threadId() }));
  kernel.setFilter(confinement.seccomp);
  assertConfined(kernel);
}

function createRuleset(kernel: Kernel, confinement: Confinement, abi: number): number {
  const { readable, writable, isScoped, refusesTcp } = confinement;
  if (isScoped && abi < SCOPES_SINCE) throw new ConfinementError('this kernel does not keep signals apart');
  if (refusesTcp && abi < TCP_SINCE) throw new ConfinementError('this kernel does not refuse TCP');
  const known = (1n << (RIGHTS_BY_ABI[Math.min(abi, RIGHTS_BY_ABI.length) - 1] ?? 13n)) - 1n;
  const attributes = [known, ...(abi >= TCP_SINCE ? [refusesTcp ? TCP : 0n] : []), ...(isScoped ? [SCOPES] : [])];
  const ruleset = kernel.createRuleset(new BigUint64Array(attributes));
  const allow = (path: string, rights: bigint) => allowPath(kernel, ruleset, path, rights & known);
  allow('/', READ_DIR);
  for (const path of readable) allow(path, READING);
  for (const { path, rights } of writable) allow(path, rightsOf(rights, known));
  return ruleset;
}

function rightsOf(rights: WritablePath['rights'], known: bigint): bigint {
  if (rights === 'tree') return known & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV);
  const content = READ_FILE | WRITE_FILE | TRUNCATE;
  return rights === 'device' ? content | IOCTL_DEV : content;
}

function allowPath(kernel: Kernel, ruleset: number, path: string, rights: bigint): void {
  const fd = kernel.openPath(path);
  if (fd === null) return;
  try {
    kernel.addPath(ruleset, fd, fstatSync(fd).isDirectory() ? rights : rights & FOR_FILES);
  } finally {
    closeSync(fd);
  }
}

/** The kernel's id of this thread. */
function threadId(): number {
  const id = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  if (!Number.isInteger(id)) throw new ConfinementError('/proc does not show the id of this thread');
  return id;
}

/** Asks the kernel itself, should one of the calls have done nothing. */
function assertConfined(kernel: Kernel): void {
  const status = readFileSync('/proc/thread-self/status', 'latin1');
  if (!/^NoNewPrivs:\t1$/m.test(status) || !/^Seccomp:\t2$/m.test(status) || !kernel.isMemoryHidden()) {
    throw new ConfinementError('the kernel took the rules but does not apply them');
  }
}
