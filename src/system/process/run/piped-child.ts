import type { Readable, Writable } from 'node:stream';
import type { Processes } from '../processes.ts';
import type { SpawnSpec } from '../start/spawn-spec.ts';
import { startPiped } from '../start/start-piped.ts';
import { startServed } from '../start/start-served.ts';
import type { ExitStatus, StartedChild } from '../start/started-child.ts';

/** How long output may still come from pipes that survivors of a program hold open. */
const DRAIN_MS = 2_000;
/** After a kill only what is in the pipes already is of interest. */
const KILLED_DRAIN_MS = 50;

export interface PipedChildOptions {
  readonly processes: Processes;
  /** Called in order of arrival, for each of the two streams with a decoder of its own in mind. */
  readonly onChunk: (chunk: Buffer, stream: 'stdout' | 'stderr') => void;
  /** Once the program has ended, survivors that are silent for so long are taken to be meant for the background. */
  readonly quietMs: number;
  /** Its whole input, or a pipe that is written later. Absent: its input is empty. */
  readonly input?: { readonly text: string } | 'pipe' | undefined;
}

/** A program whose output is read until it has ended and its pipes are empty. */
export class PipedChild {
  readonly pid: number;
  /** Resolves when the program has ended and its output is in. */
  readonly ended: Promise<ExitStatus>;
  /** Null: its input is empty. An error of it means that the program no longer reads. */
  readonly input: Writable | null;
  readonly #options: PipedChildOptions;
  #isKilled = false;
  #hasExited = false;

  private constructor(child: StartedChild, input: Writable | null, options: PipedChildOptions) {
    this.pid = child.pid;
    this.input = input;
    input?.on('error', () => input.destroy());
    this.#options = options;
    this.ended = this.#follow(child);
  }

  /** @throws what the system says if the program can't be started */
  static async start(spec: SpawnSpec, options: PipedChildOptions): Promise<PipedChild> {
    const { input, ...child } = await started(spec, options);
    const names = ['stdout', 'stderr'] as const;
    for (const [n, stream] of child.streams.entries()) {
      stream.on('data', (chunk: Buffer) => options.onChunk(chunk, names[n] ?? 'stdout'));
      stream.on('error', () => {
        // A pipe that breaks ends like one that closes; the exit status shows what happened.
      });
    }
    return new PipedChild(child, input, options);
  }

  /** True from its end on, though its output may still be coming in. */
  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Asks it and all it started to end, and kills what is left after the grace. `ended` resolves soon after. */
  async end(): Promise<void> {
    this.#isKilled = true;
    await this.#options.processes.end(this.pid);
  }

  kill(): void {
    this.#isKilled = true;
    this.#options.processes.kill(this.pid);
  }

  async #follow({ streams, exited }: StartedChild): Promise<ExitStatus> {
    const closed = Promise.all(streams.map(closing));
    const status = await exited;
    this.#hasExited = true;
    this.input?.destroy();
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

async function started(
  spec: SpawnSpec,
  { processes, input: wanted }: PipedChildOptions,
): Promise<StartedChild & { readonly input: Writable | null }> {
  if (wanted === undefined) return { ...(await startPiped(spec, processes)), input: null };
  const { output, errors, ...child } = await startServed(spec, processes);
  if (wanted !== 'pipe') child.input.end(wanted.text);
  return { ...child, streams: [output, errors] };
}

function closing(stream: Readable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  return promise;
}
