import { resolve } from 'node:path';
import { isProgram } from '../../../foundation/util/index.ts';
import { ChildReaper } from './child-reaper.ts';
import { posixSpawner } from './posix-spawn.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import type { ExitStatus } from './started-child.ts';

export interface NativeChild {
  readonly pid: number;
  /** Never rejects. */
  readonly exited: Promise<ExitStatus>;
}

/** Starts programs without Node's help, for speed: see `posixSpawner`. What it can't start is for Node to start. */
export class NativeStarter {
  readonly #spawn = posixSpawner();
  readonly #reaper = new ChildReaper();

  private constructor() {}

  static #shared: NativeStarter | null | undefined;

  /** The one of this process; null where there is none: other systems than Linux, and threads, which get no signals. */
  static shared(): NativeStarter | null {
    if (NativeStarter.#shared === undefined) NativeStarter.#shared = NativeStarter.#create();
    return NativeStarter.#shared;
  }

  static #create(): NativeStarter | null {
    const { isMainThread } = process.getBuiltinModule('node:worker_threads');
    if (process.platform !== 'linux' || !isMainThread) return null;
    try {
      return new NativeStarter();
    } catch {
      // No native module for this machine, or a C library too old: Node's own way does as well, only slower.
      return null;
    }
  }

  /**
   * Starts a program with empty input. `fds` are what it gets from its output on, still the caller's. Null: it could not be
   * started like this, and nothing ran; Node may know more (scripts without a first line) or has the better error.
   */
  start({ argv, argv0, cwd, env }: SpawnSpec, fds: readonly number[]): NativeChild | null {
    const [name = '', ...args] = argv;
    const program = programPath(name, cwd, env['PATH']);
    // A descriptor in the way of another one's place would have to be moved first.
    if (program === null || fds.some((fd) => fd <= fds.length) || holdZero(argv, env, cwd)) return null;
    try {
      return this.#reaper.follow(() => this.#spawn({ program, argv: [argv0 ?? name, ...args], cwd, env, fds }));
    } catch {
      return null;
    }
  }
}

/** As execvp(3) looks for it. */
function programPath(name: string, cwd: string, path: string | undefined): string | null {
  if (name.includes('/')) return name;
  if (name === '' || path === undefined) return null;
  return (
    path
      .split(':')
      .map((dir) => resolve(cwd, dir, name))
      .find(isProgram) ?? null
  );
}

/** Text that C would take to end early. */
function holdZero(argv: readonly string[], env: SpawnSpec['env'], cwd: string): boolean {
  return [cwd, ...argv, ...Object.keys(env), ...Object.values(env)].some((text) => text.includes('\0'));
}
