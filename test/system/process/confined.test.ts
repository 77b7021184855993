import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Confinement, ExecSession } from '../../../src/system/process/index.ts';
import { seccompProgram } from '../../../src/system/sandbox/seccomp/program.ts';
import { until } from '../../support/keel.ts';
import { Workshop } from './support.ts';

const arch = process.arch === 'arm64' ? 'arm64' : 'x64';

const [major = 0, minor = 0] = release().split('.').map(Number);
/** Since Linux 6.12. */
const keepsSignals = major > 6 || (major === 6 && minor >= 12);

/** Reads everything, writes only in the folder `in`, has no network. */
function confinement(shop: Workshop, changes: Partial<Confinement> = {}): Confinement {
  return {
    readable: ['/'],
    writable: [
      { path: join(shop.dir.path, 'in'), rights: 'tree' },
      ...['/dev/null', '/dev/tty'].map((path) => ({ path, rights: 'device' as const })),
    ],
    seccomp: seccompProgram({ arch, network: 'none', allowUnixSockets: false }),
    identity: '',
    isScoped: false,
    refusesTcp: false,
    ...changes,
  };
}

function workshop(): Workshop {
  const shop = new Workshop();
  shop.dir.write({ 'in/here': '', outside: 'as it was' });
  return shop;
}

const bash = (shop: Workshop, script: string, changes: Partial<Confinement> = {}) => {
  const cwd = shop.dir.path;
  return shop.runSpec({ argv: ['bash', '-c', script], cwd, env: shop.env, confinement: confinement(shop, changes) });
};

