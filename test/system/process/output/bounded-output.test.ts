import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedOutput } from '../../../../src/system/process/run/bounded-output.ts';
import { OutputSink } from '../../../../src/system/process/run/output-sink.ts';
import { startTimeLimit } from '../../../../src/system/process/run/time-limit.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const NOTICE = /\n\[\.\.\. (\d+) bytes \((\d+) lines\) left out \.\.\.\]\n/;
/** What is kept of these chunks. */
function kept(chunks: readonly (string | Buffer)[], limit: number): BoundedOutput {
  const output = new BoundedOutput(limit);
  for (const chunk of chunks) output.append(Buffer.from(chunk));
  return output;
}

describe('the output of a command that is kept', () => {
  it.each<[string, string[], number, string]>([
    ['nothing', [], 8, ''],
    ['all of it', ['ab', 'cd'], 8, 'abcd'],
    ['all of it, to the byte', ['abcdefgh'], 8, 'abcdefgh'],
    ['its beginning and end', ['abcdefghi'], 8, 'abcd\n[... 1 bytes (1 lines) left out ...]\nfghi'],
    ['the same in small pieces', [...'abcdefghij'], 8, 'abcd\n[... 2 bytes (1 lines) left out ...]\nghij'],
    ['the lines that are gone', ['ab\n', 'c\nd\ne\n', 'gh\n'], 6, 'ab\n\n[... 6 bytes (3 lines) left out ...]\ngh\n'],
    ['a limit that can\u2019t be halved', ['abcdefg'], 5, 'ab\n[... 2 bytes (1 lines) left out ...]\nefg'],
  ])('%s', (_, chunks, limit, text) => {
    expect(kept(chunks, limit).text()).toBe(text);
  });

  it('is the same however it arrives, has whole characters, and counts exactly', () => {
    const piece = fc.constantFrom('a', 'é', '漢', '😀', '\n', 'line\n');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }),
        fc.array(fc.nat(200), { maxLength: 10 }),
        fc.integer({ min: 8, max: 64 }),
        (pieces, cuts, limit) => {
          const text = pieces.join('');
          const bytes = Buffer.from(text);
          const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
          const output = kept(
            at.slice(1).map((end, index) => bytes.subarray(at[index], end)),
            limit,
          );
          const whole = kept([bytes], limit);
          expect(output.text()).toBe(whole.text());
          expect(output.totalBytes).toBe(bytes.length);
          const lines = text.split('\n').length - (text === '' || text.endsWith('\n') ? 1 : 0);
          expect(output.totalLines).toBe(lines);
          expect(output.omittedBytes).toBe(Math.max(0, bytes.length - limit));
          expect(output.text()).not.toContain('\uFFFD');
          const { head, tail } = output.partial();
          expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
        },
      ),
    );
  });

  it('counts lines in any place of a buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(8), (bytes, offset) => {
        const chunk = Buffer.from(Buffer.concat([Buffer.alloc(offset), bytes])).subarray(offset);
        const output = kept([], 1_000);
        output.append(chunk);
        const newlines = [...bytes].filter((byte) => byte === 10).length;
        expect(output.totalLines).toBe(newlines + (bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0));
      }),
    );
  });

  it('replaces what is no UTF-8, and keeps the rest', () => {
    expect(kept([Buffer.from([0x61, 0xff, 0x62])], 8).text()).toBe('a\uFFFDb');
  });

  it('keeps no part of the chunk that it was given', () => {
    const chunk = Buffer.from('abcd');
    const output = kept([], 8);
    output.append(chunk);
    chunk.fill('x');
    expect(output.text()).toBe('abcd');
  });

  it('costs what is kept, whatever comes', () => {
    const output = new BoundedOutput(1_000);
    const chunk = Buffer.from(`${'x'.repeat(99)}\n`);
    for (let at = 0; at < 20_000; at += 1) output.append(chunk);
    expect(output.totalLines).toBe(20_000);
    expect(Number(NOTICE.exec(output.text())?.[1])).toBe(2_000_000 - 1_000);
  });
});

describe('the output of a command as it comes', () => {
  const dir = freshDirectory();
  const sinkOf = (spill: boolean) => {
    const shown: string[] = [];
    const path = join(dir.path, 'spill');
    const sink = new OutputSink({
      spill: spill ? { path, maxBytes: 100_000 } : null,
      onText: (text) => shown.push(text),
    });
    return { sink, shown, path };
  };

  it('is shown in whole characters, each stream by itself', () => {
    const { sink, shown } = sinkOf(false);
    const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
    sink.take(first, 'stdout');
    sink.take(Buffer.from('err'), 'stderr');
    sink.take(second, 'stdout');
    expect(shown).toEqual(['err', 'é']);
    expect(sink.totalBytes).toBe(5);
  });

  it('that is short leaves no file, and one that is long is whole in it', () => {
    const short = sinkOf(true);
    short.sink.take(Buffer.from('short\n'), 'stdout');
    expect(short.sink.end()).toMatchObject({ output: 'short\n', spillPath: null, spilledBytes: 0 });
    expect(() => readFileSync(short.path)).toThrow('ENOENT');
    const long = sinkOf(true);
    const text = 'a line of output\n'.repeat(2_000);
    for (let at = 0; at < text.length; at += 1_000) long.sink.take(Buffer.from(text.slice(at, at + 1_000)), 'stdout');
    const { spillPath, spilledBytes, totalBytes } = long.sink.end();
    expect([spillPath, spilledBytes, totalBytes]).toEqual([long.path, text.length, text.length]);
    expect(readFileSync(long.path, 'utf8')).toBe(text);
  });

  it('stops to be written at the limit of its file', () => {
    const { sink, path } = sinkOf(true);
    for (let at = 0; at < 30; at += 1) sink.take(Buffer.alloc(10_000, 'x'), 'stdout');
    const { spilledBytes, totalBytes } = sink.end();
    expect(totalBytes).toBe(300_000);
    expect(spilledBytes).toBeLessThanOrEqual(100_000);
    expect(readFileSync(path)).toHaveLength(spilledBytes);
  });
});

describe('a limit of time', () => {
  const reached = (options: { timeoutMs: number; uncounted?: () => number }) => {
    const done = Promise.withResolvers<number>();
    const startedAt = performance.now();
    const stop = startTimeLimit({ ...options, onLimit: () => done.resolve(performance.now() - startedAt) });
    return { done: done.promise, stop };
  };

  it('is reached when it is over, and not before', async () => {
    expect(await reached({ timeoutMs: 20 }).done).toBeGreaterThanOrEqual(18);
  });

  it('waits while time does not count', async () => {
    const startedAt = performance.now();
    const uncounted = () => Math.min(60, performance.now() - startedAt);
    expect(await reached({ timeoutMs: 10, uncounted }).done).toBeGreaterThanOrEqual(60);
  });

  it('is not reached once it was stopped', async () => {
    const { done, stop } = reached({ timeoutMs: 5 });
    stop();
    expect(await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 30, 'nothing'))])).toBe('nothing');
  });
});
