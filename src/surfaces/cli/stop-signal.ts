import { monotonicMs } from '../../foundation/util/index.ts';
import { BROKEN_PIPE_EXIT, type CommandIo, unwritable } from './io.ts';

const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A terminal signals both the launcher and keel, and the launcher forwards its signal: within this time they are one, ms. */
const ECHO_MS = 100;

export interface StopSignal extends Disposable {
  /** Aborts on the first SIGINT, SIGTERM or SIGHUP, or when the output is closed. The reason is the exit code. */
  readonly signal: AbortSignal;
  /** Runs `work` when the process exits, however it exits. */
  onExit(work: () => void): void;
}

/** Turns signals into an abort. The second one ends the process at once, with all it started. */
export function stopSignal(io: CommandIo): StopSignal {
  const controller = new AbortController();
  let signalledAt = Number.NEGATIVE_INFINITY;
  const stop = (code: number) => {
    if (controller.signal.aborted && monotonicMs() - signalledAt > ECHO_MS) process.exit(code);
    if (controller.signal.aborted) return;
    signalledAt = monotonicMs();
    controller.abort(code);
  };
  const onSignal = (name: NodeJS.Signals) => {
    if (name in exitCodes) stop(exitCodes[name as keyof typeof exitCodes]);
  };
  const onOutputError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw unwritable(error);
    if (!controller.signal.aborted) controller.abort(BROKEN_PIPE_EXIT);
  };
  for (const name of Object.keys(exitCodes)) process.on(name, onSignal);
  io.stdout.on('error', onOutputError);
  io.stderr.on('error', onOutputError);
  return {
    signal: controller.signal,
    onExit: (work) => void process.once('exit', work),
    [Symbol.dispose]: () => {
      for (const name of Object.keys(exitCodes)) process.off(name, onSignal);
    },
  };
}
