import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { byteLength } from '../../../src/foundation/util/index.ts';
import { until } from '../../support/keel.ts';
import { Workshop } from './support.ts';

describe('the end of a command', () => {
  it('T4: is its exit code', async () => {
    using shop = new Workshop();
    const outcome = await shop.run(['/bin/sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect(outcome.end).toEqual({ type: 'exited', exitCode: 42 });
    expect(outcome.output.split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('is the signal that ended it, with what it had printed', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('echo last words; kill -SEGV $$');
    expect(outcome.end).toEqual({ type: 'signalled', signal: 'SIGSEGV', exitCode: 139 });
    expect(outcome.output).toBe('last words\n');
  });

  it.skipIf(process.platform !== 'linux')(
    'leaves all that it printed, though it did not wait for that to be read',
    async () => {
      using shop = new Workshop();
      // Node does not wait at process.exit() for what a full pipe did not take.
      const program = "process.stdout.write('x'.repeat(900_000) + 'THE END'); process.exit(1)";
      const outcome = await shop.run(['node', '-e', program]);
      expect(outcome).toMatchObject({ totalBytes: 900_007, end: { exitCode: 1 } });
      expect(outcome.output).toMatch(/THE END$/);
    },
  );

  const LINES = "for (let i = 0; i < 13_000; i++) console.log('line ' + i + ' ' + 'x'.repeat(60));";
  it.skipIf(process.platform !== 'linux').each([
    ['process.exit()', ['node', '-e', `${LINES} console.log('THE END'); process.exit(1)`]],
    ['a signal to itself', ['node', '-e', `${LINES} console.log('THE END'); process.kill(process.pid, 'SIGKILL')`]],
    [
      'a shell around it',
      ['sh', '-c', `node -e "$1"; exit 1`, 'sh', `${LINES} console.log('THE END'); process.exit(1)`],
    ],
    ['errors', ['node', '-e', `${LINES.replace('log', 'error')} console.error('THE END'); process.exit(1)`]],
    [
      'no buffers flushed',
      [
        'python3',
        '-c',
        "import os\nfor i in range(13000): print('line', i, 'x' * 60)\nprint('THE END', flush=True)\nos._exit(1)",
      ],
    ],
  ])('leaves all of 13,000 lines, however a program ends at once behind them: %s', async (_, argv) => {
    using shop = new Workshop();
    let seen = '';
    const outcome = await shop.run(argv, { onText: (text) => (seen += text) });
    expect(outcome.end.type).not.toBe('timedOut');
    const lines = seen.trimEnd().split('\n');
    expect(lines).toHaveLength(13_001);
    expect(lines.findIndex((line, at) => line !== `line ${at} ${'x'.repeat(60)}`)).toBe(13_000);
    expect(outcome.output).toMatch(/THE END\n$/);
  });

  it('T8: comes at the time limit in under a second, with the output so far and nothing left running', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('echo begun; sleep 30 & (setsid sleep 30 &) ; sleep 30', { timeoutMs: 1_000 });
    expect(outcome.end).toEqual({ type: 'timedOut' });
    expect(outcome.output).toBe('begun\n');
    expect(outcome.durationMs).toBeLessThan(2_000);
    expect(shop.running()).toEqual([]);
  });

  it('comes at the time limit for a program that ignores being asked, and for one in a session of its own', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash(
      "trap '' TERM; setsid bash -c \"trap '' TERM; sleep 30; sleep 30\" & sleep 30; sleep 30",
      {
        timeoutMs: 200,
      },
    );
    expect(outcome.end).toEqual({ type: 'timedOut' });
    expect(outcome.durationMs).toBeLessThan(1_500);
    expect(shop.running()).toEqual([]);
  });

  it('gives a program the chance to tidy up at its time limit', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash("trap 'echo tidied; exit 3' TERM; while :; do sleep 0.02; done", {
      timeoutMs: 1_000,
    });
    expect(outcome.end).toEqual({ type: 'timedOut' });
    expect(outcome.output).toContain('tidied');
  });

  it('T11: comes with the abort of the call, with the output so far and nothing left running', async () => {
    using shop = new Workshop();
    const abort = new AbortController();
    const outcome = await shop.bash('echo begun; (setsid sleep 30 &); sleep 30', {
      signal: abort.signal,
      onText: () => abort.abort(),
    });
    expect(outcome.end).toEqual({ type: 'aborted' });
    expect(outcome.output).toBe('begun\n');
    expect(shop.running()).toEqual([]);
  });

  it('is there at once when the call was aborted before it began', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('touch ran', { signal: AbortSignal.abort() });
    expect(outcome.end).toEqual({ type: 'aborted' });
    expect(existsSync(join(shop.dir.path, 'ran'))).toBe(false);
  });

  it('leaves no listener on the signal it was given', async () => {
    using shop = new Workshop();
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const watched = new Proxy(signal, {
      get(target, name) {
        if (name === 'addEventListener') return (_: string, listener: unknown) => void listeners.add(listener);
        if (name === 'removeEventListener') return (_: string, listener: unknown) => void listeners.delete(listener);
        return Reflect.get(target, name);
      },
    });
    await shop.bash('true', { signal: watched });
    expect(listeners.size).toBe(0);
  });

  it('T9: does not wait for what it leaves in the background, which runs until the session ends', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('setsid sleep 60 & echo started');
    expect(outcome.end).toEqual({ type: 'exited', exitCode: 0 });
    expect(outcome.output).toBe('started\n');
    expect(outcome.durationMs).toBeLessThan(20_000);
    expect(shop.running()).toHaveLength(1);
    shop.processes.close();
    await until(() => shop.running().length === 0);
  });

  it('waits for late output of what it left behind, and no longer than two seconds', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('(sleep 0.2; echo late; while :; do sleep 0.1; echo more; done) & echo first');
    expect(outcome.output.startsWith('first\nlate\nmore\n')).toBe(true);
    expect(outcome.durationMs).toBeLessThan(3_500);
  });

  it('lets a program in the background go on printing', async () => {
    using shop = new Workshop();
    await shop.bash('(sleep 1; for i in $(seq 20000); do echo "line $i of a log"; done; touch done) &');
    await until(() => existsSync(join(shop.dir.path, 'done')));
  });
});

