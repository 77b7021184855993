import { accessSync, constants, statSync } from 'node:fs';
import { Deferred, monotonicMs } from '../../../foundation/util/index.ts';
import type { Processes } from '../processes.ts';
import { describeSpawnFailure } from '../start/spawn-failure.ts';
import type { SpawnSpec } from '../start/spawn-spec.ts';
import { openTerminal } from '../terminal/terminal.ts';
import { BoundedOutput } from './bounded-output.ts';
import { OutputSink, type SinkResult } from './output-sink.ts';
import { PipedChild } from './piped-child.ts';
import type { SpillOptions } from './spill-file.ts';

/** Output of survivors is waited for only this long: whoever started something in the background looks at it with another call. */
const QUIET_MS = 50;
const CTRL_C = '\u0003';

export interface PtySessionOptions {
  readonly spec: SpawnSpec;
  readonly processes: Processes;
  readonly tty: boolean;
  readonly spill: SpillOptions | null;
  /** Gets the live text until another listener takes its place. */
  readonly onText: (text: string) => void;
}

/** What came since the last look, and whether the program is still there. */
export interface SessionNews extends SinkResult {
  /** All that was ever printed, seen before or not; the file holds that. */
  readonly printedBytes: number;
  /** Null while it runs. */
  readonly exitCode: number | null;
}

export type SessionStart =
  | { readonly type: 'started'; readonly session: ExecSession }
  /** Nothing ran. */
  | { readonly type: 'spawnFailed'; readonly message: string };

/** One program that may outlive the call that started it. Its output is read in the background; nothing is lost in between. */
export class ExecSession {
  readonly isTerminal: boolean;
  readonly #sink: OutputSink;
  readonly #processes: Processes;
  readonly #exited = new Deferred<number>();
  readonly #startedAt = monotonicMs();
  #unseen = new BoundedOutput();
  #lastChunkAt = monotonicMs();
  #lastByte: number | null = null;
  #listener: ((text: string) => void) | null;
  #pid = 0;
  #exitCode: number | null = null;
  #durationMs: number | null = null;
  #write: ((text: string) => void) | null = null;

  private constructor({ spill, onText, processes, tty }: PtySessionOptions) {
    this.isTerminal = tty;
    this.#listener = onText;
    this.#sink = new OutputSink({ spill, onText: (text) => this.#listener?.(text) });
    this.#processes = processes;
  }

  static async start(options: PtySessionOptions): Promise<SessionStart> {
    const session = new ExecSession(options);
    try {
      if (options.tty) await session.#startTerminal(options.spec);
      else await session.#startPiped(options.spec);
      return { type: 'started', session };
    } catch (error) {
      return { type: 'spawnFailed', message: describeSpawnFailure(error, options.spec) };
    }
  }

  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Resolves with the exit code. */
  get exited(): Promise<number> {
    return this.#exited.promise;
  }

  /** Process id of the program, and of the group that it leads. */
  get pid(): number {
    return this.#pid;
  }

  get durationMs(): number {
    return this.#durationMs ?? monotonicMs() - this.#startedAt;
  }

  get hasNews(): boolean {
    return this.#unseen.totalBytes > 0;
  }

  /** Since when it has printed nothing, milliseconds. */
  get silentMs(): number {
    return monotonicMs() - this.#lastChunkAt;
  }

  /** True where the last thing printed is an unfinished line, as a prompt leaves it. */
  get isInLine(): boolean {
    return this.#lastByte !== null && this.#lastByte !== 0x0a;
  }

  /** All output so far, bounded; for the item that people see. */
  transcript(): string {
    return this.#sink.text();
  }

  /** Takes what has not been seen yet. The file it names holds all output, also what was seen. */
  takeNews(): SessionNews {
    const unseen = this.#unseen;
    this.#unseen = new BoundedOutput();
    const { spill, totalBytes: printedBytes, totalLines } = this.#sink;
    const news = unseen.partial();
    const { totalBytes } = news;
    const partial = { ...news, linesBefore: totalLines - news.totalLines };
    return { output: unseen.text(), partial, totalBytes, printedBytes, ...spill, exitCode: this.#exitCode };
  }

  /** Who gets the live text from now on; null: nobody, it is still kept. */
  listen(listener: ((text: string) => void) | null): void {
    this.#listener = listener;
  }

  /** Types into it; Ctrl-C also reaches a program without a terminal. @returns false if it takes no input (any more) */
  write(text: string): boolean {
    if (this.#exitCode !== null) return false;
    if (this.#write !== null) this.#write(text);
    else if (text === CTRL_C) this.#processes.signal(this.#pid, 'SIGINT');
    else return false;
    return true;
  }

  /** Ends it with all it started; it is gone when this resolves. */
  async end(): Promise<void> {
    await this.#processes.end(this.#pid);
  }

  /** Kills it with all it started, at once. */
  kill(): void {
    this.#processes.kill(this.#pid);
  }

  async #startPiped(spec: SpawnSpec): Promise<void> {
    const child = await PipedChild.start(spec, {
      processes: this.#processes,
      onChunk: (chunk, stream) => this.#take(chunk, stream),
      quietMs: QUIET_MS,
    });
    this.#pid = child.pid;
    void child.ended.then(({ exitCode }) => this.#end(exitCode));
  }

  async #startTerminal(spec: SpawnSpec): Promise<void> {
    // A terminal can't report why its program did not start: it would end at once with a line in its output.
    statSync(spec.cwd);
    const program = spec.argv[0] ?? '';
    if (program.includes('/')) accessSync(program, constants.X_OK);
    const terminal = await openTerminal(spec, this.#processes, (chunk) => this.#take(chunk, 'terminal'));
    this.#pid = terminal.pid;
    this.#write = (text) => terminal.write(text);
    void terminal.ended.then((exitCode) => {
      this.#processes.release(terminal.pid);
      this.#end(exitCode);
    });
  }

  #take(chunk: Buffer, stream: string): void {
    if (this.#exitCode !== null) return;
    this.#lastChunkAt = monotonicMs();
    this.#lastByte = chunk[chunk.length - 1] ?? this.#lastByte;
    this.#unseen.append(chunk);
    this.#sink.take(chunk, stream);
  }

  #end(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#durationMs = monotonicMs() - this.#startedAt;
    this.#sink.end();
    this.#exited.resolve(exitCode);
  }
}
