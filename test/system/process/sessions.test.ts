import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ExecSession, ExecSessions } from '../../../src/system/process/index.ts';
import { MAX_SESSIONS } from '../../../src/system/process/run/exec-sessions.ts';
import { until } from '../../support/keel.ts';
import { Workshop } from './support.ts';

describe('a session', () => {
  it('reports its end with what it printed, without waiting any longer', async () => {
    using shop = new Workshop();
    const session = await shop.session('echo x; exit 3');
    expect(await session.exited).toBe(3);
    expect(session.takeNews()).toMatchObject({ output: 'x\n', totalBytes: 2, exitCode: 3 });
    expect(session.durationMs).toBeLessThan(1_900);
  });

  it('gives each piece of its output once, and all of it as its transcript', async () => {
    using shop = new Workshop();
    const session = await shop.session('echo one; until test -e go; do sleep 0.01; done; echo two');
    await until(() => session.hasNews);
    expect(session.takeNews().output).toBe('one\n');
    expect(session.takeNews().output).toBe('');
    shop.dir.write({ go: '' });
    await session.exited;
    expect(session.takeNews().output).toBe('two\n');
    expect(session.transcript()).toBe('one\ntwo\n');
  });

  it('T28: on a terminal keeps what was typed into it before, and others see nothing of it', async () => {
    using shop = new Workshop();
    const [first, second] = [
      await shop.session('bash --norc -i', { tty: true }),
      await shop.session('bash --norc -i', { tty: true }),
    ];
    first.write('export SEEN=in-the-first\n');
    for (const session of [first, second]) session.write('echo "[$SEEN]"\n');
    await until(() => first.transcript().includes('[in-the-first]'));
    await until(() => second.transcript().includes('\n[]'));
    first.write('exit 7\n');
    expect(await first.exited).toBe(7);
    expect(first.write('more')).toBe(false);
  });

  it('T29: on a terminal is gone with all its jobs when the session is closed', async () => {
    using shop = new Workshop();
    const session = await shop.session('bash --norc -i', { tty: true });
    session.write('sleep 60 &\nsetsid sleep 61 &\nsleep 62\n');
    await until(() => shop.running().length >= 4);
    shop.processes.close();
    await until(() => shop.running().length === 0);
    expect(await session.exited).toBe(137);
  });

  it('T30: has job control on a terminal', async () => {
    using shop = new Workshop();
    const session = await shop.session('bash --norc -i', { tty: true });
    // A key reaches only what the shell has put in front by then.
    session.write("sh -c 'echo in front of; exec sleep 60'\n");
    await until(() => session.transcript().includes('\nin front of'));
    session.write('\u001a');
    await until(() => session.transcript().includes('Stopped'));
    session.write('kill %1; fg; exit 0\n');
    await session.exited;
    expect(session.transcript()).not.toContain('no job control');
  });

  it('without a terminal takes nothing but Ctrl-C', async () => {
    using shop = new Workshop();
    const session = await shop.session("trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.02; done");
    await until(() => session.hasNews);
    expect(session.write('text\n')).toBe(false);
    expect(session.write('\u0003')).toBe(true);
    expect(await session.exited).toBe(5);
    expect(session.transcript()).toBe('ready\ninterrupted\n');
  });

  it('T26: without a terminal finds its input empty', async () => {
    using shop = new Workshop();
    const session = await shop.session('cat; echo end');
    expect(await session.exited).toBe(0);
    expect(session.transcript()).toBe('end\n');
  });

  it('says why it cannot start, with and without a terminal', async () => {
    using shop = new Workshop();
    for (const tty of [false, true]) {
      const options = { processes: shop.processes, tty, spill: null, onText: () => undefined };
      const start = (argv: string[], cwd: string) =>
        ExecSession.start({ ...options, spec: { argv, cwd, env: shop.env } });
      const gone = join(shop.dir.path, 'gone');
      expect(await start(['/bin/sh', '-c', 'true'], gone)).toEqual({
        type: 'spawnFailed',
        message: `the working directory ${gone} does not exist`,
      });
      expect(await start(['/no/such/shell', '-c', 'true'], shop.dir.path)).toMatchObject({
        type: 'spawnFailed',
        message: expect.stringContaining('/no/such/shell: no such program'),
      });
    }
  });

  it('keeps its whole output in its file, also what comes after its end was reported', async () => {
    using shop = new Workshop();
    const path = join(shop.dir.path, 'out.log');
    const session = await shop.session('seq 1 30000; (sleep 0.4; echo straggler) &', {
      spill: { path, maxBytes: 1_000_000 },
    });
    await session.exited;
    const whole = readFileSync(path, 'utf8');
    expect(session.takeNews()).toMatchObject({
      spillPath: path,
      spilledBytes: whole.length,
      printedBytes: whole.length,
    });
    await until(() => shop.running().length === 0);
    expect(readFileSync(path, 'utf8')).toBe(whole);
  });

  it('leaves no file where its output was short', async () => {
    using shop = new Workshop();
    const path = join(shop.dir.path, 'out.log');
    await (await shop.session('echo short', { spill: { path, maxBytes: 1_000 } })).exited;
    expect(existsSync(path)).toBe(false);
  });
});

describe('the kept sessions', () => {
  const label = { command: 'sleep', cwd: '/' };

  it('T29: make room for one more by ending the one used longest ago', async () => {
    using shop = new Workshop();
    const sessions = new ExecSessions();
    const running: ExecSession[] = [];
    for (let n = 0; n < MAX_SESSIONS; n += 1) running.push(await shop.session('exec sleep 60'));
    const ids = running.map((session) => sessions.keep(session, label));
    sessions.get(ids[0] ?? -1);
    const one = sessions.keep(await shop.session('exec sleep 60'), label);
    expect(await running[1]?.exited).toBe(143);
    expect(sessions.size).toBe(MAX_SESSIONS);
    expect([ids[0], ids[1], ids[2], one].map((id) => sessions.get(id ?? -1) !== null)).toEqual([
      true,
      false,
      true,
      true,
    ]);
    sessions.close();
    await until(() => shop.running().length === 0);
  });

  it('T29: let one that has ended go before any that runs, but none of the eight used last', async () => {
    using shop = new Workshop();
    const sessions = new ExecSessions();
    const ids: number[] = [];
    for (let n = 0; n < MAX_SESSIONS; n += 1) {
      const hasEnded = n === 20 || n === MAX_SESSIONS - 8;
      const session = await shop.session(hasEnded ? 'true' : 'exec sleep 60');
      if (hasEnded) await session.exited;
      ids.push(sessions.keep(session, label));
    }
    const keep = async () => sessions.keep(await shop.session('exec sleep 60'), label);
    await keep();
    const known = () => new Set(sessions.running().map(({ id }) => id));
    expect(known().size).toBe(MAX_SESSIONS - 1);
    await keep();
    // The second that had ended was among the last eight until just now.
    expect(known().size).toBe(MAX_SESSIONS);
    expect(known().has(ids[0] ?? -1)).toBe(true);
    sessions.close();
  });
});
