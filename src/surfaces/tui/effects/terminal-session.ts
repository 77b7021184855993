import type { ReadStream, WriteStream } from 'node:tty';
import { paletteOf, type Rgb, type ThemeName, themeFor } from '../../text/index.ts';
import type { Message } from '../message.ts';
import {
  AppendWriter,
  BurstDetector,
  type Capabilities,
  COLOUR_QUERIES,
  capabilitiesOf,
  type FramePainter,
  FrameWriter,
  InputDecoder,
  type InputEvent,
  type Progress,
  progressBytes,
  QUERIES,
  type Size,
  TerminalModes,
  type TerminalReply,
  titleBytes,
} from '../terminal/index.ts';
import { FullScreen } from './full-screen.ts';

const MODIFIERS = { alt: false, shift: false, super: false, isRepeat: false } as const;
const CTRL_C = { type: 'key', key: 'c', ctrl: true, ...MODIFIERS } as const;

/** How long a terminal may take to answer before it is given back, ms. */
const ANSWER_WAIT_MS = 250;

const SIGNAL_CODES = { SIGTERM: 143, SIGHUP: 129, SIGINT: 130 } as const;

export interface TerminalSessionOptions {
  readonly stdin: ReadStream;
  readonly stdout: WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines are only ever added, whatever the terminal can do. */
  readonly isAppending: boolean;
  readonly dispatch: (message: Message) => void;
}

/** The terminal while keel has it: its modes, what is painted and what is typed. Closing it gives it back as it was. */
export class TerminalSession {
  readonly capabilities: Capabilities;
  #painter: FrameWriter | AppendWriter;
  readonly fullScreen: FullScreen;
  /** Lines are only ever added, and input is read in lines, which the terminal itself edits. */
  isAppending: boolean;
  readonly #options: TerminalSessionOptions;
  readonly #modes: TerminalModes;
  readonly #decoder = new InputDecoder();
  readonly #bursts = new BurstDetector();
  #background: Rgb | null = null;
  #theme: ThemeName = 'auto';
  #flush: NodeJS.Timeout | null = null;
  #isLent = false;
  /** Resolves with the answer that every terminal gives last. */
  readonly #answered = Promise.withResolvers<void>();

  constructor(options: TerminalSessionOptions) {
    const { stdin, stdout, env } = options;
    this.#options = options;
    this.capabilities = capabilitiesOf(env);
    this.#bursts.setMarked(this.capabilities.marksPastes);
    const size = this.size();
    this.isAppending = options.isAppending || this.capabilities.painting === 'append';
    const style = this.#style();
    const inline = new FrameWriter({ output: stdout, size, style, reflow: this.capabilities.reflow });
    this.#painter = this.isAppending ? new AppendWriter({ output: stdout, style }) : inline;
    const makePainter = (now: Size) =>
      new FrameWriter({ output: stdout, size: now, style: this.#style(), reflow: 'none' });
    const write = (bytes: string) => this.write(bytes);
    this.fullScreen = new FullScreen({ write, conversation: inline, makePainter }, size);
    this.#modes = new TerminalModes({
      input: stdin,
      output: stdout,
      capabilities: this.capabilities,
      onStop: (signal) => this.#stop(SIGNAL_CODES[signal]),
      onContinue: () => this.#painter.resume(),
    });
  }

  get painter(): FramePainter {
    return this.#painter;
  }

  /** From here on only lines are added: the user has a screen reader. */
  append(): void {
    if (this.isAppending) return;
    this.#painter.close();
    this.#modes.close();
    this.isAppending = true;
    this.#painter = new AppendWriter({ output: this.#options.stdout, style: this.#style() });
  }

  /** Sets the title of the window and what the taskbar shows. */
  announce(title: string, progress: Progress): void {
    if (!this.isAppending) this.write(titleBytes(title) + progressBytes(progress, this.capabilities));
  }

  size(): Size {
    const { columns, rows } = this.#options.stdout;
    return { columns: columns || 80, rows: rows || 24 };
  }

