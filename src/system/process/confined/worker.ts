import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { newPipe, type Pipe } from '../start/pipe.ts';
import { ownTerminalArgv } from '../terminal/own-terminal.ts';
import { confineThread } from './confine-thread.ts';
import { Kernel } from './kernel.ts';
import type { FromThread, StartRequest, ThreadData, ToThread } from './messages.ts';

const port = parentPort;
/** Number of programs whose end has still to be reported. */
let running = 0;
let isClosing = false;

if (port !== null) void serve(workerData).catch((error: unknown) => send({ type: 'refused', message: textOf(error) }));

function send(message: FromThread): void {
  port?.postMessage(message);
}

/** Confines this thread, then starts programs on request. Nothing is started before, nor after a failure. */
async function serve({ confinement }: ThreadData): Promise<void> {
  const kernel = Kernel.load();
  confineThread(kernel, confinement);
  port?.on('message', (message: ToThread) => {
    if (message.type === 'start') start(message);
    else isClosing = true;
    endIfDone();
  });
  send({ type: 'ready' });
}

/** Without its port the thread ends by itself. */
function endIfDone(): void {
  if (isClosing && running === 0) port?.close();
}

function start(request: StartRequest): void {
  const { id } = request;
  const pipes: Pipe[] = [];
  const inputs: Pipe[] = [];
  const fail = (error: unknown) => {
    for (const { readFd } of pipes) closeSync(readFd);
    for (const { writeFd } of inputs) closeSync(writeFd);
    send({ type: 'failed', id, code: codeOf(error), message: textOf(error) });
  };
  try {
    const { type } = request.stdio;
    if (type === 'inputAndPipes') inputs.push(newPipe());
    if (type === 'pipes' || type === 'inputAndPipes') for (let n = 0; n < 2; n += 1) pipes.push(newPipe());
    const outputs = pipes.map(({ writeFd }) => writeFd);
    const child = spawnChild(request, inputs[0]?.readFd ?? 'ignore', outputs);
    const ends = { readFds: pipes.map(({ readFd }) => readFd), inputFd: inputs[0]?.writeFd ?? null };
    if (child.pid === undefined) child.once('error', fail);
    else follow(child, id, { pid: child.pid, ...ends });
  } catch (error) {
    fail(error);
  } finally {
    // Only the program holds these ends now.
    for (const { writeFd } of pipes) closeSync(writeFd);
    for (const { readFd } of inputs) closeSync(readFd);
  }
}

type Started = Omit<Extract<FromThread, { type: 'started' }>, 'type' | 'id'>;

function follow(child: ChildProcess, id: number, started: Started): void {
  running += 1;
  child.once('exit', (code, signal) => {
    running -= 1;
    send({ type: 'exited', id, code, signal });
    endIfDone();
  });
  send({ type: 'started', id, ...started });
}

function spawnChild(request: StartRequest, input: number | 'ignore', outputs: readonly number[]): ChildProcess {
  const { argv, argv0, cwd, env, stdio, inputs } = request;
  if (stdio.type === 'terminal') {
    const [setsid = '', ...args] = ownTerminalArgv(argv);
    return spawn(setsid, args, { cwd, env, stdio: [stdio.fd, stdio.fd, stdio.fd, ...inputs] });
  }
  const [program = '', ...args] = argv;
  const name = argv0 === null ? {} : { argv0 };
  const fds = stdio.type === 'inherited' ? [0, 1, 2] : [input, ...outputs];
  return spawn(program, args, { cwd, env, detached: true, stdio: [...fds, ...inputs], ...name });
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
