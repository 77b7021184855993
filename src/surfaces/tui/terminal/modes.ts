import type { Writable } from 'node:stream';
import type { Capabilities } from './capabilities.ts';
import { enterBytes, leaveBytes } from './mode-bytes.ts';

/** The terminal's input: `process.stdin`. */
export interface TerminalInput {
  setRawMode(isRaw: boolean): unknown;
}

const STOPS = ['SIGTERM', 'SIGHUP'] as const;
export type StopSignal = (typeof STOPS)[number];

export interface TerminalModesOptions {
  readonly input: TerminalInput;
  readonly output: Writable;
  readonly capabilities: Pick<Capabilities, 'passthrough' | 'hasProgress'>;
  /** A signal asks to end. The terminal is as it was before; the owner ends the process. */
  readonly onStop: (signal: StopSignal) => void;
  /** The process continues after it was stopped (Ctrl-Z and `fg`). The modes are set again; the owner repaints. */
  readonly onContinue: () => void;
}

/**
 * Owns the modes of the terminal: raw input, marked pastes, the keyboard protocol, reports of the focus, the title. They are
 * taken back on every way out of the process: its end, an uncaught error, SIGTERM, SIGHUP, and while it is stopped.
 */
export class TerminalModes {
  readonly #options: TerminalModesOptions;
  #isSet = false;
  readonly #onExit = () => this.leave();
  readonly #onStop = (signal: NodeJS.Signals) => {
    this.leave();
    const stop = STOPS.find((name) => name === signal);
    if (stop) this.#options.onStop(stop);
  };
  readonly #onContinue = () => {
    // Whoever ran in between has set the modes as it liked.
    this.#isSet = false;
    this.enter();
    this.#options.onContinue();
  };

  constructor(options: TerminalModesOptions) {
    this.#options = options;
  }

  /** Sets the modes, and watches over every way out. */
  open(): void {
    process.on('exit', this.#onExit);
    process.on('SIGCONT', this.#onContinue);
    for (const signal of STOPS) process.on(signal, this.#onStop);
    this.enter();
  }

  /** Takes the modes back for good. */
  close(): void {
    this.leave();
    process.off('exit', this.#onExit);
    process.off('SIGCONT', this.#onContinue);
    for (const signal of STOPS) process.off(signal, this.#onStop);
  }

  /** Sets the modes, after `leave`. */
  enter(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    this.#options.input.setRawMode(true);
    this.#options.output.write(enterBytes(this.#options.capabilities));
  }

  /** Takes the modes back, for an editor or a shell that gets the terminal. */
  leave(): void {
    if (!this.#isSet) return;
    this.#isSet = false;
    this.#options.output.write(leaveBytes(this.#options.capabilities));
    this.#options.input.setRawMode(false);
  }

  /** Stops the process group as the shell's Ctrl-Z does; `onContinue` is called when it continues. */
  stop(): void {
    this.leave();
    process.kill(0, 'SIGTSTP');
  }
}
