import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pty from '@lydell/node-pty';
import type { ModelServer } from '../../src/testing/index.ts';

export const SIZE = { cols: 100, rows: 40 } as const;
const keel = resolve(import.meta.dirname, '../../bin/keel.js');

export interface Place {
  readonly home: string;
  readonly server: ModelServer;
}

/** A program in a terminal of its own. */
export class Run {
  readonly startedAt = performance.now();
  readonly pid: number;
  output = '';
  /** Characters of all of it. */
  length = 0;
  reads = 0;
  /** Called with each part of the output, as it is read. */
  onPart: (text: string) => void = () => undefined;
  readonly #pty: pty.IPty;
  readonly #ended: Promise<void>;
  #wake: () => void = () => undefined;
  #isOver = false;

  constructor(args: readonly string[], { home, server }: Place) {
    this.#pty = pty.spawn(process.execPath, [...args], {
      ...{ ...SIZE, cwd: home, name: 'xterm-256color' },
      env: {
        ...{ PATH: process.env['PATH'] ?? '', HOME: home, KEEL_HOME: home, TERM: 'xterm-256color' },
        ...{ OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'bench' },
      },
    });
    this.pid = this.#pty.pid;
    this.#pty.onData((text) => {
      this.onPart(text);
      this.output += text;
      this.length += text.length;
      this.reads += 1;
      // As a terminal answers that marks pastes: else keys that come all at once are taken for one.
      if (text.includes('\u001b[?2004$p')) this.type('\u001b[?2004;1$y');
      this.#wake();
    });
    this.#ended = new Promise((done) =>
      this.#pty.onExit(() => {
        this.#isOver = true;
        this.#wake();
        done();
      }),
    );
  }

  static keel(args: readonly string[], place: Place): Run {
    return new Run([keel, ...args, '-s', 'read-only'], place);
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /** Until the output has a text, `from` characters of what is kept aside. @returns ms since the start of the program */
  async prints(text: string | RegExp, from = 0): Promise<number> {
    const has = () =>
      typeof text === 'string' ? this.output.includes(text, from) : text.test(this.output.slice(from));
    while (!has()) {
      if (this.#isOver) throw new Error(`it ended without ${text}: ${this.output.slice(-500)}`);
      await new Promise<void>((next) => {
        this.#wake = next;
      });
    }
    return performance.now() - this.startedAt;
  }

  /** Until it has written nothing for a second. */
  async isQuiet(): Promise<void> {
    for (let before = -1; before !== this.reads; ) {
      before = this.reads;
      await delay(1_000);
    }
  }

  async quit(): Promise<void> {
    this.type('\u0015/quit\r');
    await this.#ended;
  }

  async ended(): Promise<void> {
    await this.#ended;
  }

  /** User and system time so far, of all of its threads, ms. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  residentMiB(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  }
}
