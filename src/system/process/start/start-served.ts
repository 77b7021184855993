import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Confinement } from '../confined/confinement.ts';
import type { Processes } from '../processes.ts';
import { readerOf } from './pipe.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import { type ExitStatus, followed } from './started-child.ts';

/** A program that is talked to over its input and output. Its streams are the receiver's to close. */
export interface ServedChild {
  readonly pid: number;
  readonly input: Writable;
  readonly output: Readable;
  readonly errors: Readable;
  /** Resolves when it has ended; output may still be coming. Never rejects. */
  readonly exited: Promise<ExitStatus>;
}

/**
 * Starts a program whose input is written to as long as it runs, confined if its spec says so.
 * @throws what the system says if it can't be started
 */
export async function startServed(spec: SpawnSpec, processes: Processes): Promise<ServedChild> {
  if (spec.confinement !== undefined) return startConfined(spec, spec.confinement, processes);
  const child = processes.spawn(spec, processes.newMark(), ['pipe', 'pipe', 'pipe']);
  const { stdin: input, stdout: output, stderr: errors } = child;
  const { pid, exited } = await followed(child, [output, errors].filter(isThere));
  if (input === null || output === null || errors === null) throw new Error('it was started without its pipes');
  return { pid, input, output, errors, exited };
}

function isThere(stream: Readable | null): stream is Readable {
  return stream !== null;
}

async function startConfined(spec: SpawnSpec, confinement: Confinement, processes: Processes): Promise<ServedChild> {
  const { pid, readFds, inputFd, exited } = await processes.startConfined(spec, confinement, { type: 'inputAndPipes' });
  const [outputFd, errorsFd] = readFds;
  if (inputFd === null || outputFd === undefined || errorsFd === undefined) {
    throw new Error('it was started without its pipes');
  }
  const input = new Socket({ fd: inputFd, readable: false, writable: true });
  return { pid, input, output: readerOf({ readFd: outputFd }), errors: readerOf({ readFd: errorsFd }), exited };
}
