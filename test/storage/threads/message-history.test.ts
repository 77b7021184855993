import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acquireLease } from '../../../src/storage/rollout/index.ts';
import { MessageHistory } from '../../../src/storage/threads/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { THREAD } from '../rollout/lines.ts';

const BIG = { maxBytes: 1_000_000 };
let home: TempDir;
let path: string;
beforeEach(() => {
  home = tempDir();
  path = join(home.path, 'history.jsonl');
});
afterEach(() => home[Symbol.dispose]());

const typed = (text: string) => ({ threadId: THREAD, at: 1_700_000_000, text });
const lines = () => readFileSync(path, 'utf8').trimEnd().split('\n');
const texts = () => lines().map((line) => JSON.parse(line).text);
const mode = () => statSync(path).mode & 0o777;

const WRITER = `
  const [module, home, name] = process.argv.slice(1);
  const { MessageHistory } = await import(module);
  const history = new MessageHistory(home, { maxBytes: Number(process.env.MAX_BYTES) });
  for (let n = 0; n < 500; n += 1) await history.add({ threadId: name, at: n, text: name + ' ' + n + ' ' + 'x'.repeat(n % 97) });
`;

/** Writes 500 messages in a process of its own. */
async function writer(name: string, maxBytes: number): Promise<number> {
  const module = join(import.meta.dirname, '../../../src/storage/threads/index.ts');
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, module, home.path, name], {
    env: { ...process.env, MAX_BYTES: String(maxBytes) },
    stdio: 'inherit',
  });
  const [code] = await once(child, 'close');
  return Number(code);
}

describe('the message history', () => {
  test('config 31: two processes that append 500 lines each give 1000 valid ones, for the owner only', async () => {
    expect(await Promise.all([writer('a', 1e9), writer('b', 1e9)])).toEqual([0, 0]);
    const entries = lines().map((line) => JSON.parse(line));
    expect(entries).toHaveLength(1_000);
    for (const name of ['a', 'b']) {
      const own = entries.filter((entry) => entry.session_id === name);
      expect(own.map(({ ts }) => ts)).toEqual(Array.from({ length: 500 }, (_, n) => n));
    }
    expect(mode()).toBe(0o600);
    expect(readdirSync(home.path)).toEqual(['history.jsonl']);
  });

  test('config 31: no message is truncated or lost while another process drops the oldest', async () => {
    expect(await Promise.all([writer('a', 8_000), writer('b', 8_000)])).toEqual([0, 0]);
    const entries = lines().map((line) => JSON.parse(line));
    expect(statSync(path).size).toBeLessThanOrEqual(8_000);
    for (const name of ['a', 'b']) {
      const own = entries.filter((entry) => entry.session_id === name).map(({ ts }) => ts);
      // What is left of each is its newest, without a gap.
      if (own.length > 0) expect(own).toEqual(Array.from({ length: own.length }, (_, n) => 500 - own.length + n));
    }
    expect(entries.at(-1)).toMatchObject({ ts: 499 });
  });

  test('a line is what other readers of the file know; texts keep their order and their line breaks', async () => {
    const history = new MessageHistory(home.path, BIG);
    await Promise.all([history.add(typed('one')), history.add(typed('two\nlines\u2028"')), history.add(typed('ü'))]);
    expect(JSON.parse(lines()[0] ?? '')).toEqual({ session_id: THREAD, ts: 1_700_000_000, text: 'one' });
    expect(texts()).toEqual(['one', 'two\nlines\u2028"', 'ü']);
  });

  test('a wrong mode is put right, and a line that a crash cut off spoils no other', async () => {
    home.write({ 'history.jsonl': '{"session_id":"x","ts":1,"te' });
    chmodSync(path, 0o644);
    const history = new MessageHistory(home.path, BIG);
    await history.add(typed('whole'));
    expect(mode()).toBe(0o600);
    expect(await history.lookUp({ offset: 0, logId: null })).toMatchObject({ entryCount: 2, entry: null });
    expect(await history.lookUp({ offset: 1, logId: null })).toMatchObject({ entry: { text: 'whole' } });
  });

  test('is looked up by offset in the very file; another file, an offset past the end and no file give nothing', async () => {
    const history = new MessageHistory(home.path, BIG);
    expect(await history.lookUp({ offset: 0, logId: null })).toEqual({ logId: 0, entryCount: 0, entry: null });
    for (const text of ['one', 'two']) await history.add(typed(text));
    const { logId } = await history.lookUp({ offset: 1, logId: null });
    expect(logId).toBe(statSync(path).ino);
    expect(await history.lookUp({ offset: 1, logId })).toEqual({ logId, entryCount: 2, entry: typed('two') });
    expect((await history.lookUp({ offset: 2, logId })).entry).toBeNull();
    expect((await history.lookUp({ offset: 1, logId: logId + 1 })).entry).toBeNull();
    const short = new MessageHistory(home.path, { maxBytes: 10 });
    await short.add(typed('three'));
    expect(await history.lookUp({ offset: 0, logId })).toMatchObject({ entryCount: 1, entry: null });
    expect((await history.lookUp({ offset: 0, logId: null })).entry).toEqual(typed('three'));
  });

  test('over its limit it keeps the newest, within four fifths of it, whatever their lengths', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 200, max: 3_000 }),
        async (lengths, maxBytes) => {
          using own = tempDir();
          const history = new MessageHistory(own.path, { maxBytes });
          const file = join(own.path, 'history.jsonl');
          const all = lengths.map((length, at) => `${at} ${'x'.repeat(length)}`);
          for (const text of all) await history.add(typed(text));
          const kept = readFileSync(file, 'utf8').trimEnd().split('\n');
          expect(kept.map((line) => JSON.parse(line).text)).toEqual(all.slice(-kept.length));
          if (kept.length > 1) expect(statSync(file).size).toBeLessThanOrEqual(maxBytes);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a failure is reported: no file, a place that is held too long; the next message is written all the same', async () => {
    using held = acquireLease(path);
    // This very process holds it, so that it can't be taken over.
    const history = new MessageHistory(home.path, BIG);
    const late = history.add(typed('late'));
    await expect(late).rejects.toMatchObject({ kind: 'storageFailed' });
    held.release();
    await history.add(typed('next'));
    expect(texts()).toEqual(['next']);
    using other = tempDir();
    mkdirSync(join(other.path, 'history.jsonl'));
    await expect(new MessageHistory(other.path, BIG).add(typed('x'))).rejects.toMatchObject({ kind: 'storageFailed' });
  });

  test('a link stays one when the oldest messages go', async () => {
    using elsewhere = tempDir();
    const real = join(elsewhere.path, 'mine.jsonl');
    appendFileSync(real, '');
    symlinkSync(real, path);
    const history = new MessageHistory(home.path, { maxBytes: 200 });
    for (const text of ['one', 'two', 'three', 'four']) await history.add(typed(text));
    expect(readFileSync(real, 'utf8')).toContain('four');
    expect(readFileSync(path, 'utf8')).not.toContain('one');
    expect(readdirSync(elsewhere.path)).toEqual(['mine.jsonl']);
  });
});
