import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { Deferred } from '../util/index.ts';
import { BoundedOutput, ChunkDecoder } from './bounded-output.ts';
import type { Processes } from './processes.ts';
import type { SpawnSpec } from './spawn-spec.ts';
import { SpillFile, type SpillOptions } from './spill-file.ts';

export interface SessionOptions {
  readonly spec: SpawnSpec;
  readonly processes: Processes;
  readonly tty: boolean;
  readonly spill: SpillOptions | null;
  readonly keepSpill: (output: string) => boolean;
  /** Live text for as long as somebody listens. */
  readonly onText: (text: string) => void;
}

/** What came since the last look, and whether the program is still there. */
export interface SessionNews {
  readonly output: string;
  readonly totalBytes: number;
  /** Null while it runs. */
  readonly exitCode: number | null;
}

const TERMINAL = { cols: 80, rows: 24 } as const;

/** One program that may outlive the call that started it. Reads go on in the background; nothing is lost in between. */
export class ExecSession {
  readonly #options: SessionOptions;
  readonly #everything = new BoundedOutput();
  readonly #spill: SpillFile | null;
  readonly #exited = new Deferred<number>();
  readonly #startedAt = performance.now();
  #unseen = new BoundedOutput();
  #exitCode: number | null = null;
  #durationMs: number | null = null;
  #write: (text: string) => boolean = () => false;
  #kill: () => void = () => undefined;

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.#spill = options.spill && new SpillFile(options.spill);
  }

  /** @throws Error if the program can't be started */
  static async start(options: SessionOptions): Promise<ExecSession> {
    const session = new ExecSession(options);
    if (options.tty) await session.#startTerminal();
    else await session.#startPipes();
    return session;
  }

  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Resolves with the exit code. */
  get exited(): Promise<number> {
    return this.#exited.promise;
  }

  get durationMs(): number {
    return this.#durationMs ?? performance.now() - this.#startedAt;
  }

  get isTerminal(): boolean {
    return this.#options.tty;
  }

  get hasNews(): boolean {
    return this.#unseen.totalBytes > 0;
  }

  /** All output so far, bounded; for the item that people see. */
  transcript(): string {
    return this.#everything.text();
  }

  /** Takes what has not been seen yet. */
  takeNews(): SessionNews {
    const unseen = this.#unseen;
    this.#unseen = new BoundedOutput();
    return { output: unseen.text(), totalBytes: unseen.totalBytes, exitCode: this.#exitCode };
  }

  /** @returns false if the program takes no input (any more) */
  write(text: string): boolean {
    return this.#exitCode === null && this.#write(text);
  }

  kill(): void {
    this.#kill();
  }

  /** The file with the whole output, while it is there. */
  get spillPath(): string | null {
    return this.#spill && this.#options.keepSpill(this.transcript()) ? this.#spill.path : null;
  }

  async #startPipes(): Promise<void> {
    const { spec, processes } = this.#options;
    const child = processes.spawn(spec, processes.newMark(), ['ignore', 'pipe', 'pipe']);
    await started(child);
    const pid = child.pid ?? 0;
    for (const stream of [child.stdout, child.stderr]) {
      const decoder = new ChunkDecoder();
      stream?.on('data', (chunk: Buffer) => this.#take(chunk, decoder));
    }
    this.#kill = () => processes.kill(pid);
    child.once('exit', (code, signal) => {
      const exitCode = signal === null ? (code ?? -1) : 128 + (constants.signals[signal] ?? 0);
      // What the pipes still hold comes before the end is told; survivors that keep them open are not waited for.
      const end = () => this.#end(exitCode, pid);
      const timer = setTimeout(end, 200);
      child.once('close', () => {
        clearTimeout(timer);
        end();
      });
    });
  }

  async #startTerminal(): Promise<void> {
    const { spec, processes } = this.#options;
    const { spawn } = await import('@lydell/node-pty');
    const [program = '', ...args] = spec.argv;
    const mark = processes.newMark();
    const env = processes.marked(spec.env, mark);
    const terminal = spawn(program, args, { ...TERMINAL, name: 'xterm', cwd: spec.cwd, env, encoding: null });
    processes.adopt(terminal.pid, mark);
    const decoder = new ChunkDecoder();
    // With no encoding set, node-pty hands out bytes whatever its types say.
    terminal.onData((data: string | Buffer) => this.#take(Buffer.from(data), decoder));
    this.#write = (text) => {
      terminal.write(text);
      return true;
    };
    this.#kill = () => processes.kill(terminal.pid);
    terminal.onExit(({ exitCode, signal }) => this.#end(signal ? 128 + signal : exitCode, terminal.pid));
  }

  #take(chunk: Buffer, decoder: ChunkDecoder): void {
    this.#everything.append(chunk);
    this.#unseen.append(chunk);
    this.#spill?.append(chunk);
    const text = decoder.decode(chunk);
    if (text !== '') this.#options.onText(text);
  }

  #end(exitCode: number, pid: number): void {
    if (this.#exitCode !== null) return;
    this.#exitCode = exitCode;
    this.#durationMs = performance.now() - this.#startedAt;
    this.#spill?.end(this.#options.keepSpill(this.transcript()));
    this.#options.processes.release(pid);
    this.#exited.resolve(exitCode);
  }
}

function started(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('spawn', resolve);
  child.once('error', reject);
  return promise;
}
