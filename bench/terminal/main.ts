// `npm run bench:terminal`: the terminal in a pseudo-terminal of its own: how soon it paints and answers a key, what a streamed token
// costs and how late it is, that it is silent when idle, and its memory with a long thread. Each part runs three times. Words choose
// parts: `starts`, `long`, `streams`, `idles`, `soak`. It ends with 1 if a goal is missed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ModelServer, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { median } from '../measure.ts';
import { longThread, THREAD } from '../recorded-thread.ts';
import { type Figures, report } from './goals.ts';
import { Run } from './run.ts';
import { soaks } from './soak.ts';
import { keys, part, streams } from './streams.ts';

const REPEATS = 3;
const STARTS = 7;
const ITEMS = 10_000;
const IDLE_MS = 5_000;

const home = mkdtempSync(join(tmpdir(), 'keel-bench-'));
const parts: Readonly<Record<string, { readonly repeats: number; readonly run: () => Promise<Figures> }>> = {
  starts: { repeats: REPEATS, run: starts },
  long: { repeats: REPEATS, run: longThreads },
  streams: { repeats: REPEATS, run: () => streams(home) },
  idles: { repeats: REPEATS, run: idles },
  soak: { repeats: 1, run: () => soaks(home) },
};

try {
  const wanted = process.argv.slice(2);
  const rounds: Figures[] = [];
  for (const [name, { repeats, run }] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (let round = 0; round < repeats; round += 1) rounds.push(await run());
  }
  process.exitCode = report(rounds) ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}

function greeting(): Promise<ModelServer> {
  return startModelServer(() => respond(message('Hello.'), usage({})));
}

/** Interleaved with bare Node, so that a slow moment of the machine hits both alike; the first start warms caches. */
async function starts(): Promise<Figures> {
  await using server = await greeting();
  const place = { home, server };
  const times = { node: [0], paint: [0], submit: [0] };
  for (let round = 0; round <= STARTS; round += 1) {
    const bare = new Run(['-e', 'process.stdout.write("x")'], place);
    const node = await bare.prints('x');
    await bare.ended();
    const run = Run.keel([], place);
    const before = server.requests.length;
    const paint = await run.prints(/Starting|Ask for/);
    run.type('hi\r');
    while (server.requests.length === before) await delay(1);
    const submit = (server.requests[before]?.arrivedAt ?? 0) - performance.timeOrigin - run.startedAt;
    await run.prints('Hello.');
    await run.quit();
    if (round === 0) continue;
    times.node.push(node);
    times.paint.push(paint);
    times.submit.push(submit);
  }
  const [node = 0, paint = 0, submit = 0] = [times.node, times.paint, times.submit].map((all) => median(all.slice(1)));
  const note = `bare Node ${node.toFixed(0)} ms, first paint ${paint.toFixed(0)} ms, prompt with the model ${submit.toFixed(0)} ms`;
  return { values: { paint: paint / node, submit: submit / node }, notes: [note] };
}

async function longThreads(): Promise<Figures> {
  await using server = await greeting();
  longThread({ textBytes: 240, items: ITEMS })(home);
  const run = Run.keel(['resume', THREAD], { home, server });
  await run.prints('directory:');
  await run.isQuiet();
  const memory = run.residentMiB();
  const times = await keys(run);
  await run.quit();
  return { values: { memory, longKey50: part(times, 0.5), longKey99: part(times, 0.99) } };
}

async function idles(): Promise<Figures> {
  await using server = await greeting();
  const run = Run.keel([], { home, server });
  await run.prints('directory:');
  await run.isQuiet();
  const { reads } = run;
  await delay(IDLE_MS);
  const idle = run.reads - reads;
  await run.quit();
  return { values: { idle } };
}
