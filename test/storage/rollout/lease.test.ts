import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { ownIdentity, processPlace } from '../../../src/foundation/util/index.ts';
import { acquireLease, ThreadOwnedError } from '../../../src/storage/rollout/index.ts';
import { until } from '../../support/keel.ts';
import { inOtherNamespace } from '../../support/sandbox/namespace.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

/** Takes the lease on request, reports how that went, and lives until its input ends. */
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

  /** `prefix`: words before its command line. */
  constructor(path: string, prefix: readonly string[] = []) {
    const module = join(import.meta.dirname, '../../../src/storage/rollout/index.ts');
    const argv = [...prefix, process.execPath, '--input-type=module', '-e', HOLDER, module, path];
    const child = spawn(argv[0] ?? '', argv.slice(1), {
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

async function holder(path: string, prefix: readonly string[] = []): Promise<Holder> {
  const started = new Holder(path, prefix);
  await started.line();
  return started;
}

/** A lease as another process has written it; by default one of this boot and namespace that ended long ago. */
function leaseOf(owner: Readonly<Record<string, unknown>>): string {
  const base = {
    token: 'other',
    pid: 99_999_999,
    startTicks: 1,
    place: processPlace(),
    host: 'elsewhere',
    lock: 'locked',
  };
  return `${JSON.stringify({ ...base, ...owner })}\n`;
}

const otherNamespace = inOtherNamespace();
const canUnshare = otherNamespace !== null;

test('a lease names its owner in a file beside the rollout, and is gone when it is released', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  const lease = acquireLease(path);
  expect(JSON.parse(readFileSync(`${path}.lease`, 'utf8'))).toMatchObject({ ...ownIdentity(), host: hostname() });
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
    writeFileSync(`${path}.lease`, leaseOf({ pid: process.ppid }));
    acquireLease(path).release();
  },
);

test.skipIf(!existsSync('/proc/self/stat'))(
  'an owner that has ended holds nothing, even if nobody has reaped it',
  async () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    const module = join(import.meta.dirname, '../../../src/storage/rollout/index.ts');
    // The shell becomes a sleep that never waits for the child it has inherited.
    const script = `"$0" --input-type=module -e 'const [, module, path] = process.argv; (await import(module)).acquireLease(path); console.log("taken"); process.exit(0)' "$1" "$2" & exec sleep 1000`;
    const parent = spawn('bash', ['-c', script, process.execPath, module, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [taken] = await once(parent.stdout, 'data');
      expect(String(taken)).toBe('taken\n');
      const { pid } = JSON.parse(readFileSync(`${path}.lease`, 'utf8'));
      await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
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
      writeFileSync(`${path}.lease`, leaseOf({ pid: 99_999_999 }));
      const results = await Promise.all(rivals.map((rival) => rival.take()));
      expect(results.toSorted()).toEqual(['taken', 'threadBusy', 'threadBusy', 'threadBusy']);
    }
  } finally {
    for (const rival of rivals) await rival[Symbol.asyncDispose]();
  }
}, 60_000);

test('a right to take over that its owner took into death holds nobody up', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  writeFileSync(`${path}.lease`, leaseOf({ pid: 99_999_999 }));
  writeFileSync(`${path}.lease.takeover`, leaseOf({ pid: 99_999_998 }));
  acquireLease(path).release();
  expect(readdirSync(dir.path)).toEqual([]);
});

test('a lease that can’t be written is a failure of storage', () => {
  using dir = tempDir();
  expect(() => acquireLease(join(dir.path, 'missing', 'rollout.jsonl'))).toThrow(
    expect.objectContaining({ kind: 'storageFailed' }),
  );
});

test.skipIf(!canUnshare)(
  'an owner in another PID namespace keeps its thread while it lives, and loses it when it is killed',
  async () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    await using owner = await holder(path, otherNamespace ?? []);
    expect(await owner.take()).toBe('taken');
    // At once, before it has a lock to show.
    expect(() => acquireLease(path)).toThrow(expect.objectContaining({ kind: 'threadBusy' }));
    await expect
      .poll(() => JSON.parse(readFileSync(`${path}.lease`, 'utf8')))
      .toMatchObject({ pid: 1, lock: 'locked' });
    expect(() => acquireLease(path)).toThrow(
      expect.objectContaining({ kind: 'threadBusy', message: expect.stringContaining(`pid 1 on ${hostname()}`) }),
    );
    await owner.kill();
    // The kernel ends what is in the namespace a moment later.
    await expect
      .poll(
        () => {
          acquireLease(path).release();
          return readdirSync(dir.path);
        },
        { timeout: 20_000 },
      )
      .toEqual([]);
  },
);

