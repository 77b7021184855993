import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand, type SpawnSpec } from '../../../src/system/process/index.ts';
import { until } from '../../support/keel.ts';
import { Room } from './support.ts';

/** A program whose clean-up takes a moment, while the shell that started it ends at once when it is asked to. */
const SLOW_CLEAN_UP =
  "(trap 'sleep 0.1; echo cleaned > cleaned; exit' TERM; touch started; while :; do sleep 0.02; done) & wait";
const STUBBORN = "trap '' TERM; touch started; while :; do sleep 0.02; done";

const backends = [
  ['bwrap', {}],
  ['landlock', { setup: { bwrapPath: '/nowhere/bwrap' } }],
] as const;

describe.each(backends)('under %s', (_, options) => {
  async function runUntilAborted(room: Room, script: string): Promise<{ readonly ms: number }> {
    const { spawn } = await room.plan(script);
    const abort = new AbortController();
    const ended = started(room, spawn, abort.signal);
    await until(() => existsSync(join(room.workspace, 'started')), 15_000);
    const from = performance.now();
    abort.abort();
    expect((await ended).end).toEqual({ type: 'aborted' });
    return { ms: performance.now() - from };
  }

  function started(room: Room, spawn: SpawnSpec, signal: AbortSignal) {
    return runCommand(spawn, {
      ...{ processes: room.processes, timeoutMs: 60_000, signal, spill: null },
      onText: () => undefined,
    });
  }

  test('every program of an interrupted command may clean up, also when its shell has ended', async () => {
    await using room = new Room(options);
    await runUntilAborted(room, SLOW_CLEAN_UP);
    expect(readFileSync(join(room.workspace, 'cleaned'), 'utf8')).toBe('cleaned\n');
    expect(left(room)).toEqual([]);
  });

  test('one that ignores being asked is killed after the grace', async () => {
    await using room = new Room(options);
    const { ms } = await runUntilAborted(room, STUBBORN);
    expect(ms).toBeGreaterThan(450);
    expect(left(room)).toEqual([]);
  });

  test('a command at its time limit may clean up as well', async () => {
    await using room = new Room(options);
    const { end } = await room.run(SLOW_CLEAN_UP, { timeoutMs: 1_500 });
    expect(end).toEqual({ type: 'timedOut' });
    if (existsSync(join(room.workspace, 'started'))) expect(existsSync(join(room.workspace, 'cleaned'))).toBe(true);
  });

  test('what runs in the background may clean up when everything is ended', async () => {
    await using room = new Room(options);
    const { spawn } = await room.plan(SLOW_CLEAN_UP);
    const ended = started(room, spawn, new AbortController().signal);
    await until(() => existsSync(join(room.workspace, 'started')), 15_000);
    await room.processes.endAll();
    await ended;
    expect(existsSync(join(room.workspace, 'cleaned'))).toBe(true);
  });
});

/** Processes that still run in the workspace. */
function left(room: Room): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(room.workspace);
    } catch {
      // It has just ended.
      return false;
    }
  });
}