describe('a program that cannot be started', () => {
  const cases: readonly [string, (shop: Workshop) => ReturnType<Workshop['run']>, RegExp][] = [
    ['is not there', (shop) => shop.run(['no-such-program']), /^no-such-program: not found in PATH$/],
    ['is not there under its path', (shop) => shop.run(['./nothing']), /^\.\/nothing: no such program/],
    ['has a missing directory', (shop) => shop.run(['true'], {}, join(shop.dir.path, 'gone')), /gone does not exist$/],
    [
      'has a file for a directory',
      (shop) => shop.run(['true'], {}, join(shop.dir.path, 'text')),
      /text is not a directory$/,
    ],
    ['is not executable', (shop) => shop.run(['./text']), /^\.\/text: not an executable file/],
    ['is a directory', (shop) => shop.run([shop.dir.path]), /not an executable file/],
    ['is given a zero byte', (shop) => shop.run(['echo', 'a\0b']), /zero byte/],
    ['is given too much', (shop) => shop.run(['echo', 'x'.repeat(4_000_000)]), /arguments are too long/],
  ];

  for (const [what, run, message] of cases) {
    it(`says so if it ${what}`, async () => {
      using shop = new Workshop();
      shop.dir.write({ text: 'just text\n' });
      const { end, output } = await run(shop);
      expect(end).toEqual({ type: 'spawnFailed', message: expect.stringMatching(message) });
      expect(output).toBe('');
    });
  }

  it('says so if its directory was deleted under a running session', async () => {
    using shop = new Workshop();
    expect((await shop.bash('pwd')).end).toEqual({ type: 'exited', exitCode: 0 });
    rmSync(shop.dir.path, { recursive: true });
    expect((await shop.bash('pwd')).end).toEqual({
      type: 'spawnFailed',
      message: `the working directory ${shop.dir.path} does not exist`,
    });
  });

  it('costs no descriptors', async () => {
    using shop = new Workshop();
    const open = async () => (await shop.bash(`ls /proc/${process.pid}/fd | wc -l`)).output;
    for (let n = 0; n < 4; n += 1) await shop.run(['no-such-program']);
    const before = Number(await open());
    for (let n = 0; n < 40; n += 1) await shop.run(['no-such-program']);
    // Pipes are made in batches, so the count is not the same each time.
    expect(Number(await open())).toBeLessThan(before + 30);
  });
});