describe.skipIf(process.platform !== 'linux')('a confined command', () => {
  it('writes where it may, and nowhere else', async () => {
    using shop = workshop();
    const { output, end } = await bash(shop, 'echo a > in/new && cat in/new; echo b > outside; echo c > beside');
    expect(end).toEqual({ type: 'exited', exitCode: 1 });
    expect(output).toMatch(/^a\n.*outside: Permission denied\n.*beside: Permission denied\n$/);
    expect(readFileSync(join(shop.dir.path, 'outside'), 'utf8')).toBe('as it was');
    expect(existsSync(join(shop.dir.path, 'beside'))).toBe(false);
  });

  it('has its output, its errors and its end reported like every other one, and can open them by name', async () => {
    using shop = workshop();
    const { output, end } = await bash(shop, 'echo out > /dev/stdout; echo err > /dev/stderr; cat; kill -9 $$');
    expect(output.split('\n').toSorted().join(' ')).toBe(' err out');
    expect(end).toEqual({ type: 'signalled', signal: 'SIGKILL', exitCode: 137 });
  });

  it('leaves keel as free as before, its pool of file workers too', async () => {
    using shop = workshop();
    await bash(shop, 'true');
    await until(() => confinedThreads() === 1);
    expect((await shop.bash('echo free > outside; cat outside')).output).toBe('free\n');
  });

  it('reads only what is named, and lists names everywhere', async () => {
    using shop = workshop();
    const readable = readdirSync('/').flatMap((name) =>
      ['tmp', 'root', 'home'].includes(name) ? [] : join('/', name),
    );
    const { output } = await bash(shop, 'exec 2>&1; cat outside; ls', { readable });
    expect(output).toMatch(/Permission denied\nin\noutside\n$/);
  });

  it('has no privileges left, also as root', async () => {
    using shop = workshop();
    const { output } = await bash(shop, 'grep -E "CapEff|NoNewPrivs" /proc/self/status');
    expect(output).toBe('CapEff:\t0000000000000000\nNoNewPrivs:\t1\n');
  });

  it.skipIf(!keepsSignals)(
    'T21: reaches keel by none of its threads: no memory, no environment, no files, no signals',
    async () => {
      using shop = workshop();
      shop.dir.write({ 'signals.py': SIGNALS });
      const script = `for task in /proc/${process.pid}/task/*; do
        for part in environ maps auxv; do head -c 9 $task/$part && echo READ $part; done
        readlink $task/cwd $task/exe && echo LINKED; ls -l $task/fd | grep -e "->" && echo LISTED
        kill -0 \${task##*/} && echo SIGNALLED; prlimit --pid \${task##*/} --nofile=1 && echo LIMITED
        python3 signals.py \${task##*/}
      done 2>/dev/null; kill -9 ${process.pid}; true`;
      const { output } = await bash(shop, script, { isScoped: true });
      expect(output).not.toMatch(/READ|LINKED|LISTED|SIGNALLED|LIMITED|DONE/);
    },
  );

  it('signals what it started itself, and all that is confined alike', async () => {
    using shop = workshop();
    const { output } = await bash(
      shop,
      'sleep 60 & kill -TERM $! && wait $!; echo $?; kill -0 0 && timeout 0.1 sleep 9',
    );
    expect(output).toBe('143\n');
  });

  it('finds its inputs, and the argv[0] that it is given', async () => {
    using shop = workshop();
    const inputs = ['three', 'four'].map((text) => new TextEncoder().encode(text));
    const argv = ['bash', '-c', 'cat <&3; cat <&4; echo " $0"; head -c 4 /proc/$$/cmdline; true'];
    const spec = { argv, argv0: 'told', cwd: shop.dir.path, env: shop.env, inputs, confinement: confinement(shop) };
    for (let n = 0; n < 2; n += 1) {
      const { output } = await shop.runSpec(spec);
      expect(output).toBe('threefour told\ntold');
    }
  });

  it('is never started without its confinement by mistake', () => {
    using shop = workshop();
    const spec = { argv: ['true'], cwd: shop.dir.path, env: shop.env, confinement: confinement(shop) };
    const start = () => shop.processes.spawn(spec, shop.processes.newMark(), ['ignore', 'ignore', 'ignore']);
    expect(start).toThrow('a confined program is started by startConfined');
  });

  it('T8: is gone with all it started when its time is up', async () => {
    using shop = workshop();
    const argv = ['bash', '-c', '(setsid sleep 60 &); sleep 60'];
    const spec = { argv, cwd: shop.dir.path, env: shop.env, confinement: confinement(shop) };
    const { end } = await shop.runSpec(spec, { timeoutMs: 300 });
    expect(end.type).toBe('timedOut');
    expect(shop.running()).toEqual([]);
  });

  it('is not started where a rule of its confinement can not be put into force', async () => {
    using shop = workshop();
    const { end } = await bash(shop, 'touch in/ran', { seccomp: new Uint8Array(8) });
    expect(end).toEqual({ type: 'spawnFailed', message: 'bash: seccomp failed with error 22' });
    expect(existsSync(join(shop.dir.path, 'in/ran'))).toBe(false);
  });

  it('reports a missing program like every other one', async () => {
    using shop = workshop();
    const spec = { argv: ['no-such-program'], cwd: shop.dir.path, env: shop.env, confinement: confinement(shop) };
    expect((await shop.runSpec(spec)).end).toEqual({
      type: 'spawnFailed',
      message: 'no-such-program: not found in PATH',
    });
  });

  it('goes no further through a symlink that is where a writable folder was', async () => {
    using shop = workshop();
    const { output } = await bash(shop, 'mv in/here in/there; echo a > out/x', {
      writable: [{ path: join(shop.dir.path, 'in', '..', 'link'), rights: 'tree' }],
    });
    expect(output).toContain('Permission denied');
  });

  it('shares its thread with those confined alike, and leaves no descriptor open', async () => {
    using shop = workshop();
    await bash(shop, 'true');
    const before = openDescriptors();
    for (let n = 0; n < 5; n += 1) await bash(shop, 'echo some output');
    expect(openDescriptors()).toEqual(before);
    await until(() => confinedThreads() === 1);
    await bash(shop, 'true', { readable: ['/', '/usr'] });
    expect(confinedThreads()).toBe(2);
  });

  it('ends its threads with the session', async () => {
    {
      using shop = workshop();
      await bash(shop, 'sleep 60 & true');
      expect(confinedThreads()).toBeGreaterThan(0);
    }
    await until(() => confinedThreads() === 0);
  });
});