  /** Takes the terminal. What it answers to the queries arrives as input. */
  open(): void {
    const { stdin, stdout } = this.#options;
    if (!this.isAppending) this.#modes.open();
    // An earlier session of this process may have paused it.
    stdin.on('data', this.#onData).on('end', this.#onGone).resume();
    stdout.on('error', this.#onGone).on('resize', this.#onResize);
    process.on('SIGINT', this.#onInterrupt);
    process.prependOnceListener('uncaughtException', this.#onCrash);
    if (!this.isAppending) this.write(QUERIES);
  }

  /** Waits until the terminal has answered what it was asked: what comes later would be typed into the user's shell. */
  async settle(): Promise<void> {
    if (this.isAppending) return;
    const late = setTimeout(() => this.#answered.resolve(), ANSWER_WAIT_MS);
    await this.#answered.promise;
    clearTimeout(late);
  }

  close(): void {
    const { stdin, stdout } = this.#options;
    this.fullScreen.hide();
    this.#painter.close();
    if (!this.isAppending) this.#modes.close();
    if (this.#flush !== null) clearTimeout(this.#flush);
    stdin.off('data', this.#onData).off('end', this.#onGone).pause();
    stdout.off('resize', this.#onResize);
    process.off('SIGINT', this.#onInterrupt);
    process.off('uncaughtException', this.#onCrash);
  }

  write(bytes: string): void {
    this.#options.stdout.write(bytes);
  }

  setTheme(name: ThemeName): void {
    if (name === this.#theme) return;
    this.#theme = name;
    this.#restyle();
  }

  #restyle(): void {
    if (this.#painter instanceof FrameWriter) this.#painter.restyle(this.#style());
  }

  /** Gives the terminal to another program until the work is done. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    const { stdin } = this.#options;
    this.#painter.suspend();
    if (!this.isAppending) this.#modes.leave();
    stdin.pause();
    this.#isLent = true;
    try {
      return await work();
    } finally {
      this.#isLent = false;
      stdin.resume();
      if (!this.isAppending) this.#modes.enter();
      this.#painter.resume();
    }
  }

  /** Stops keel as Ctrl-Z does; the terminal is taken again when it continues. */
  suspend(): void {
    this.#painter.suspend();
    this.#modes.stop();
  }

  readonly #onData = (bytes: Buffer) => {
    if (this.isAppending) return this.#onLines(bytes.toString('utf8'));
    if (this.#flush !== null) clearTimeout(this.#flush);
    this.#flush = null;
    this.#take(this.#decoder.push(bytes));
    const { wait } = this.#decoder;
    if (wait !== null) this.#flush = setTimeout(() => this.#take(this.#decoder.flush()), wait);
  };

  /** Whole lines, as the terminal gives them while it edits them itself. */
  #onLines(text: string): void {
    const at = performance.now();
    for (const line of text.replace(/\n$/, '').split('\n')) {
      this.#options.dispatch({ type: 'line', line, at });
    }
  }

  #take(events: readonly InputEvent[]): void {
    const at = performance.now();
    if (this.#decoder.hasPasted) this.#bursts.setMarked(true);
    // One by one: what a reply changes holds for the keys that came with it in the same read.
    for (const one of events) {
      if (one.type === 'reply') this.#onReply(one.reply);
      else for (const event of this.#bursts.push([one], at)) this.#options.dispatch({ type: 'input', event, at });
      // The colours may have changed while another window was in front.
      if (one.type === 'focus' && one.isFocused) this.write(COLOUR_QUERIES);
    }
  }

  #onReply(reply: TerminalReply): void {
    if (reply.kind === 'device') this.#answered.resolve();
    if (reply.kind === 'mode' && reply.mode === 2004)
      this.#bursts.setMarked(reply.isSupported || this.#decoder.hasPasted);
    if (reply.kind !== 'background' || String(reply.rgb) === String(this.#background)) return;
    this.#background = reply.rgb;
    this.#restyle();
    this.#options.dispatch({ type: 'resized', size: this.size() });
  }

  readonly #onResize = () => {
    const size = this.size();
    this.#painter.resize(size);
    this.fullScreen.resize(size);
    this.#options.dispatch({ type: 'resized', size });
  };

  /** The terminal is gone, or nobody reads it. */
  readonly #onGone = () => {
    if (!this.#isLent) this.#stop(SIGNAL_CODES.SIGHUP);
  };
  readonly #onInterrupt = () => {
    if (this.#isLent) return;
    if (this.isAppending) this.#options.dispatch({ type: 'input', event: CTRL_C, at: performance.now() });
    else this.#stop(SIGNAL_CODES.SIGINT);
  };
  /** What says that keel has crashed is written to a terminal that is as it was. */
  readonly #onCrash = () => {
    this.fullScreen.hide();
    this.#painter.close();
    if (!this.isAppending) this.#modes.leave();
  };

  #stop(code: number): void {
    this.#options.dispatch({ type: 'stop', code });
  }

  #style() {
    const palette = paletteOf(themeFor(this.#theme, this.#background), this.capabilities.colours);
    const { hasLinks, hasPromptMarks } = this.capabilities;
    return { palette, hasLinks, hasPromptMarks: hasPromptMarks && !this.isAppending };
  }
}