test.skipIf(!canUnshare)('of two owners in two other PID namespaces, both with pid 1, one has the thread', async () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  await using first = await holder(path, otherNamespace ?? []);
  await using second = await holder(path, otherNamespace ?? []);
  expect(await first.take()).toBe('taken');
  expect(await second.take()).toBe('threadBusy');
  await expect.poll(() => readFileSync(`${path}.lease`, 'utf8')).toContain('"locked"');
  expect(await second.take()).toBe('threadBusy');
  await first.kill();
  await expect.poll(() => second.take()).toBe('taken');
});

test('an owner elsewhere that no lock shows is not taken for dead', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  writeFileSync(`${path}.lease`, leaseOf({ pid: 7, place: 'another boot', lock: 'without' }));
  expect(() => acquireLease(path)).toThrow(
    expect.objectContaining({ kind: 'threadBusy', message: expect.stringContaining(`remove ${path}.lease`) }),
  );
});

test('an owner elsewhere without a lock yet has its thread for a moment only', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  writeFileSync(`${path}.lease`, leaseOf({ place: 'another boot', lock: 'pending' }));
  expect(() => acquireLease(path)).toThrow(expect.objectContaining({ kind: 'threadBusy' }));
  const old = Date.now() / 1000 - 60;
  utimesSync(`${path}.lease`, old, old);
  acquireLease(path).release();
});

test('an owner elsewhere whose lock is free has ended', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  writeFileSync(`${path}.lease`, leaseOf({ pid: process.pid, place: 'another boot', lock: 'locked' }));
  acquireLease(path).release();
  expect(readdirSync(dir.path)).toEqual([]);
});

test('a thread can be taken over from an owner that lives, whose fence lets nothing through from then on', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  using first = acquireLease(path);
  first.fence();
  using second = acquireLease(path, { takeOver: true });
  expect([first.isTakenOver, second.isTakenOver]).toEqual([false, true]);
  expect(() => first.fence()).toThrow(expect.objectContaining({ kind: 'threadTaken' }));
  second.fence();
  first.release();
  second.fence();
  expect(() => acquireLease(path)).toThrow(expect.objectContaining({ kind: 'threadBusy' }));
});

test('a lease that was removed, sealed or released lets nothing through', () => {
  using dir = tempDir();
  const path = join(dir.path, 'rollout.jsonl');
  const lease = acquireLease(path);
  lease.seal();
  expect(() => lease.fence()).toThrow(expect.objectContaining({ kind: 'sessionClosed' }));
  lease.release();
  using other = acquireLease(path);
  rmSync(`${path}.lease`);
  expect(() => other.fence()).toThrow(expect.objectContaining({ kind: 'threadTaken' }));
});

describe('the fence of an owner', () => {
  const taken = expect.objectContaining({ kind: 'threadTaken' });

  test('is closed by a takeover, also where the old lease has another name still', () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    using first = acquireLease(path);
    linkSync(`${path}.lease`, join(dir.path, 'backup'));
    using _second = acquireLease(path, { takeOver: true });
    expect(() => first.fence()).toThrow(taken);
  });

  test('is closed by each takeover of many, whichever numbers the file system gives its files', () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    const leases = [acquireLease(path)];
    for (let count = 0; count < 20; count += 1) leases.push(acquireLease(path, { takeOver: true }));
    const last = leases.pop();
    for (const lease of leases) expect(() => lease.fence()).toThrow(taken);
    last?.fence();
    for (const lease of [...leases, last]) lease?.release();
    expect(readdirSync(dir.path)).toEqual([]);
  });

  test('stays open when its lease was put there again from a copy, as a restored backup is', () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    using lease = acquireLease(path);
    copyFileSync(`${path}.lease`, join(dir.path, 'copy'));
    renameSync(join(dir.path, 'copy'), `${path}.lease`);
    lease.fence();
  });

  test('of an owner that has given the thread up takes nothing from the next one, which may have its numbers', () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    for (let round = 0; round < 10; round += 1) {
      const first = acquireLease(path);
      first.release();
      const second = acquireLease(path);
      first.release();
      second.fence();
      second.release();
    }
  });

  test('is closed when the whole directory is gone', () => {
    using dir = tempDir();
    mkdirSync(join(dir.path, 'day'));
    using lease = acquireLease(join(dir.path, 'day', 'rollout.jsonl'));
    rmSync(join(dir.path, 'day'), { recursive: true });
    expect(() => lease.fence()).toThrow(taken);
  });
});

