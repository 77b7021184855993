import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

/** How a program ended by itself or by a signal. */
export interface ExitStatus {
  /** 128 + the signal's number after a signal, as shells count. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
}

/** A program that runs, wherever in this process it was started. */
export interface StartedChild {
  readonly pid: number;
  /** The program's output, then its errors. */
  readonly streams: readonly Readable[];
  /** Resolves when it has ended; output may still be coming. Never rejects. */
  readonly exited: Promise<ExitStatus>;
}

/** Makes an exit status from what Node reports. */
export function exitStatus(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  return { exitCode: signal === null ? (code ?? -1) : 128 + constants.signals[signal], signal };
}

/** @throws what the system says if it did not start; its streams are closed then */
export async function followed(child: ChildProcess, streams: readonly Readable[]): Promise<StartedChild> {
  if (child.pid === undefined) {
    const [error] = await once(child, 'error');
    for (const stream of streams) stream.destroy();
    throw error;
  }
  const { promise: exited, resolve } = Promise.withResolvers<ExitStatus>();
  child.once('exit', (code, signal) => resolve(exitStatus(code, signal)));
  return { pid: child.pid, streams, exited };
}
