import type { TypeObject } from 'koffi';
import { type CLibrary, cLibrary } from '../../../foundation/util/index.ts';
import { ConfinementError } from './confinement.ts';

/** Calls without a wrapper in the C library, by number: the same on x86-64 and arm64 but for these three. */
const CREATE_RULESET = 444;
const ADD_RULE = 445;
const RESTRICT_SELF = 446;
const OPENAT2 = 437;
const SECCOMP = { x64: 317, arm64: 277 };
const CAPSET = { x64: 126, arm64: 91 };

const RULE_PATH_BENEATH = 1;
const RULESET_VERSION = 1;
const SECCOMP_SET_FILTER = 1;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const CAPABILITY_VERSION_3 = 0x20080522;
const AT_FDCWD = -100;
const RESOLVE_NO_SYMLINKS = 0x04;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

const EACCES = 13;
/** Nothing is there (any more), or something else than when it was looked at. */
const ABSENT = new Set([2, EACCES, 20, 40]);

type SystemCall = (...args: (number | string | ArrayBufferView | object | null)[]) => number;

/** The few system calls that Node does not offer. They act on the thread that makes them, and what it starts. */
export class Kernel {
  readonly #errno: () => number;
  readonly #createRuleset: SystemCall;
  readonly #addRule: SystemCall;
  readonly #restrictSelf: SystemCall;
  readonly #openat2: SystemCall;
  readonly #prctl: SystemCall;
  readonly #capset: SystemCall;
  readonly #seccomp: SystemCall;
  readonly arch: 'x64' | 'arm64';

  private constructor({ native, functions }: CLibrary, arch: 'x64' | 'arm64') {
    const call = (...args: (string | TypeObject)[]): SystemCall => functions.func('syscall', 'long', ['long', ...args]);
    const program = native.struct({ length: 'uint16', filter: 'void *' });
    this.arch = arch;
    this.#errno = () => native.errno();
    this.#createRuleset = call('void *', 'size_t', 'uint32');
    this.#addRule = call('int', 'int', 'void *', 'uint32');
    this.#restrictSelf = call('int', 'uint32');
    this.#openat2 = call('int', 'str', 'void *', 'size_t');
    this.#capset = call('void *', 'void *');
    this.#seccomp = call('uint32', 'uint32', native.pointer(program));
    this.#prctl = functions.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
  }

  /** Loads the native module that makes the calls. */
  static load(): Kernel {
    const { arch, platform } = process;
    if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
      throw new ConfinementError(`there is no Landlock on ${platform} ${arch}`);
    }
    return new Kernel(cLibrary(), arch);
  }

  /** The version of Landlock; the kernel may be without. */
  landlockAbi(): number {
    return this.#checked('landlock_create_ruleset', this.#createRuleset(CREATE_RULESET, null, 0, RULESET_VERSION));
  }

  /** @returns a descriptor */
  createRuleset(attributes: BigUint64Array): number {
    return this.#checked(
      'landlock_create_ruleset',
      this.#createRuleset(CREATE_RULESET, attributes, attributes.byteLength, 0),
    );
  }

  addPath(ruleset: number, fd: number, rights: bigint): void {
    const rule = new DataView(new ArrayBuffer(12));
    rule.setBigUint64(0, rights, true);
    rule.setInt32(8, fd, true);
    const bytes = new Uint8Array(rule.buffer);
    this.#checked('landlock_add_rule', this.#addRule(ADD_RULE, ruleset, RULE_PATH_BENEATH, bytes, 0));
  }

  restrictSelf(ruleset: number): void {
    this.#checked('landlock_restrict_self', this.#restrictSelf(RESTRICT_SELF, ruleset, 0));
  }

  /** A descriptor that only names a file; null if there is none of this name, or a symlink on the way to it. */
  openPath(path: string): number | null {
    const how = new BigUint64Array([BigInt(O_PATH | O_CLOEXEC), 0n, BigInt(RESOLVE_NO_SYMLINKS)]);
    const fd: number = this.#openat2(OPENAT2, AT_FDCWD, path, how, how.byteLength);
    if (fd === -1 && ABSENT.has(this.#errno())) return null;
    return this.#checked('openat2', fd);
  }

  setNoNewPrivileges(): void {
    this.#checked('prctl(PR_SET_NO_NEW_PRIVS)', this.#prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  }

  /** Hides the memory of the whole process: no other can read or trace it any more; it leaves no core file. */
  hideMemory(): void {
    this.#checked('prctl(PR_SET_DUMPABLE)', this.#prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
  }

  isMemoryHidden(): boolean {
    return this.#prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) === 0;
  }

  dropCapabilities(): void {
    const header = new Uint32Array([CAPABILITY_VERSION_3, 0]);
    this.#checked('capset', this.#capset(CAPSET[this.arch], header, new Uint32Array(6)));
  }

  setFilter(program: Uint8Array): void {
    const filter = { length: program.length / 8, filter: program };
    this.#checked('seccomp', this.#seccomp(SECCOMP[this.arch], SECCOMP_SET_FILTER, 0, filter));
  }

  #checked(what: string, result: number): number {
    if (result < 0) throw new ConfinementError(`${what} failed with error ${this.#errno()}`);
    return result;
  }
}

/**
 * The kernel's version of Landlock; 1 or more.
 * @throws {ConfinementError} if it has none, or it is switched off
 */
export async function landlockVersion(): Promise<number> {
  return Kernel.load().landlockAbi();
}
