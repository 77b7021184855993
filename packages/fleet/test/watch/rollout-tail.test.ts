import { appendFileSync, copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RecordedLine, RecordReplaced, tailRollout } from '../../src/watch/rollout-tail.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  path = join(dir, 'rollout.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Takes lines until `count` have come. */
async function take(tail: AsyncGenerator<RecordedLine>, count: number): Promise<RecordedLine[]> {
  const taken: RecordedLine[] = [];
  while (taken.length < count) {
    const { value, done } = await tail.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

const never = new AbortController().signal;
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `line ${from + at}`);
const written = (from: number, to: number) =>
  lines(from, to)
    .map((line) => `${line}\n`)
    .join('');

describe('the tail of a record', () => {
  test('has the lines so far, then those that are added', async () => {
    writeFileSync(path, written(0, 3));
    const tail = tailRollout(() => path, -1, never);
    expect((await take(tail, 3)).map(({ text }) => text)).toEqual(lines(0, 3));
    appendFileSync(path, written(3, 5));
    expect(await take(tail, 2)).toEqual([
      { ordinal: 3, text: 'line 3' },
      { ordinal: 4, text: 'line 4' },
    ]);
    await tail.return();
  });

  test('begins behind the line that is known', async () => {
    writeFileSync(path, written(0, 10));
    const tail = tailRollout(() => path, 6, never);
    expect((await take(tail, 3)).map(({ ordinal }) => ordinal)).toEqual([7, 8, 9]);
    await tail.return();
  });

  test('waits for a record that does not exist yet', async () => {
    let known: string | null = null;
    const tail = tailRollout(() => known, -1, never);
    const first = take(tail, 1);
    writeFileSync(path, written(0, 1));
    known = path;
    expect(await first).toEqual([{ ordinal: 0, text: 'line 0' }]);
    await tail.return();
  });

  test('shows a line when it is whole', async () => {
    writeFileSync(path, 'line 0\nhalf');
    const tail = tailRollout(() => path, -1, never);
    await take(tail, 1);
    const next = take(tail, 1);
    appendFileSync(path, ' a line\n');
    expect(await next).toEqual([{ ordinal: 1, text: 'half a line' }]);
    await tail.return();
  });

  test('continues in the copy that a new owner puts in the place of the file', async () => {
    writeFileSync(path, written(0, 2));
    const tail = tailRollout(() => path, -1, never);
    await take(tail, 2);
    copyFileSync(path, `${path}.new`);
    renameSync(`${path}.new`, path);
    appendFileSync(path, written(2, 3));
    expect(await take(tail, 1)).toEqual([{ ordinal: 2, text: 'line 2' }]);
    await tail.return();
  });

  test('ends with an error where the record has become shorter', async () => {
    writeFileSync(path, written(0, 3));
    const tail = tailRollout(() => path, -1, never);
    await take(tail, 3);
    truncateSync(path, 4);
    await expect(tail.next()).rejects.toBeInstanceOf(RecordReplaced);
  });

  test('ends when its reader leaves', async () => {
    writeFileSync(path, written(0, 1));
    const stop = new AbortController();
    const tail = tailRollout(() => path, -1, stop.signal);
    await take(tail, 1);
    const next = tail.next();
    stop.abort();
    expect(await next).toEqual({ value: undefined, done: true });
  });

  test('of any text written in any pieces is that text, from any line on', async () => {
    const text = fc.array(
      fc.string({ unit: 'binary' }).filter((line) => !/[\n\ud800-\udfff]/.test(line)),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(60), { maxLength: 5 }), fc.nat(5), async (texts, cuts, known) => {
        const bytes = Buffer.from(texts.map((line) => `${line}\n`).join(''), 'utf8');
        const after = Math.min(known, texts.length - 1) - 1;
        writeFileSync(path, '');
        const tail = tailRollout(() => path, after, never);
        const taken = take(tail, texts.length - 1 - after);
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          appendFileSync(path, bytes.subarray(at, at + cut));
          at += cut;
        }
        expect((await taken).map((line) => line.text)).toEqual(texts.slice(after + 1));
        await tail.return();
      }),
      { numRuns: Number(process.env['KEEL_RUNS'] ?? 12) },
    );
  });
});
