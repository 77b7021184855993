import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processPlace, processStat } from '../../../src/foundation/util/index.ts';
import { Processes } from '../../../src/system/process/index.ts';
import { until } from '../../support/keel.ts';
import { Workshop } from './support.ts';

const spawned = (shop: Workshop, processes: Processes, script: string) =>
  processes.spawn({ argv: ['bash', '-c', script], cwd: shop.dir.path, env: shop.env }, processes.newMark(), [
    'ignore',
    'ignore',
    'ignore',
  ]);

describe('the owner of processes', () => {
  it('ends everything at once when asked from an exit handler', async () => {
    using shop = new Workshop();
    const child = spawned(
      shop,
      shop.processes,
      'sleep 30 & (setsid sleep 30 &) ; (setsid setsid sleep 30 & ); sleep 30',
    );
    await until(() => shop.running().length >= 4);
    shop.processes.killAll();
    await until(() => shop.running().length === 0);
    await until(() => child.signalCode === 'SIGKILL');
  });

  it('finds what has dropped its mark by its group, its session and its descent', async () => {
    using shop = new Workshop();
    const script = 'env -i sleep 30 & env -i setsid bash -c "sleep 30; true" & echo $! > pids; jobs -p >> pids; wait';
    const abort = new AbortController();
    const running = shop.bash(script, { signal: abort.signal });
    const file = join(shop.dir.path, 'pids');
    const noted = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
    await until(() => noted().length >= 3);
    abort.abort();
    expect((await running).end).toEqual({ type: 'aborted' });
    const pids = noted().map(Number);
    for (const pid of pids) expect(isGone(pid)).toBe(true);
  });

  it('starts nothing once it is closed', async () => {
    using shop = new Workshop();
    shop.processes.close();
    const { end } = await shop.bash('touch ran');
    expect(end).toEqual({ type: 'spawnFailed', message: 'bash: the session has ended' });
    expect(existsSync(join(shop.dir.path, 'ran'))).toBe(false);
  });

  it('ends, when a thread is opened again, what a killed keel had left running', async () => {
    using shop = new Workshop();
    const journalPath = join(shop.dir.path, 'groups.jsonl');
    const killed = new Processes(shop.token, { journalPath });
    const child = spawned(shop, killed, '(setsid sleep 30 &) ; sleep 30');
    await until(() => shop.running().length >= 2);
    // The first owner never closed: it is as if it had been killed.
    appendFileSync(journalPath, '{"pid":1,"startTi');
    new Processes('another', { journalPath }).close();
    await until(() => child.signalCode === 'SIGKILL');
    expect(shop.running()).toEqual([]);
    expect(existsSync(journalPath)).toBe(false);
  });

  it('leaves a process alone that only has the id of one it started before', async () => {
    using shop = new Workshop();
    const journalPath = join(shop.dir.path, 'groups.jsonl');
    const stranger = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
    const started = { pid: stranger.pid, startTicks: 1, mark: 'long-gone/1', place: processPlace() };
    appendFileSync(journalPath, `${JSON.stringify(started)}\n`);
    new Processes('another', { journalPath }).close();
    expect(stranger.signalCode).toBe(null);
    expect(isGone(stranger.pid ?? 0)).toBe(false);
    stranger.kill('SIGKILL');
  });

  it.each(['another boot/pid:[1]', 'same boot/pid:[2]'])(
    'leaves a process alone that was noted in another PID namespace or boot: %s',
    async (place) => {
      using shop = new Workshop();
      const journalPath = join(shop.dir.path, 'groups.jsonl');
      const stranger = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
      const pid = stranger.pid ?? 0;
      const started = { pid, startTicks: processStat(pid)?.startTicks, mark: 'elsewhere/1', place };
      appendFileSync(journalPath, `${JSON.stringify(started)}\n`);
      new Processes('another', { journalPath }).close();
      expect(isGone(pid)).toBe(false);
      stranger.kill('SIGKILL');
    },
  );

  it('keeps a journal of what it started until it has ended it', async () => {
    using shop = new Workshop();
    const journalPath = join(shop.dir.path, 'deep', 'groups.jsonl');
    const processes = new Processes(shop.token, { journalPath });
    const child = spawned(shop, processes, 'sleep 30');
    const line: unknown = JSON.parse(readFileSync(journalPath, 'utf8'));
    expect(line).toEqual({
      pid: child.pid,
      startTicks: expect.any(Number),
      mark: `${shop.token}/1`,
      place: processPlace(),
    });
    processes.close();
    expect(existsSync(journalPath)).toBe(false);
  });
});

function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