/** A file system whose numbers of files say nothing to keel, as those of networks. */
function otherFileSystem(): TempDir | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const dir = tempDir();
  try {
    execFileSync('mount', ['-t', 'ramfs', '-o', 'mode=0700', 'ramfs', dir.path], { stdio: 'ignore' });
  } catch {
    dir[Symbol.dispose]();
    return null;
  }
  const dispose = () => {
    execFileSync('umount', [dir.path]);
    dir[Symbol.dispose]();
  };
  return { ...dir, [Symbol.dispose]: dispose };
}

test('on another file system a lease is known by its text, and says whether it is locked', async (context) => {
  using dir = otherFileSystem();
  if (dir === null) return context.skip('nothing can be mounted here');
  const path = join(dir.path, 'rollout.jsonl');
  using first = acquireLease(path);
  await until(() => readFileSync(`${path}.lease`, 'utf8').includes('"lock":"locked"'));
  first.fence();
  copyFileSync(`${path}.lease`, join(dir.path, 'copy'));
  renameSync(join(dir.path, 'copy'), `${path}.lease`);
  first.fence();
  using second = acquireLease(path, { takeOver: true });
  expect(() => first.fence()).toThrow(expect.objectContaining({ kind: 'threadTaken' }));
  second.fence();
  expect(readdirSync(dir.path)).toEqual(['rollout.jsonl.lease']);
});

describe('the address of an owner', () => {
  const busy = (path: string) => {
    try {
      acquireLease(path).release();
    } catch (error) {
      if (error instanceof ThreadOwnedError) return { kind: error.kind, address: error.address };
      throw error;
    }
    return null;
  };

  test('is in the error of whoever finds the thread busy, also once the owner has its lock', async () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    using _lease = acquireLease(path, { address: 'http://10.0.0.7:9080/"a"' });
    const expected = { kind: 'threadBusy', address: 'http://10.0.0.7:9080/"a"' };
    expect(busy(path)).toEqual(expected);
    const lock = () => JSON.parse(readFileSync(`${path}.lease`, 'utf8')).lock;
    await expect.poll(lock).not.toBe('pending');
    expect(busy(path)).toEqual(expected);
  });

  test('is null where the owner gave none', () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    using _lease = acquireLease(path);
    expect(busy(path)).toEqual({ kind: 'threadBusy', address: null });
  });

  test('is in the error of an owner whose thread was taken over', () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    using first = acquireLease(path, { address: 'first' });
    using _second = acquireLease(path, { takeOver: true, address: 'second' });
    expect(() => first.fence()).toThrow(expect.objectContaining({ kind: 'threadTaken', address: 'second' }));
  });

  test.each(['', 'a\nb', 'é', 'x'.repeat(257)])('has to be short and printable: %j', (address) => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    expect(() => acquireLease(path, { address })).toThrow(expect.objectContaining({ kind: 'invalidInput' }));
    expect(readdirSync(dir.path)).toEqual([]);
  });

  test('of any allowed length leaves a lease that can be read and rewritten', () => {
    using dir = tempDir();
    const path = join(dir.path, 'rollout.jsonl');
    const address = '"\\'.repeat(128);
    using _lease = acquireLease(path, { address });
    expect(busy(path)).toEqual({ kind: 'threadBusy', address });
    expect(readFileSync(`${path}.lease`, 'utf8')).toHaveLength(1_024);
  });
});
