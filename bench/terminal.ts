// `npm run bench:terminal`: the terminal in a pseudo-terminal of its own: how soon it paints and answers a key, what a streamed token
// costs, that it is silent when idle, and its memory with a long thread. Words choose parts: `starts`, `long`, `streams`, `idles`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pty from '@lydell/node-pty';
import { message, delay as pause, respond, startModelServer, usage } from '../src/testing/index.ts';
import { median } from './measure.ts';
import { longThread, THREAD } from './recorded-thread.ts';

const ROUNDS = 15;
const KEYS = 200;
const ITEMS = 10_000;
const SOAK_ITEMS = 20_000;
const TOKENS = 1_000;
const TOKEN_MS = 10;
const IDLE_MS = 5_000;
const keel = resolve(import.meta.dirname, '../bin/keel.js');

const home = mkdtempSync(join(tmpdir(), 'keel-bench-'));
const tokens = Array.from({ length: TOKENS }, (_, at) => (at % 12 === 11 ? 'word.\n' : 'words '));
await using server = await startModelServer(() =>
  respond(message(tokens.join(''), { deltas: tokens.flatMap((token) => [token, pause(TOKEN_MS)]) }), usage({})),
);

/** A program in a terminal. */
class Run {
  readonly startedAt = performance.now();
  readonly pid: number;
  output = '';
  reads = 0;
  readonly #pty: pty.IPty;
  readonly #ended: Promise<void>;
  #wake: () => void = () => undefined;
  #isOver = false;

  constructor(args: readonly string[]) {
    this.#pty = pty.spawn(process.execPath, [...args], {
      ...{ cols: 100, rows: 40, cwd: home, name: 'xterm-256color' },
      env: {
        ...{ PATH: process.env['PATH'] ?? '', HOME: home, KEEL_HOME: home, TERM: 'xterm-256color' },
        ...{ OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'bench' },
      },
    });
    this.pid = this.#pty.pid;
    this.#pty.onData((text) => {
      this.output += text;
      // As a terminal answers that marks pastes: else keys that come all at once are taken for one.
      if (text.includes('\u001b[?2004$p')) this.type('\u001b[?2004;1$y');
      this.reads += 1;
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

  type(text: string): void {
    this.#pty.write(text);
  }

  /** Until the output from a place on has a text. @returns ms since the start of the program */
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

  /** User and system time so far, ms. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  residentMiB(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  }
}

const open = (...args: string[]) => new Run([keel, ...args, '-s', 'read-only']);
const say = (what: string, figure: string, goal: string) =>
  process.stdout.write(`${what.padEnd(58)} ${figure.padEnd(34)} ${goal}\n`);

try {
  const parts = { starts, long: longThreads, streams, idles };
  const wanted = process.argv.slice(2);
  for (const [name, part] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await part();
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** Interleaved with bare Node, so that a slow moment of the machine hits both alike; the first round warms caches. */
async function starts(): Promise<void> {
  const times = { node: [0], paint: [0], submit: [0] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const node = await new Run(['-e', 'process.stdout.write("x")']).prints('x');
    const run = open();
    const before = server.requests.length;
    const paint = await run.prints(/Starting|Ask for/);
    run.type('hi\r');
    while (server.requests.length === before) await delay(1);
    const submit = (server.requests[before]?.arrivedAt ?? 0) - performance.timeOrigin - run.startedAt;
    run.type('\u001b');
    await run.prints('Interrupted');
    await run.quit();
    if (round === 0) continue;
    times.node.push(node);
    times.paint.push(paint);
    times.submit.push(submit);
  }
  const [node, paint, submit] = [times.node, times.paint, times.submit].map((all) => median(all.slice(1)));
  if (node === undefined || paint === undefined || submit === undefined) return;
  say(
    'first paint, and of bare Node',
    `${paint.toFixed(0)} / ${node.toFixed(0)} ms = ${(paint / node).toFixed(2)}x`,
    '<= 1.8x',
  );
  say(
    'a prompt typed then is with the model after',
    `${submit.toFixed(0)} ms = ${(submit / node).toFixed(2)}x`,
    '<= 4x',
  );
}

async function longThreads(): Promise<void> {
  for (const items of [ITEMS, SOAK_ITEMS]) {
    longThread({ textBytes: 240, items })(home);
    const run = open('resume', THREAD);
    await run.prints('directory:');
    await run.isQuiet();
    const many = `${items.toLocaleString('en-US')} items`;
    await keys(run, `key to paint with ${many}`);
    say(`memory with ${many}`, `${run.residentMiB().toFixed(0)} MiB`, '<= 150 MiB');
    await run.quit();
  }
}

/** Each key on its own: the time until the terminal has written something. */
async function keys(run: Run, what: string): Promise<void> {
  const times: number[] = [];
  for (let at = 0; at < KEYS; at += 1) {
    // A long text of many pieces would take longer to look through than the terminal takes.
    run.output = '';
    const key = String.fromCharCode(97 + (at % 26));
    const startedAt = performance.now();
    run.type(key);
    await run.prints(key);
    times.push(performance.now() - startedAt);
    await delay(10);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
  say(what, `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`, 'p50 <= 8, p99 <= 16 ms');
}

async function streams(): Promise<void> {
  const run = open();
  await run.prints('directory:');
  run.type('go\r');
  await run.prints('words');
  const [bytes, cpu] = [run.output.length, run.cpuMs()];
  await delay(TOKENS * TOKEN_MS + 2_000);
  const tokenBytes = (run.output.length - bytes) / TOKENS;
  say(
    'a streamed token',
    `${tokenBytes.toFixed(0)} bytes, ${((run.cpuMs() - cpu) / TOKENS).toFixed(2)} ms CPU`,
    '<= 100 bytes, <= 0.6 ms',
  );
  run.type('again\r');
  await run.prints('words', run.output.length);
  await keys(run, 'key to paint while an answer streams');
  run.type('\u001b');
  await run.quit();
}

async function idles(): Promise<void> {
  const run = open();
  await run.prints('directory:');
  await delay(2_000);
  const reads = run.reads;
  await delay(IDLE_MS);
  say('writes in 5 s without anything to do', String(run.reads - reads), '0');
  await run.quit();
}
