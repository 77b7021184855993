import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { BoundedOutput, ChunkDecoder } from './bounded-output.ts';
import type { Processes } from './processes.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import { SpillFile, type SpillOptions } from './spill-file.ts';

/** How long output may still come from pipes that survivors of the command hold open. */
const DRAIN_MS = 2_000;

export interface CommandOptions {
  readonly processes: Processes;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Live text, in order, never cut inside a character. */
  readonly onText: (text: string) => void;
  /** Where the whole output goes; null keeps only what fits in memory. */
  readonly spill: SpillOptions | null;
  /** Whether the file is still of use once the output is known; short output needs none. */
  readonly keepSpill: (output: string) => boolean;
}

/** How a command ended. Output is kept in every case. */
export type CommandEnd =
  | { readonly type: 'exited'; readonly exitCode: number }
  | { readonly type: 'signalled'; readonly signal: NodeJS.Signals; readonly exitCode: number }
  | { readonly type: 'timedOut' }
  | { readonly type: 'aborted' }
  /** Nothing ran. */
  | { readonly type: 'spawnFailed'; readonly message: string };

export interface CommandOutcome {
  readonly end: CommandEnd;
  /** Both streams in order of arrival, bounded (see BoundedOutput). */
  readonly output: string;
  readonly totalBytes: number;
  /** The file with the whole output, if it was too long to be shown. */
  readonly spillPath: string | null;
  readonly spilledBytes: number;
  readonly durationMs: number;
}

/**
 * Runs a program to its end, its time limit, or the abort of `signal`, whichever is first; the latter two end it with all
 * it started. Standard input is empty. Never throws for what the program does.
 */
export async function runCommand(spec: SpawnSpec, options: CommandOptions): Promise<CommandOutcome> {
  const startedAt = performance.now();
  const sink = new OutputSink(options);
  const end = await new RunningCommand(spec, options, sink).ended();
  return { end, ...sink.finish(), durationMs: performance.now() - startedAt };
}

class RunningCommand {
  readonly #options: CommandOptions;
  readonly #result = Promise.withResolvers<CommandEnd>();
  #child: ChildProcess | null = null;
  #verdict: CommandEnd | null = null;

  constructor(spec: SpawnSpec, options: CommandOptions, sink: OutputSink) {
    this.#options = options;
    if (options.signal.aborted) {
      this.#settleWith({ type: 'aborted' });
      return;
    }
    try {
      const child = options.processes.spawn(spec, options.processes.newMark(), ['ignore', 'pipe', 'pipe']);
      this.#child = child;
      this.#follow(child, spec, sink);
    } catch (error) {
      this.#settleWith({ type: 'spawnFailed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  async ended(): Promise<CommandEnd> {
    const { signal, timeoutMs } = this.#options;
    const onAbort = () => this.#stop({ type: 'aborted' });
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => this.#stop({ type: 'timedOut' }), timeoutMs);
    try {
      return await this.#result.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #settleWith(end: CommandEnd): void {
    this.#result.resolve(end);
  }

  #follow(child: ChildProcess, spec: SpawnSpec, sink: OutputSink): void {
    for (const stream of [child.stdout, child.stderr]) if (stream) sink.read(stream);
    child.once('error', (error) => {
      if (child.pid === undefined) this.#settleWith({ type: 'spawnFailed', message: describeSpawnError(error, spec) });
    });
    let drain: NodeJS.Timeout | null = null;
    child.once('exit', (code, signal) => {
      this.#verdict ??= exitOf(code, signal);
      // A survivor that holds the pipes must not hold the call.
      drain = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
    });
    child.once('close', (code, signal) => {
      if (drain) clearTimeout(drain);
      if (child.pid !== undefined) this.#options.processes.release(child.pid);
      this.#settleWith(this.#verdict ?? exitOf(code, signal));
    });
  }

  #stop(verdict: CommandEnd): void {
    this.#verdict ??= verdict;
    const child = this.#child;
    if (child?.pid === undefined) return this.#settleWith(verdict);
    this.#options.processes.kill(child.pid);
    // Whatever it was writing to is let go with it.
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

/** Takes the output in: kept, spilled and shown. */
class OutputSink {
  readonly #kept = new BoundedOutput();
  readonly #spill: SpillFile | null;
  readonly #decoder = new ChunkDecoder();
  readonly #options: CommandOptions;

  constructor(options: CommandOptions) {
    this.#options = options;
    this.#spill = options.spill && new SpillFile(options.spill);
  }

  read(stream: Readable): void {
    // Reading and writing in one go is the back-pressure: a flood waits in the pipe, not in memory.
    stream.on('data', (chunk: Buffer) => {
      this.#kept.append(chunk);
      this.#spill?.append(chunk);
      const text = this.#decoder.decode(chunk);
      if (text !== '') this.#options.onText(text);
    });
    stream.on('error', () => {
      // A pipe that breaks ends like one that closes; the exit status tells what happened.
    });
  }

  finish(): Pick<CommandOutcome, 'output' | 'totalBytes' | 'spillPath' | 'spilledBytes'> {
    const output = this.#kept.text();
    const isLeft = this.#spill?.end(this.#options.keepSpill(output)) ?? false;
    return {
      output,
      totalBytes: this.#kept.totalBytes,
      spillPath: isLeft && this.#spill ? this.#spill.path : null,
      spilledBytes: isLeft ? (this.#spill?.bytes ?? 0) : 0,
    };
  }
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): CommandEnd {
  if (signal !== null) return { type: 'signalled', signal, exitCode: 128 + (constants.signals[signal] ?? 0) };
  return { type: 'exited', exitCode: code ?? -1 };
}

function describeSpawnError(error: Error & { code?: string }, spec: SpawnSpec): string {
  const program = spec.argv[0] ?? '';
  // The system says "no such file" for a missing directory too.
  if (error.code === 'ENOENT') return `${program}: not found, or the directory ${spec.cwd} does not exist`;
  if (error.code === 'EACCES') return `${program}: not permitted to run it`;
  return `${program}: ${error.message}`;
}
