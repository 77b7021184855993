import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { NativeStarter } from '../../../../src/system/process/start/native-starter.ts';
import { until } from '../../../support/keel.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { Workshop } from '../support.ts';

const onLinux = describe.skipIf(process.platform !== 'linux');

onLinux('a program that is started without the help of Node', () => {
  it('is what every command is here: none falls back unseen', () => {
    expect(NativeStarter.shared()).not.toBeNull();
  });

  it('gets its arguments, its directory and its environment as they are, and nothing else', async () => {
    using shop = new Workshop();
    const dir = join(shop.dir.path, 'a folder\nof üñï');
    mkdirSync(dir);
    const script = 'printf "%s|" "$0" "$@"; printf "\\n"; pwd; env -0 | sort -z | tr "\\0" "\\n"';
    const outcome = await shop.runSpec({
      argv: ['/bin/sh', '-c', script, 'zero', '', 'two words', 'ünï\n', '*'],
      cwd: dir,
      env: { PATH: '/usr/bin:/bin', ODD: ' = \n"' },
    });
    expect(outcome.output).toContain('zero||two words|ünï\n|*|\n');
    expect(outcome.output).toContain(`${dir}\n`);
    expect(outcome.output).toContain('ODD= = \n"\n');
    expect(outcome.output).not.toContain('HOME=');
  });

  it('gets another name for itself when one is given', async () => {
    using shop = new Workshop();
    const outcome = await shop.runSpec({
      argv: ['/bin/sh', '-c', 'cat /proc/$$/cmdline'],
      argv0: 'another',
      cwd: shop.dir.path,
      env: shop.env,
    });
    expect(outcome.output.split('\0')[0]).toBe('another');
  });

  it('leads a session and a group of its own, with empty input', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('cat | wc -c; echo $$; cut -d" " -f5,6 /proc/$$/stat');
    const [bytes, pid, ids] = outcome.output.trim().split('\n');
    expect(bytes?.trim()).toBe('0');
    expect(ids).toBe(`${pid} ${pid}`);
  });

  it('has no descriptor but its three and those it was given', async () => {
    using shop = new Workshop();
    const inputs = [Buffer.from('first'), Buffer.from('second')];
    // Without a pipe to another program: the shell itself would hold its ends for a moment.
    const spec = { argv: ['/bin/sh', '-c', 'ls /proc/$$/fd; cat <&3; cat <&4'], cwd: shop.dir.path };
    const outcome = await shop.runSpec({ ...spec, env: shop.env, inputs });
    const [, fds = '', read] = /^([\d\n]*)(.*)$/.exec(outcome.output) ?? [];
    expect(read).toBe('firstsecond');
    const passedOn = inheritable();
    expect(fds.split('\n').filter((fd) => fd !== '' && !passedOn.includes(fd))).toEqual(['0', '1', '2', '3', '4']);
  });

  it('finds all signals as they are by default, though Node ignores some', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash(
      'grep -E "^Sig(Ign|Blk)" /proc/self/status; set -o pipefail; yes | head -1; echo $?',
    );
    expect(outcome.output).toMatch(/SigBlk:\s+0{16}\nSigIgn:\s+0{16}\ny\n141/);
  });

  it('can open its output by name', async () => {
    using shop = new Workshop();
    const outcome = await shop.bash('echo one > /dev/stderr; echo two > /dev/stdout; echo three > /proc/self/fd/1');
    expect(outcome.output.split('\n').toSorted()).toEqual(['', 'one', 'three', 'two']);
  });

  it.each([0, 1, 3, 126, 255])('reports its exit code %i', async (code) => {
    using shop = new Workshop();
    expect((await shop.bash(`exit ${code}`)).end).toEqual({ type: 'exited', exitCode: code });
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGABRT', 'SIGUSR1'] as const)('reports that %s ended it', async (signal) => {
    using shop = new Workshop();
    expect((await shop.bash(`kill -${signal.slice(3)} $$`)).end).toMatchObject({ type: 'signalled', signal });
  });

  it('is looked up in the path it gets itself, not in that of keel', async () => {
    using shop = new Workshop();
    const script = join(shop.dir.path, 'keel-test-program');
    writeFileSync(script, '#!/bin/sh\necho found "$@"\n');
    chmodSync(script, 0o755);
    const spec = { argv: ['keel-test-program', 'me'], cwd: shop.dir.path };
    const found = await shop.runSpec({ ...spec, env: { PATH: `/nowhere:${shop.dir.path}:/bin` } });
    expect(found.output).toBe('found me\n');
    const here = await shop.runSpec({ ...spec, env: { PATH: '.' } });
    expect(here.output).toBe('found me\n');
    const missed = await shop.runSpec({ ...spec, env: { PATH: '/bin' } });
    expect(missed.end).toEqual({ type: 'spawnFailed', message: 'keel-test-program: not found in PATH' });
  });

  it('may be a script without a first line that says how to run it', async () => {
    using shop = new Workshop();
    const script = join(shop.dir.path, 'plain');
    writeFileSync(script, 'echo ran "$1"\n');
    chmodSync(script, 0o755);
    expect((await shop.run([script, 'it'])).output).toBe('ran it\n');
    expect((await shop.run(['./plain', 'it'])).output).toBe('ran it\n');
  });

  it('that holds a zero byte is refused, never cut short', async () => {
    using shop = new Workshop();
    const { end } = await shop.run(['/bin/echo', 'a\0b']);
    expect(end).toMatchObject({ type: 'spawnFailed', message: expect.stringContaining('zero byte') });
  });

  it('is reported when it can not be run, in the words of the system', async () => {
    using shop = new Workshop();
    writeFileSync(join(shop.dir.path, 'text'), 'no program');
    expect((await shop.run(['./text'])).end).toMatchObject({
      type: 'spawnFailed',
      message: expect.stringContaining('not an executable file'),
    });
    expect((await shop.run(['/bin/true'], {}, join(shop.dir.path, 'gone'))).end).toMatchObject({
      type: 'spawnFailed',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('reports its end beside two hundred others, each its own', async () => {
    using shop = new Workshop();
    const codes = Array.from({ length: 200 }, (_, n) => n % 256);
    const ends = await Promise.all(codes.map(async (code) => (await shop.bash(`exit ${code}`)).end));
    expect(ends).toEqual(codes.map((exitCode) => ({ type: 'exited', exitCode })));
  });

  it('leaves no descriptor and no handler behind', async () => {
    using shop = new Workshop();
    await shop.bash('true');
    const before = openDescriptors();
    for (let n = 0; n < 20; n += 1) await shop.bash('echo out; echo err >&2');
    await shop.run(['/nowhere/at/all']);
    await until(() => openDescriptors() <= before);
    expect(process.listenerCount('SIGCHLD')).toBe(0);
  });
});

onLinux('in a thread, which gets no signals', () => {
  it('a program is started by Node, and its end is reported all the same', async () => {
    using dir = tempDir();
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: dir.path, execArgv: [] });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    worker.once('message', resolve).once('error', reject);
    expect(await promise).toMatchObject({
      isNative: false,
      end: { type: 'exited', exitCode: 7 },
      output: 'from a thread\n',
    });
    await worker.terminate();
  });
});

/** What this process was itself given by whoever started it, and passes on to everyone. */
function inheritable(): string[] {
  const isKept = (fd: string) => {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
    return Number(fd) > 4 && (Number.parseInt(flags, 8) & 0o2000000) === 0;
  };
  // The folder's own descriptor is gone when it is looked at.
  return readdirSync('/proc/self/fd').filter((fd) => existsSync(`/proc/self/fdinfo/${fd}`) && isKept(fd));
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
