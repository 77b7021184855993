import type { Confinement } from '../confined/confinement.ts';
import type { ProgramInput } from './program-input.ts';

/** A program to start, exactly as given: nothing is added, looked up or expanded. */
export interface SpawnSpec {
  /** Program, then arguments. Never empty. A program without a slash is looked up in `env.PATH`. */
  readonly argv: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** The whole environment; the parent's is not inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** The program's name for itself, if not `argv[0]`. */
  readonly argv0?: string;
  /** What the program finds at descriptors 3, 4, ... A byte array that is used again is kept for reuse. */
  readonly inputs?: readonly ProgramInput[];
  /** The program only supervises another one (bubblewrap), and takes it along when it ends. */
  readonly isSupervisor?: boolean;
  /** Called with its process id when it has been started. */
  readonly onStart?: (pid: number) => void;
  /** It is meant to outlive keel: it does not end with the session. */
  readonly outlives?: boolean;
  /** Confined by the kernel from its first instruction on, in the thread that starts it. Linux only. */
  readonly confinement?: Confinement;
}
