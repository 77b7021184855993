import { cLibrary } from '../../../foundation/util/index.ts';

/** A program to start. Everything is ready: nothing is looked up. */
export interface NativeStart {
  /** Path of the program. A relative one is taken from `cwd`. */
  readonly program: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it gets as its output, its errors, and from there on; still the caller's. Each above `fds.length`. */
  readonly fds: readonly number[];
}

const O_RDONLY = 0;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
/** Larger than the structures are in any C library (glibc on x86-64: 336 and 80 bytes, 128 for a set of signals). */
const ATTRIBUTES_BYTES = 1024;
const ACTIONS_BYTES = 256;
const SIGNAL_SET_BYTES = 128;

/**
 * posix_spawn(3): starts a program as the leader of a new session and process group, with empty input, and gives its process
 * id. The C library borrows the memory of this process for the start (vfork), so that it costs a tenth of a millisecond
 * however large keel has become; Node's own way copies the tables of all that memory, each time.
 * @throws where the C library lacks a part (glibc before 2.29)
 */
export function posixSpawner(): (start: NativeStart) => number {
  const { functions } = cLibrary();
  const bind = (name: string, ...args: string[]) => functions.func(name, 'int', args);
  const newActions = bind('posix_spawn_file_actions_init', 'void *');
  const endActions = bind('posix_spawn_file_actions_destroy', 'void *');
  const addChdir = bind('posix_spawn_file_actions_addchdir_np', 'void *', 'str');
  const addOpen = bind('posix_spawn_file_actions_addopen', 'void *', 'int', 'str', 'int', 'uint');
  const addDup2 = bind('posix_spawn_file_actions_adddup2', 'void *', 'int', 'int');
  const spawn = bind('posix_spawn', 'void *', 'str', 'void *', 'void *', 'char **', 'char **');
  const attributes = spawnAttributes(bind);

  return ({ program, argv, cwd, env, fds }) => {
    const actions = new Uint8Array(ACTIONS_BYTES);
    checked('posix_spawn_file_actions_init', newActions(actions));
    try {
      checked('addchdir_np', addChdir(actions, cwd));
      checked('addopen', addOpen(actions, 0, '/dev/null', O_RDONLY, 0));
      for (const [n, fd] of fds.entries()) checked('adddup2', addDup2(actions, fd, n + 1));
      const pid = new Int32Array(1);
      const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      checked('posix_spawn', spawn(pid, program, actions, attributes, [...argv, null], [...variables, null]));
      return pid[0] ?? 0;
    } finally {
      endActions(actions);
    }
  };
}

/** Nothing that keel does with signals is handed down: Node itself ignores SIGPIPE. */
function spawnAttributes(bind: (name: string, ...args: string[]) => (...args: unknown[]) => number): Uint8Array {
  const attributes = new Uint8Array(ATTRIBUTES_BYTES);
  const all = new Uint8Array(SIGNAL_SET_BYTES).fill(0xff);
  const none = new Uint8Array(SIGNAL_SET_BYTES);
  checked('posix_spawnattr_init', bind('posix_spawnattr_init', 'void *')(attributes));
  checked('setsigdefault', bind('posix_spawnattr_setsigdefault', 'void *', 'void *')(attributes, all));
  checked('setsigmask', bind('posix_spawnattr_setsigmask', 'void *', 'void *')(attributes, none));
  const flags = SETSIGDEF | SETSIGMASK | SETSID;
  checked('setflags', bind('posix_spawnattr_setflags', 'void *', 'short')(attributes, flags));
  return attributes;
}

/** These functions return the error instead of leaving it in `errno`. */
function checked(what: string, error: number): void {
  if (error !== 0) throw new Error(`${what} failed with error ${error}`);
}
