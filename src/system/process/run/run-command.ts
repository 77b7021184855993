import { monotonicMs, onAbort } from '../../../foundation/util/index.ts';
import type { Processes } from '../processes.ts';
import { describeSpawnFailure } from '../start/spawn-failure.ts';
import type { SpawnSpec } from '../start/spawn-spec.ts';
import type { ExitStatus } from '../start/started-child.ts';
import { OutputSink, type SinkResult } from './output-sink.ts';
import { PipedChild } from './piped-child.ts';
import type { SpillOptions } from './spill-file.ts';
import { startTimeLimit } from './time-limit.ts';

/** Survivors of a command that print nothing for so long belong to the background. */
const QUIET_MS = 500;

export interface CommandOptions {
  readonly processes: Processes;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What is on the program's standard input; absent: nothing. */
  readonly input?: string;
  /** Milliseconds up to now that don't count against the limit; while it grows, the limit waits. */
  readonly uncounted?: () => number;
  /** Live text, in order, never cut inside a character. */
  readonly onText: (text: string) => void;
  /** The output as it comes, byte by byte, by stream. */
  readonly onChunk?: (chunk: Buffer, stream: 'stdout' | 'stderr') => void;
  /** Where the whole output goes while the command runs; null keeps only what fits in memory. */
  readonly spill: SpillOptions | null;
}

/** How a command ended. Output is kept in every case. */
export type CommandEnd =
  | { readonly type: 'exited'; readonly exitCode: number }
  | { readonly type: 'signalled'; readonly signal: NodeJS.Signals; readonly exitCode: number }
  | { readonly type: 'timedOut' }
  | { readonly type: 'aborted' }
  /** Nothing ran. */
  | { readonly type: 'spawnFailed'; readonly message: string };

export interface CommandOutcome extends SinkResult {
  readonly end: CommandEnd;
  readonly durationMs: number;
}

/**
 * Runs a program to its end, its time limit, or the abort of `signal`, whichever is first; the latter two end it with all
 * it started. Processes that a command leaves in the background run until the session ends.
 * Never throws for what the program does.
 */
export async function runCommand(spec: SpawnSpec, options: CommandOptions): Promise<CommandOutcome> {
  const startedAt = monotonicMs();
  const sink = new OutputSink(options);
  const end = await runToEnd(spec, options, sink);
  return { end, ...sink.end(), durationMs: monotonicMs() - startedAt };
}

async function runToEnd(spec: SpawnSpec, options: CommandOptions, sink: OutputSink): Promise<CommandEnd> {
  const { processes, signal } = options;
  const input = options.input === undefined ? undefined : { text: options.input };
  if (signal.aborted) return { type: 'aborted' };
  try {
    const onChunk = (chunk: Buffer, stream: 'stdout' | 'stderr') => {
      sink.take(chunk, stream);
      options.onChunk?.(chunk, stream);
    };
    return await within(options, await PipedChild.start(spec, { processes, onChunk, quietMs: QUIET_MS, input }));
  } catch (error) {
    return { type: 'spawnFailed', message: describeSpawnFailure(error, spec) };
  }
}

async function within({ timeoutMs, uncounted, signal }: CommandOptions, child: PipedChild): Promise<CommandEnd> {
  let cut: CommandEnd | null = null;
  const ending: Promise<void>[] = [];
  const stop = () => {
    // After its end only the wait for survivors is left to cut short, and with them.
    if (!child.hasExited) cut ??= { type: 'aborted' };
    ending.push(child.end());
  };
  const onLimit = () => {
    if (child.hasExited) return;
    cut ??= { type: 'timedOut' };
    ending.push(child.end());
  };
  const stopLimit = startTimeLimit({ timeoutMs, uncounted, onLimit });
  using _abort = onAbort(signal, stop);
  try {
    const status = await child.ended;
    // Nothing of a command that was cut short is left when this returns.
    await Promise.all(ending);
    return cut ?? endOf(status);
  } finally {
    stopLimit();
  }
}

function endOf({ exitCode, signal }: ExitStatus): CommandEnd {
  return signal === null ? { type: 'exited', exitCode } : { type: 'signalled', signal, exitCode };
}
