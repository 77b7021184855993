import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { type OutputPipe, readerOf } from './output-pipes.ts';
import type { Processes } from './processes.ts';
import type { SpawnSpec } from './spawn-spec.ts';

/** How long output may still come from pipes that survivors of a program hold open. */
const DRAIN_MS = 2_000;
/** After a kill only what is in the pipes already is of interest. */
const KILLED_DRAIN_MS = 50;

/** How a program ended by itself or by a signal. */
export interface ExitStatus {
  /** 128 + the signal's number after a signal, as shells count. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
}

export interface PipedChildOptions {
  readonly processes: Processes;
  /** Called in order of arrival, for each of the two streams with a decoder of its own in mind. */
  readonly onChunk: (chunk: Buffer, stream: 'stdout' | 'stderr') => void;
  /** Once the program has ended, survivors that are silent for so long are taken to be meant for the background. */
  readonly quietMs: number;
}

/** A program with empty input, whose output is read until it has ended and its pipes are empty. */
export class PipedChild {
  readonly pid: number;
  /** Resolves when the program has ended and its output is in. */
  readonly ended: Promise<ExitStatus>;
  readonly #options: PipedChildOptions;
  #isKilled = false;
  #hasExited = false;

  private constructor(child: ChildProcess, pid: number, streams: readonly Readable[], options: PipedChildOptions) {
    this.pid = pid;
    this.#options = options;
    this.ended = this.#follow(child, streams);
  }

  /** @throws what the system says if the program can't be started */
  static async start(spec: SpawnSpec, options: PipedChildOptions): Promise<PipedChild> {
    const { processes, onChunk } = options;
    const pipes = await processes.pipes.take();
    const mark = processes.newMark();
    const [child, streams] = pipes ? overPipes(spec, mark, processes, pipes) : overSockets(spec, mark, processes);
    const names = ['stdout', 'stderr'] as const;
    for (const [n, stream] of streams.entries()) {
      stream.on('data', (chunk: Buffer) => onChunk(chunk, names[n] ?? 'stdout'));
      stream.on('error', () => {
        // A pipe that breaks ends like one that closes; the exit status tells what happened.
      });
    }
    if (child.pid !== undefined) return new PipedChild(child, child.pid, streams, options);
    const [error] = await once(child, 'error');
    for (const stream of streams) stream.destroy();
    throw error;
  }

  /** True from its end on, though its output may still be coming in. */
  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Asks it to end, and ends it with all it started after `graceMs`. `ended` resolves soon after. */
  async end(graceMs: number): Promise<void> {
    this.#isKilled = true;
    await this.#options.processes.end(this.pid, graceMs);
  }

  kill(): void {
    this.#isKilled = true;
    this.#options.processes.kill(this.pid);
  }

  async #follow(child: ChildProcess, streams: readonly Readable[]): Promise<ExitStatus> {
    const closed = Promise.all(streams.map(closing));
    const status = await exiting(child);
    this.#hasExited = true;
    await this.#drain(closed, streams);
    const { processes } = this.#options;
    processes.release(this.pid);
    for (const stream of streams) {
      if (this.#isKilled) stream.destroy();
      else processes.keepDraining(stream);
    }
    return status;
  }

  /** Until the pipes are closed, silent for a while, or the time is up. */
  async #drain(closed: Promise<unknown>, streams: readonly Readable[]): Promise<void> {
    const { promise: silence, resolve } = Promise.withResolvers<void>();
    const limit = setTimeout(resolve, this.#isKilled ? KILLED_DRAIN_MS : DRAIN_MS);
    const quiet = setTimeout(resolve, this.#options.quietMs);
    const onData = () => quiet.refresh();
    for (const stream of streams) stream.on('data', onData);
    await Promise.race([closed, silence]);
    for (const stream of streams) stream.off('data', onData);
    clearTimeout(limit);
    clearTimeout(quiet);
  }
}

function overPipes(
  spec: SpawnSpec,
  mark: string,
  processes: Processes,
  pipes: readonly [OutputPipe, OutputPipe],
): [ChildProcess, Readable[]] {
  const [output, errors] = pipes;
  try {
    const child = processes.spawn(spec, mark, ['ignore', output.writeFd, errors.writeFd]);
    return [child, pipes.map(readerOf)];
  } catch (error) {
    for (const { readFd } of pipes) closeSync(readFd);
    throw error;
  } finally {
    // Only the program holds these ends now: they close when it, and all it gave them to, have ended.
    for (const { writeFd } of pipes) closeSync(writeFd);
  }
}

function overSockets(spec: SpawnSpec, mark: string, processes: Processes): [ChildProcess, Readable[]] {
  const child = processes.spawn(spec, mark, ['ignore', 'pipe', 'pipe']);
  return [child, [child.stdout, child.stderr].filter((stream) => stream !== null)];
}

function exiting(child: ChildProcess): Promise<ExitStatus> {
  const { promise, resolve } = Promise.withResolvers<ExitStatus>();
  child.once('exit', (code, signal) => {
    const exitCode = signal === null ? (code ?? -1) : 128 + constants.signals[signal];
    resolve({ exitCode, signal });
  });
  return promise;
}

function closing(stream: Readable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  return promise;
}