describe.skipIf(process.platform !== 'linux')('a confined program on a terminal', () => {
  async function terminal(shop: Workshop, script: string): Promise<ExecSession> {
    const env = { ...shop.env, TERM: 'dumb', PS1: '$ ' };
    const spec = { argv: ['bash', '-c', script], cwd: shop.dir.path, env, confinement: confinement(shop) };
    const start = await ExecSession.start({
      spec,
      processes: shop.processes,
      tty: true,
      spill: null,
      onText: () => undefined,
    });
    if (start.type !== 'started') throw new Error(start.message);
    return start.session;
  }

  it('T30: has a terminal of its own with job control', async () => {
    using shop = workshop();
    const session = await terminal(shop, 'bash --norc -i');
    session.write('tty; stty size\n');
    await until(() => session.transcript().includes('24 80'));
    session.write("sh -c 'echo in front of; exec sleep 60'\n");
    await until(() => session.transcript().includes('\nin front of'));
    session.write('\u001a');
    await until(() => session.transcript().includes('Stopped'));
    session.write('kill %1; fg; echo a > outside; echo b > in/typed; exit 7\n');
    expect(await session.exited).toBe(7);
    expect(session.transcript()).toContain('outside: Permission denied');
    expect(readFileSync(join(shop.dir.path, 'in/typed'), 'utf8')).toBe('b\n');
  });

  it("reaches no other terminal, keel's own neither", async () => {
    using shop = workshop();
    const other = await shop.session('tty; sleep 60', { tty: true });
    await until(() => other.transcript().includes('/dev/pts/'));
    const path = /\/dev\/pts\/\d+/.exec(other.transcript())?.[0] ?? '';
    const session = await terminal(shop, `echo seen > ${path}`);
    expect(await session.exited).toBe(1);
    expect(other.transcript()).not.toContain('seen');
    const again = await terminal(shop, 'echo seen > "$(tty)"');
    expect(await again.exited).toBe(0);
    expect(again.transcript()).toContain('seen');
  });

  it('T29: is gone with all its jobs when the session is closed', async () => {
    using shop = workshop();
    const session = await terminal(shop, 'bash --norc -i');
    session.write('sleep 60 &\nsetsid sleep 61 &\nsleep 62\n');
    await until(() => shop.running().length >= 4);
    shop.processes.close();
    await until(() => shop.running().length === 0);
    expect(await session.exited).toBe(137);
  });
});

/** Has the kernel send signals to a thread of another process, which would end that. */
const SIGNALS = `import fcntl, os, signal, struct, sys
thread = int(sys.argv[1])
def owned(set_owner):
    reader, writer = os.pipe()
    try: set_owner(reader)
    except OSError: return
    fcntl.fcntl(reader, 10, 9)
    fcntl.fcntl(reader, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    os.write(writer, b'x')
owned(lambda fd: fcntl.fcntl(fd, 8, thread))
owned(lambda fd: fcntl.fcntl(fd, 15, struct.pack('ii', 0, thread)))
owned(lambda fd: fcntl.ioctl(fd, 0x8901, struct.pack('i', thread)))
for name, call in (
    ('pidfd', lambda: signal.pidfd_send_signal(os.open('/proc/%d' % thread, os.O_RDONLY), 0)),
    ('everybody', lambda: os.kill(-1, 0)),
):
    try: call(); print('DONE', name)
    except OSError: pass
`;

/** Threads of this process that a filter holds. */
function confinedThreads(): number {
  const held = readdirSync('/proc/self/task').filter((id) => {
    try {
      return /^Seccomp:\t2$/m.test(readFileSync(`/proc/self/task/${id}/status`, 'latin1'));
    } catch {
      // It has just ended.
      return false;
    }
  });
  return held.length;
}

/** What is open in this process, threads' own descriptors aside. */
function openDescriptors(): string[] {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The descriptor that read the list.
      return '';
    }
  });
  return targets.filter((target) => target.startsWith('pipe:') || target.startsWith('/dev/pt')).toSorted();
}
