import type { Confinement } from './confinement.ts';

/** What a confined thread is started with. */
export interface ThreadData {
  readonly confinement: Confinement;
}

/** Where the program's input and output go. Descriptors belong to the process: every thread can use them. */
export type ConfinedStdio =
  /** Empty input; the thread makes pipes for the output and the errors. */
  | { readonly type: 'pipes' }
  /** The same, and a pipe for the input. */
  | { readonly type: 'inputAndPipes' }
  /** All three are keel's own. */
  | { readonly type: 'inherited' }
  /** All three on a terminal that becomes the program's own. */
  | { readonly type: 'terminal'; readonly fd: number };

export interface StartRequest {
  readonly type: 'start';
  readonly id: number;
  readonly argv: readonly string[];
  readonly argv0: string | null;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdio: ConfinedStdio;
  /** Descriptors of this process that become the program's from 3 on. */
  readonly inputs: readonly number[];
}

export type ToThread =
  | StartRequest
  /** Ends the thread once the programs it started have ended. */
  | { readonly type: 'close' };

export type FromThread =
  /** The confinement is in force. */
  | { readonly type: 'ready' }
  /** It is not, and the thread starts nothing. */
  | { readonly type: 'refused'; readonly message: string }
  | {
      readonly type: 'started';
      readonly id: number;
      readonly pid: number;
      readonly readFds: readonly number[];
      readonly inputFd: number | null;
    }
  | { readonly type: 'failed'; readonly id: number; readonly code: string | null; readonly message: string }
  | {
      readonly type: 'exited';
      readonly id: number;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    };
