import type { Confinement } from './confinement.ts';

/** A program to start, exactly as given: nothing is added, looked up or expanded. */
export interface SpawnSpec {
  /** Program, then arguments. Never empty. A program without a slash is looked up in `env.PATH`. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment; the parent's is not inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** What the program is told as its own name, if not `argv[0]`. */
  readonly argv0?: string;
  /** What the program finds at descriptors 3, 4, ...: each to be read to its end. The same array is kept for reuse. */
  readonly inputs?: readonly Uint8Array[];
  /** The program only supervises another one (bubblewrap), and takes it along when it ends. */
  readonly isSupervisor?: boolean;
  /** Held by the kernel from its first instruction on, in the thread that starts it. Linux only. */
  readonly confinement?: Confinement;
}
