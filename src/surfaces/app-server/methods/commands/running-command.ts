import { StringDecoder } from 'node:string_decoder';
import { onAbort } from '../../../../foundation/util/index.ts';
import {
  openTerminal,
  PipedChild,
  type Processes,
  type SpawnSpec,
  type Terminal,
} from '../../../../system/process/index.ts';
import { ErrorCode, MethodError } from '../method.ts';
import type { CapturedOutput } from './captured-output.ts';
import type { ExecShape } from './command-params.ts';

/** Survivors of a command that print nothing for so long belong to the background, ms. */
const QUIET_MS = 100;
/** As the program `timeout` has it. */
const TIMED_OUT = 124;
/** Input that the program has not read yet; more is refused. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
const END_OF_INPUT = '\x04';

type Program =
  | { readonly type: 'terminal'; readonly terminal: Terminal }
  | { readonly type: 'piped'; readonly child: PipedChild };

export interface RunOptions {
  readonly processes: Processes;
  readonly shape: ExecShape;
  readonly output: CapturedOutput;
  /** Kills it with all it started. */
  readonly signal: AbortSignal;
}

/** A command that runs for a client. */
export class RunningCommand {
  readonly #program: Program;
  readonly #options: RunOptions;
  /** Input may be cut inside a character. */
  readonly #typed = new StringDecoder('utf8');
  #isTimedOut = false;

  private constructor(program: Program, options: RunOptions) {
    this.#program = program;
    this.#options = options;
  }

  /** @throws what the system says if it can't be started */
  static async start(spec: SpawnSpec, options: RunOptions): Promise<RunningCommand> {
    const { processes, shape, output } = options;
    if (shape.terminal !== null) {
      const onChunk = (chunk: Buffer) => output.take(chunk, 'stdout');
      const terminal = await openTerminal(spec, processes, onChunk, shape.terminal);
      return new RunningCommand({ type: 'terminal', terminal }, options);
    }
    const child = await PipedChild.start(spec, {
      processes,
      onChunk: (chunk, stream) => output.take(chunk, stream),
      quietMs: QUIET_MS,
      input: shape.takesInput ? 'pipe' : undefined,
    });
    return new RunningCommand({ type: 'piped', child }, options);
  }

  /** Waits for its end, its output read. @returns the exit code */
  async ended(): Promise<number> {
    const { processes, shape, signal } = this.#options;
    using _closed = onAbort(signal, () => processes.kill(this.#pid));
    const ending: Promise<void>[] = [];
    const limit = () => {
      this.#isTimedOut = true;
      ending.push(this.terminate());
    };
    const timer = shape.timeoutMs === null ? undefined : setTimeout(limit, shape.timeoutMs);
    try {
      const exitCode = await this.#exitCode();
      await Promise.all(ending);
      return this.#isTimedOut ? TIMED_OUT : exitCode;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws MethodError if it takes no input, or too little of it */
  write(input: Buffer, isLast: boolean): void {
    if (this.#program.type === 'terminal') {
      const { terminal } = this.#program;
      const text = this.#typed.write(input) + (isLast ? END_OF_INPUT : '');
      if (text !== '') terminal.write(text);
      return;
    }
    const pipe = this.#program.child.input;
    if (pipe === null || pipe.writableEnded || pipe.destroyed) throw invalid('the command takes no input');
    if (pipe.writableLength + input.length > MAX_UNREAD_BYTES) {
      throw new MethodError(ErrorCode.overloaded, 'the command has not read its earlier input');
    }
    if (input.length > 0) pipe.write(input);
    if (isLast) pipe.end();
  }

  /** @throws MethodError if it has no terminal */
  resize(size: { readonly rows: number; readonly cols: number }): void {
    if (this.#program.type === 'piped') throw invalid('the command has no terminal');
    this.#program.terminal.resize(size);
  }

  /** Asks it and all it started to end, and kills what is left. */
  async terminate(): Promise<void> {
    const program = this.#program;
    await (program.type === 'piped' ? program.child.end() : this.#options.processes.end(this.#pid));
  }

  get #pid(): number {
    return this.#program.type === 'terminal' ? this.#program.terminal.pid : this.#program.child.pid;
  }

  async #exitCode(): Promise<number> {
    if (this.#program.type === 'piped') return (await this.#program.child.ended).exitCode;
    const { terminal } = this.#program;
    const exitCode = await terminal.ended;
    this.#options.processes.release(terminal.pid);
    return exitCode;
  }
}

function invalid(message: string): MethodError {
  return new MethodError(ErrorCode.invalidRequest, message);
}
