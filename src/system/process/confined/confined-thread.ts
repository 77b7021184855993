import { stat } from 'node:fs/promises';
import type { Worker } from 'node:worker_threads';
import { assertNever } from '../../../foundation/util/index.ts';
import type { SpawnSpec } from '../start/spawn-spec.ts';
import { type ExitStatus, exitStatus } from '../start/started-child.ts';
import { type Confinement, ConfinementError } from './confinement.ts';
import type { ConfinedStdio, FromThread, ThreadData, ToThread } from './messages.ts';

/** A program that a confined thread has started. */
export interface ConfinedChild {
  readonly pid: number;
  /** For pipes: where its output and its errors come in. The receiver closes them. */
  readonly readFds: readonly number[];
  /** For `inputAndPipes`: where its input goes to. The receiver closes it. */
  readonly inputFd: number | null;
  /** Resolves with -1 if the thread is lost. */
  readonly exited: Promise<ExitStatus>;
}

interface Watched {
  readonly started: PromiseWithResolvers<ConfinedChild>;
  readonly exited: PromiseWithResolvers<ExitStatus>;
}

const LOST: ExitStatus = { exitCode: -1, signal: null };

/**
 * A thread of this process that the kernel confines for good, and everything that it starts with it: needs no
 * helper program and no privilege. One for each confinement, kept for the next command.
 */
export class ConfinedThread {
  readonly #worker: Worker;
  readonly #children = new Map<number, Watched>();
  readonly #ready = Promise.withResolvers<void>();
  #nextId = 1;
  #isLost = false;

  private constructor(confinement: Confinement) {
    const source = import.meta.url.endsWith('.ts') ? './worker.ts' : './confined-worker.js';
    const data: ThreadData = { confinement };
    // Descriptors are handed over to the main thread: the worker must not close them at its end.
    const options = { workerData: data, trackUnmanagedFds: false, env: {}, execArgv: [] };
    // Loaded when the first one starts: a run without commands needs none.
    const threads = process.getBuiltinModule('node:worker_threads');
    this.#worker = new threads.Worker(new URL(source, import.meta.url), options);
    this.#worker.on('message', (message: FromThread) => this.#take(message));
    this.#worker.on('error', (error) => this.#lose(error.message));
    this.#worker.on('exit', () => this.#lose('the thread has ended'));
  }

  /** @throws {ConfinementError} if the confinement can't be put into force here */
  static async start(confinement: Confinement): Promise<ConfinedThread> {
    // The pool that Node does file work in is made by the first thread to use it: it must not be the confined one.
    await stat('/');
    const thread = new ConfinedThread(confinement);
    await thread.#ready.promise;
    thread.#worker.unref();
    return thread;
  }

  /** It has ended, by itself or by a fault: nothing can be started on it. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** No program that it started is running. */
  get isIdle(): boolean {
    return this.#children.size === 0;
  }

  /** `inputs` are descriptors, still the caller's. @throws what the system says if the program can't be started */
  start(spec: SpawnSpec, stdio: ConfinedStdio, inputs: readonly number[]): Promise<ConfinedChild> {
    const id = this.#nextId;
    this.#nextId += 1;
    const watched: Watched = { started: Promise.withResolvers(), exited: Promise.withResolvers() };
    this.#children.set(id, watched);
    // A running program keeps keel running, an idle thread does not.
    this.#worker.ref();
    const { argv, argv0 = null, cwd, env } = spec;
    this.#send({ type: 'start', id, argv, argv0, cwd, env, stdio, inputs });
    return watched.started.promise;
  }

  /** Lets the thread end as soon as its programs have. */
  close(): void {
    this.#send({ type: 'close' });
    this.#worker.unref();
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromThread): void {
    switch (message.type) {
      case 'ready':
        return this.#ready.resolve();
      case 'refused':
        return this.#ready.reject(new ConfinementError(message.message));
      case 'started': {
        const watched = this.#children.get(message.id);
        const { pid, readFds, inputFd } = message;
        return watched?.started.resolve({ pid, readFds, inputFd, exited: watched.exited.promise });
      }
      case 'failed': {
        const { code, message: text } = message;
        this.#children.get(message.id)?.started.reject(Object.assign(new Error(text), code === null ? {} : { code }));
        return this.#forget(message.id);
      }
      case 'exited':
        this.#children.get(message.id)?.exited.resolve(exitStatus(message.code, message.signal));
        return this.#forget(message.id);
      default:
        return assertNever(message, 'message of a confined thread');
    }
  }

  #forget(id: number): void {
    this.#children.delete(id);
    if (this.isIdle) this.#worker.unref();
  }

  #lose(reason: string): void {
    this.#isLost = true;
    const error = new ConfinementError(`the thread that confines commands was lost: ${reason}`);
    this.#ready.reject(error);
    for (const { started, exited } of this.#children.values()) {
      started.reject(error);
      exited.resolve(LOST);
    }
    this.#children.clear();
  }
}
