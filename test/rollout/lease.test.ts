import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { acquireLease } from '../../src/rollout/index.ts';
import { tempDir } from '../support/temp-dir.ts';

/** Takes the lease when told to, tells how that went, and lives until its input ends. */
const HOLDER = `
  const [, module, path] = process.argv;
  const { acquireLease } = await import(module);
  const { createInterface } = await import('node:readline');
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      acquireLease(path);
      console.log('taken');
    } catch (error) {
      console.log(error.kind);
    }
  }
`;

class Holder implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string) {
    const module = join(import.meta.dirname, '../../src/rollout/index.ts');
    const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, module, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.process = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  async take(): Promise<string> {
    this.process.stdin?.write('take\n');
    return this.line();
  }

  async kill(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await this.kill();
  }
}

async function holder(path: string): Promise<Holder> {
  const started = new Holder(path);
  await started.line();
  return started;
}

test('a lease names its owner in a file beside the rollout, and is gone when it is released', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  const lease = acquireLease(path);
  expect(readFileSync(`${path}.lease`, 'utf8')).toMatch(new RegExp(`^${process.pid} \\d*\\n$`));
  lease.release();
  lease.release();
  expect(readdirSync(dir.path)).toEqual([]);
});

test('a thread is not taken twice by one process', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  using _lease = acquireLease(path);
  expect(() => acquireLease(path)).toThrow(
    expect.objectContaining({ kind: 'threadBusy', message: expect.stringContaining('in this process') }),
  );
});

test('a thread that a living process has is refused with its pid, and free again when that one is killed', async () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  await using owner = await holder(path);
  expect(await owner.take()).toBe('taken');
  expect(() => acquireLease(path)).toThrow(
    expect.objectContaining({ kind: 'threadBusy', message: expect.stringContaining(`pid ${owner.process.pid}`) }),
  );
  await owner.kill();
  acquireLease(path).release();
  expect(readdirSync(dir.path)).toEqual([]);
});

test.skipIf(!existsSync('/proc/self/stat'))(
  'a process that has an old owner’s pid by chance does not hold its lease',
  () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    writeFileSync(`${path}.lease`, `${process.ppid} 1\n`);
    acquireLease(path).release();
  },
);

test.skipIf(!existsSync('/proc/self/stat'))(
  'an owner that has ended holds nothing, even if nobody has reaped it',
  async () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    const module = join(import.meta.dirname, '../../src/rollout/index.ts');
    // The shell becomes a sleep that never waits for the child it has inherited.
    const script = `"$0" --input-type=module -e 'const [, module, path] = process.argv; (await import(module)).acquireLease(path); console.log("taken"); process.exit(0)' "$1" "$2" & exec sleep 1000`;
    const parent = spawn('bash', ['-c', script, process.execPath, module, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [taken] = await once(parent.stdout, 'data');
      expect(String(taken)).toBe('taken\n');
      const pid = readFileSync(`${path}.lease`, 'utf8').split(' ')[0];
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), { timeout: 10_000 }).toMatch(/\) Z /);
      acquireLease(path).release();
    } finally {
      parent.kill('SIGKILL');
    }
  },
);

test.each(['', 'garbage\n', '12', '-1 5\n'])('a lease file that holds "%s" holds nobody', (text) => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  writeFileSync(`${path}.lease`, text);
  acquireLease(path).release();
  expect(existsSync(`${path}.lease`)).toBe(false);
});

test('of many processes that find a dead owner at once, one takes the thread', async () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  const rivals = await Promise.all(Array.from({ length: 4 }, () => holder(path)));
  try {
    for (let round = 0; round < 10; round += 1) {
      // A pid that no system gives.
      writeFileSync(`${path}.lease`, '99999999 1\n');
      const results = await Promise.all(rivals.map((rival) => rival.take()));
      expect(results.toSorted()).toEqual(['taken', 'threadBusy', 'threadBusy', 'threadBusy']);
    }
  } finally {
    for (const rival of rivals) await rival[Symbol.asyncDispose]();
  }
});

test('a right to take over that its owner took into death holds nobody up', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  writeFileSync(`${path}.lease`, '99999999 1\n');
  writeFileSync(`${path}.lease.takeover`, '99999998 1\n');
  acquireLease(path).release();
  expect(readdirSync(dir.path)).toEqual([]);
});

test('a lease that can’t be written is a failure of storage', () => {
  using dir = tempDir();
  expect(() => acquireLease(join(dir.path, 'missing', 'rollout.jsonl'))).toThrow(
    expect.objectContaining({ kind: 'storageFailed' }),
  );
});
