import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  hasOwnProc,
  isRunning,
  ownIdentity,
  processPlace,
  processStat,
} from '../../../../src/foundation/util/index.ts';

const hasProc = process.platform === 'linux' && hasOwnProc();

describe('a process that can be recognized later', () => {
  it('is this one, while it runs', () => {
    expect(ownIdentity()).toMatchObject({ pid: process.pid, place: processPlace() });
    expect(isRunning(ownIdentity())).toBe(true);
  });

  it('is not another one that has its number now', () => {
    const { startTicks, ...own } = ownIdentity();
    if (startTicks !== null) expect(isRunning({ ...own, startTicks: startTicks - 1 })).toBe(false);
    expect(isRunning({ ...own, startTicks: null })).toBe(true);
  });

  it('can\u2019t be judged from another machine or container', () => {
    expect(isRunning({ ...ownIdentity(), place: 'boot/pid:[1]' })).toBeNull();
    expect(isRunning({ pid: 2 ** 22 + 1, startTicks: null, place: 'elsewhere' })).toBeNull();
  });

  it('does not run when nothing has its number', () => {
    expect(isRunning({ pid: 2 ** 22 + 1, startTicks: null, place: processPlace() })).toBe(false);
  });

  it.runIf(hasProc)('does not run when it has ended and only waits to be collected', async () => {
    // The shell starts a child that ends at once, and never collects it.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      while (processStat(pid)?.hasEnded !== true) await new Promise((resolve) => setTimeout(resolve, 2));
      expect(isRunning({ pid, startTicks: null, place: processPlace() })).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it.runIf(hasProc)('is read whatever its program is called', async () => {
    const child = spawn('sh', ['-c', 'printf "%s" "a) R 1 1 1 (b" > /proc/self/comm; echo named; read -r _'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    try {
      await once(child.stdout, 'data');
      expect(processStat(child.pid ?? 0)).toMatchObject({ parent: process.pid, hasEnded: false });
    } finally {
      child.kill('SIGKILL');
    }
  });

  it.runIf(hasProc)('has no state when there is none', () => {
    expect(processStat(2 ** 22 + 1)).toBeNull();
    expect(processStat(process.pid)).toMatchObject({ parent: process.ppid });
  });
});