describe('what a program finds', () => {
  it('T26: an empty input, so that nothing waits for it', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('cat; wc -c');
    expect(outcome.output.trim()).toBe('0');
    expect(outcome.durationMs).toBeLessThan(5_000);
  });

  it('T26: an input that a search program takes for no input at all', async () => {
    using shop = new Workshop();
    shop.dir.write({ 'a.txt': 'foo\n' });
    const { rgPath } = await import('@vscode/ripgrep');
    expect((await shop.run([rgPath, 'foo'])).output).toBe('a.txt:foo\n');
  });

  it('output that can be opened by name', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('echo a > /dev/stderr; echo b > /dev/stdout; echo c | tee /dev/stderr');
    expect(outcome.end).toEqual({ type: 'exited', exitCode: 0 });
    expect(outcome.output.split('\n').sort()).toEqual(['', 'a', 'b', 'c', 'c']);
  });

  it('exactly the environment it was given, its mark, and what its shell adds', async () => {
    using shop = new Workshop();
    const { output } = await shop.run(['env']);
    const names = output.split('\n').flatMap((line) => (line.includes('=') ? line.slice(0, line.indexOf('=')) : []));
    expect(names.sort()).toEqual(['HOME', 'KEEL_CALL_ID', 'PATH']);
  });

  it('unusual names and words as they are', async () => {
    using shop = new Workshop();
    const name = ' -odd "name" $HOME\n😀';
    shop.dir.write({ [name]: '#!/bin/sh\nprintf "%s|" "$@"\n' });
    chmodSync(join(shop.dir.path, name), 0o755);
    expect((await shop.run([`./${name}`, '$x', '', 'a b', "'", '\\'])).output).toBe("$x||a b|'|\\|");
  });
});

describe('output', () => {
  it('is bounded in memory with exact numbers of what was left out, and whole in its file', async () => {
    using shop = new Workshop();
    const path = join(shop.dir.path, 'spill', 'out.log');
    const outcome = await shop.bash('seq 1 200000', { spill: { path, maxBytes: 10_000_000 } });
    const whole = readFileSync(path, 'utf8');
    expect(outcome.totalBytes).toBe(byteLength(whole));
    expect(outcome.partial.totalLines).toBe(200_000);
    expect(outcome.spilledBytes).toBe(byteLength(whole));
    const { head, tail } = outcome.partial;
    expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true);
    expect(byteLength(head + tail)).toBe(256 * 1024);
    const between = whole.slice(head.length, whole.length - tail.length);
    expect(outcome.output).toContain(
      `[... ${between.length} bytes (${between.split('\n').length - 1} lines) left out ...]`,
    );
  });

  it('goes to its file while the command runs, up to the limit of the file', async () => {
    using shop = new Workshop();
    const path = join(shop.dir.path, 'out.log');
    const abort = new AbortController();
    const running = shop.bash('seq 1 100000; sleep 30', { spill: { path, maxBytes: 50_000 }, signal: abort.signal });
    await until(() => existsSync(path) && readFileSync(path).length === 50_000);
    abort.abort();
    expect(await running).toMatchObject({ end: { type: 'aborted' }, spillPath: path, spilledBytes: 50_000 });
  });

  it('leaves no file where it turned out short', async () => {
    using shop = new Workshop();
    const path = join(shop.dir.path, 'out.log');
    const outcome = await shop.bash('echo short; until test -s out.log; do sleep 0.01; done; echo seen', {
      spill: { path, maxBytes: 1_000 },
    });
    expect(outcome.output).toBe('short\nseen\n');
    expect(outcome.spillPath).toBe(null);
    expect(existsSync(path)).toBe(false);
  });

  it('continues where its file cannot be written', async () => {
    using shop = new Workshop();
    shop.dir.write({ blocked: '' });
    const path = join(shop.dir.path, 'blocked', 'out.log');
    const outcome = await shop.bash('seq 1 5000', { spill: { path, maxBytes: 1_000 } });
    expect(outcome).toMatchObject({ end: { type: 'exited', exitCode: 0 }, spillPath: null, totalBytes: 23_893 });
  });

  it('is decoded over the borders of chunks, each stream by itself', async () => {
    using shop = new Workshop();
    const texts: string[] = [];
    // The bytes of two characters, taking turns.
    const script =
      "printf '\\xe6'; sleep 0.1; printf '\\xc3' >&2; sleep 0.1; printf '\\xbc\\xa2'; sleep 0.1; printf '\\xa9' >&2";
    await shop.bash(script, { onText: (text) => texts.push(text) });
    expect(texts).toEqual(['\u6f22', '\u00e9']);
  });

  it('that is not UTF-8 is shown with its bytes replaced', async () => {
    using shop = new Workshop();
    expect((await shop.bash("printf 'a\\xffb\\xfe\\n'")).output).toBe('a\uFFFDb\uFFFD\n');
  });

  it('of 300 MB leaves memory as it was', async () => {
    using shop = new Workshop();
    // As much as what is read at once takes is there before.
    await shop.bash('yes keel | head -c 50000000', { onText: () => undefined });
    const before = process.memoryUsage().rss;
    let peak = before;
    const onText = () => {
      peak = Math.max(peak, process.memoryUsage.rss());
    };
    const outcome = await shop.bash('yes keel | head -c 300000000', { onText });
    expect(outcome.totalBytes).toBe(300_000_000);
    expect(outcome.partial.totalLines).toBe(60_000_000);
    expect(peak - before).toBeLessThan(100_000_000);
  });
});
