import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openDirectory,
  openFile,
  type PlaceJudge,
  readFileStart,
  readRegularFile,
} from '../../../src/foundation/files/index.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const isLinux = process.platform === 'linux';
const MAX = { maxBytes: 1024 };
let dir: TempDir;
const at = (name: string) => join(dir.path, name);

beforeEach(() => {
  dir = tempDir();
});
afterEach(() => dir[Symbol.dispose]());

describe('a regular file', () => {
  it('is read whole, by a link too', () => {
    dir.write({ a: 'text' });
    symlinkSync('a', at('link'));
    expect(readRegularFile(at('a'), MAX).toString()).toBe('text');
    expect(readRegularFile(at('link'), MAX).toString()).toBe('text');
  });

  it('is refused where links are not followed and it is one', () => {
    dir.write({ a: 'text' });
    symlinkSync('a', at('link'));
    expect(() => readRegularFile(at('link'), { ...MAX, links: 'no' })).toThrow('it is a link');
    expect(readRegularFile(at('a'), { ...MAX, links: 'no' }).toString()).toBe('text');
  });

  it('is refused when it is longer than it may be, also when it is sparse', () => {
    writeFileSync(at('sparse'), 'start');
    truncateSync(at('sparse'), 2 ** 40);
    expect(() => readRegularFile(at('sparse'), MAX)).toThrow('it is larger than 1024 bytes');
    const { bytes, total } = readFileStart(at('sparse'), { maxBytes: 8 });
    expect([bytes.toString(), total]).toEqual(['start\0\0\0', 2 ** 40]);
  });

  it('is known by its file, under whatever name', () => {
    dir.write({ secret: 'key', a: 'text' });
    linkSync(at('secret'), at('other'));
    using secret = openFile(at('secret'));
    const judge: PlaceJudge = ({ stats }) => (stats?.ino === secret.place.stats.ino ? 'it is secret' : null);
    expect(() => readRegularFile(at('other'), { ...MAX, judge })).toThrow('it is secret');
    expect(readRegularFile(at('a'), { ...MAX, judge }).toString()).toBe('text');
  });
});

describe('what is not a regular file is refused, and nothing waits for it:', () => {
  it('a pipe', () => {
    execFileSync('mkfifo', [at('pipe')]);
    symlinkSync('pipe', at('link'));
    for (const name of ['pipe', 'link']) {
      expect(() => readRegularFile(at(name), MAX)).toThrow('it is not a regular file');
      expect(() => openDirectory(at(name))).toThrow('it is not a directory');
    }
  });

  it.each(['/dev/zero', '/dev/null', '/dev/tty', '/dev/fd/0'])('a device, by a link: %s', (target) => {
    symlinkSync(target, at('link'));
    expect(() => readRegularFile(at('link'), MAX)).toThrow();
  });

  it('a directory', () => {
    mkdirSync(at('d'));
    expect(() => readRegularFile(at('d'), MAX)).toThrow('it is a directory');
  });

  it
    .runIf(isLinux)
    .each([
      '/proc/self/environ',
      '/proc/thread-self/environ',
      '/proc/self/root/proc/self/environ',
      `/proc/${process.pid}/environ`,
      '/proc/self/../self/status',
      '/sys/kernel/mm/transparent_hugepage/enabled',
    ])('a view of the system: %s', (target) => {
    symlinkSync(target, at('link'));
    for (const path of [target, at('link')]) {
      expect(() => readRegularFile(path, MAX)).toThrow(/view of the system|ENOENT/);
    }
  });

  it.runIf(isLinux).each(['/proc', '/proc/self/fd', '/sys', '/dev/pts'])('a directory of such views: %s', (path) => {
    expect(() => openDirectory(path)).toThrow('it is a view of the system, not a file');
  });
});

/** A process that puts one thing after the other in the place of a name, as fast as it can. */
function flipping(script: string): ChildProcess & Disposable {
  const child = spawn('python3', ['-c', `import os\n${script}`], { cwd: dir.path, stdio: ['pipe', 'pipe', 'inherit'] });
  return Object.assign(child, { [Symbol.dispose]: () => void child.kill('SIGKILL') });
}

/** What a file is read as, again and again: for a second, and until both things that take turns there were met. */
function readsOf(path: string, limits: Parameters<typeof readRegularFile>[1]): ReadonlySet<string> {
  const seen = new Set<string>();
  const start = performance.now();
  const isOver = (ms: number) => performance.now() - start > ms;
  while (!isOver(1_000) || (seen.size < 2 && !isOver(30_000))) {
    try {
      seen.add(readRegularFile(path, limits).toString());
    } catch (error) {
      seen.add(String(error));
    }
  }
  return seen;
}

const started = (child: ChildProcess) => new Promise((resolve) => child.stdout?.once('data', resolve));

describe('while another process swaps the name', () => {
  const judge: PlaceJudge = ({ path }) => (path.endsWith('/secret') ? 'it is secret' : null);

  it('with a link to a secret, the secret is never read', async () => {
    dir.write({ secret: 'SECRET', reg: 'harmless' });
    using child = flipping(`
os.link('reg', 'x')
print('ready', flush=True)
while True:
    os.symlink('secret', 't'); os.rename('t', 'x')
    os.link('reg', 't'); os.rename('t', 'x')
`);
    await started(child);
    const seen = readsOf(at('x'), { ...MAX, judge });
    expect(seen).toContain('harmless');
    expect(seen).toContain('FileFault: it is secret');
    expect([...seen].filter((text) => text.includes('SECRET'))).toEqual([]);
  });

  it('with a pipe, nothing waits', async () => {
    dir.write({ reg: 'harmless' });
    execFileSync('mkfifo', [at('pipe')]);
    using child = flipping(`
os.link('reg', 'x')
print('ready', flush=True)
while True:
    os.link('pipe', 't'); os.rename('t', 'x')
    os.link('reg', 't'); os.rename('t', 'x')
`);
    await started(child);
    const seen = readsOf(at('x'), MAX);
    expect([...seen].sort()).toEqual(['FileFault: it is not a regular file', 'harmless']);
  });
});
