import { setTimeout as delay } from 'node:timers/promises';
import { hold, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { emptyFrames } from './frames.ts';
import type { Figures } from './goals.ts';
import { Run } from './run.ts';

const TOKENS = 1_000;
const TOKEN_MS = 10;
/** Models take longer than this to their first token. */
const THINKING_MS = 250;
const LINE_TOKENS = 12;
const PARAGRAPH_LINES = 30;
/** Letters that nothing else on the screen has, and no sequence ends with. */
const TYPED = 'qxzvyj';
const KEYS = 200;

/** Each token is another, so that it can be found on the screen; lines and paragraphs end as those of an answer do. */
const tokens = Array.from({ length: TOKENS }, (_, at) => {
  const end = (at + 1) % (LINE_TOKENS * PARAGRAPH_LINES) === 0 ? '.\n\n' : (at + 1) % LINE_TOKENS === 0 ? '.\n' : ' ';
  return `w${String(at).padStart(4, '0')}${end}`;
});

/** Reads the same stream and does nothing with it: what any program on Node pays. */
const READER = `
  const request = require('node:http').request(process.argv[1], { method: 'POST' }, async (response) => {
    const start = process.cpuUsage();
    let rest = '';
    for await (const part of response.setEncoding('utf8')) {
      const lines = (rest + part).split('\\n');
      rest = lines.pop();
      for (const line of lines) if (line.startsWith('data: {')) JSON.parse(line.slice(6));
    }
    const { user, system } = process.cpuUsage(start);
    process.stdout.write('CPU ' + (user + system) / 1000 + ' ms');
  });
  request.end(JSON.stringify({ model: 'bench', input: [], stream: true }));`;

/** A model that sends a token each 10 ms, and when it sent each. */
async function pacedModel() {
  let gates: PromiseWithResolvers<void>[] = [];
  const sentAt: number[] = [];
  const server = await startModelServer(() => {
    gates = tokens.map(() => Promise.withResolvers<void>());
    const deltas = tokens.flatMap((token, at) => [hold(gates[at]?.promise ?? Promise.resolve()), token]);
    return respond(message(tokens.join(''), { deltas }), usage({}));
  });
  const play = async () => {
    while (gates.length === 0) await delay(1);
    const [own, startedAt] = [gates, performance.now() + THINKING_MS];
    gates = [];
    for (const [at, gate] of own.entries()) {
      await delay(Math.max(0, startedAt + at * TOKEN_MS - performance.now()));
      sentAt[at] = performance.now();
      gate.resolve();
    }
  };
  return { server, play, sentAt };
}

export async function streams(home: string): Promise<Figures> {
  const { server, play, sentAt } = await pacedModel();
  const place = { home, server };
  const reader = new Run(['-e', READER, `${server.url}/responses`], place);
  await Promise.all([play(), reader.prints(/CPU [\d.]+ ms/)]);
  const floor = Number(/CPU ([\d.]+) ms/.exec(reader.output)?.[1]) / TOKENS;
  await reader.ended();

  const run = Run.keel([], place);
  await run.prints('directory:');
  await run.isQuiet();
  const seenAt: number[] = [];
  run.onPart = (text) => {
    const now = performance.now();
    for (const [, at] of text.matchAll(/w(\d{4})/g)) seenAt[Number(at)] ??= now;
  };
  // The first answer of a start is the slowest.
  await answer(run, play);
  const lags = sentAt.map((sent, at) => (seenAt[at] ?? Number.POSITIVE_INFINITY) - sent);
  run.onPart = () => undefined;
  const second = await answer(run, play);
  const empty = await emptyFrames(run.output);

  const from = run.output.length;
  run.type('go\r');
  const again = play();
  await run.prints('w0000', from);
  const times = await keys(run);
  run.type('\u001b');
  await again;
  await run.quit();
  await server.close();
  return {
    values: {
      ...{ ...second, lag50: part(lags, 0.5), lagMost: part(lags, 1), empty },
      ...{ streamKey50: part(times, 0.5), streamKey99: part(times, 0.99) },
    },
    notes: [
      `CPU a token ${second.cpu.toFixed(2)} ms; of a program on Node that only reads the stream ${floor.toFixed(2)} ms`,
    ],
  };
}

/** Has a whole answer streamed. @returns what each token of it cost, from the first one on the screen to the end of the turn */
async function answer(run: Run, play: () => Promise<void>): Promise<{ readonly bytes: number; readonly cpu: number }> {
  const start = run.output.length;
  run.type('go\r');
  const played = play();
  await run.prints('w0000', start);
  const [length, cpu] = [run.length, run.cpuMs()];
  await Promise.all([played, run.prints(tokens.at(-1)?.trim() ?? '', start)]);
  await run.isQuiet();
  return { bytes: (run.length - length) / TOKENS, cpu: (run.cpuMs() - cpu) / TOKENS };
}

/** Each key on its own: the time until the terminal has written something, ms. */
export async function keys(run: Run): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < KEYS; at += 1) {
    // A long text of many pieces would take longer to look through than the terminal takes.
    run.output = '';
    const key = TYPED[at % TYPED.length] ?? '';
    const startedAt = performance.now();
    run.type(key);
    await run.prints(key);
    times.push(performance.now() - startedAt);
    await delay(10);
  }
  return times;
}

/** The value below which a part of the values is. */
export function part(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
}
