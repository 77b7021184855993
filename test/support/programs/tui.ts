import { setTimeout as delay } from 'node:timers/promises';
import type { IPty } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { keelBin } from '../keel.ts';
import { startOnTerminal } from './terminal.ts';

export interface TuiRunOptions {
  readonly home: string;
  readonly cwd: string;
  /** Base URL of the scripted model. */
  readonly url: string;
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the terminal answers what it is asked; default true. */
  readonly answers?: boolean;
  /** Another program for Node than keel. */
  readonly program?: string;
}

/** Keys by their names, as a terminal without further protocols sends them. */
export const KEY = {
  enter: '\r',
  escape: '\u001b',
  tab: '\t',
  shiftTab: '\u001b[Z',
  up: '\u001b[A',
  down: '\u001b[B',
  backspace: '\u007f',
  altUp: '\u001b[1;3A',
  altEnter: '\u001b\r',
  ctrl: (letter: string) => String.fromCharCode(letter.charCodeAt(0) - 96),
} as const;

/** The built program in a pseudo-terminal, read through a terminal emulator. */
export class TuiRun implements AsyncDisposable {
  readonly terminal: headless.Terminal;
  readonly pid: number;
  /** Everything it wrote. */
  bytes = '';
  readonly ended: Promise<{ readonly code: number; readonly signal: number | undefined }>;
  readonly #pty: IPty;
  #isOver = false;

  constructor(
    args: readonly string[],
    { home, cwd, url, columns = 100, rows = 30, env = {}, answers = true, program = keelBin }: TuiRunOptions,
  ) {
    this.terminal = new headless.Terminal({ cols: columns, rows, scrollback: 20_000, allowProposedApi: true });
    this.#pty = startOnTerminal(process.execPath, [program, ...args], {
      cols: columns,
      rows,
      cwd,
      name: env['TERM'] ?? 'xterm-256color',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: home,
        KEEL_HOME: home,
        OPENAI_BASE_URL: url,
        OPENAI_API_KEY: 'sk-test-secret-1234567890',
        TERM: 'xterm-256color',
        ...env,
      },
    });
    this.pid = this.#pty.pid;
    this.#pty.onData((text) => {
      this.bytes += text;
      this.terminal.write(text);
    });
    this.terminal.onData((answer) => {
      if (answers && !this.#isOver) this.#pty.write(answer);
    });
    const { promise, resolve } = Promise.withResolvers<{ code: number; signal: number | undefined }>();
    this.ended = promise;
    this.#pty.onExit(({ exitCode, signal }) => {
      this.#isOver = true;
      resolve({ code: exitCode, signal });
    });
  }

  /** Sends bytes as the terminal would. */
  type(text: string): void {
    this.#pty.write(text);
  }

  /** Sends a text key by key, as a person types. */
  async typeSlowly(text: string): Promise<void> {
    for (const char of text) {
      this.type(char);
      await delay(15);
    }
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  kill(signal: string): void {
    this.#pty.kill(signal);
  }

  /** The visible rows, without blanks at their ends. */
  screen(): string {
    const { active } = this.terminal.buffer;
    const rows = Array.from({ length: this.terminal.rows }, (_, at) => active.getLine(active.baseY + at));
    return rows
      .map((row) => row?.translateToString(true) ?? '')
      .join('\n')
      .trimEnd();
  }

  /** Scrollback and screen as text: rows that the terminal wrapped are joined. */
  everything(): string {
    const { normal } = this.terminal.buffer;
    const lines: string[] = [];
    for (let at = 0; at < normal.length; at += 1) {
      const row = normal.getLine(at);
      const text = row?.translateToString(true) ?? '';
      if (row?.isWrapped) lines.push(`${lines.pop() ?? ''}${text}`);
      else lines.push(text);
    }
    return lines.join('\n').trimEnd();
  }

  /** Waits until the screen shows something. */
  async sees(what: string | RegExp, deadlineMs = 30_000): Promise<void> {
    const end = Date.now() + deadlineMs;
    const holds = () => (typeof what === 'string' ? this.screen().includes(what) : what.test(this.screen()));
    while (!holds()) {
      if (Date.now() > end) throw new Error(`the screen does not show ${what}:\n${this.screen()}`);
      await delay(5);
    }
  }

  /** Waits until the screen shows something no more. */
  async seesNot(what: string, deadlineMs = 30_000): Promise<void> {
    const end = Date.now() + deadlineMs;
    while (this.screen().includes(what)) {
      if (Date.now() > end) throw new Error(`the screen still shows ${what}:\n${this.screen()}`);
      await delay(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) this.#pty.kill('SIGKILL');
    await this.ended;
    this.terminal.dispose();
  }
}
