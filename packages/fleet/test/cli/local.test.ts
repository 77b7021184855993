import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { message, respond, startModelServer, usage } from 'keel/testing';
import { expect, test } from 'vitest';
import { commands, type Given } from '../../src/cli/commands.ts';
import { isAlive, NoFleet, runningFleet } from '../../src/cli/fleet-folder.ts';
import { binary } from '../support/fleet.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/keel-fleet.js');

/** A command of the built program in a process of its own. */
function program(words: readonly string[], env: Readonly<Record<string, string | undefined>>) {
  const child = spawn(process.execPath, [PROGRAM, ...words], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const ended = once(child, 'close').then(() => child.exitCode);
  return { child, ended, said: () => said };
}

test.skipIf(binary === null)(
  'keel-fleet up runs a fleet for the other commands until it is stopped, then ends its parts',
  { timeout: 120_000 },
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
    const [home, cwd] = [join(dir, 'home'), join(dir, 'work')];
    for (const path of [home, cwd]) mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(home, 'config.toml'), 'sandbox_mode = "danger-full-access"\napproval_policy = "never"\n');
    const model = await startModelServer(() => respond(message('the answer'), usage({ input: 50, output: 5 })));
    const env = {
      ...{ PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: dir, TMPDIR: tmpdir(), KEEL_HOME: home },
      ...{ OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'test-key', KEEL_FLEET_DIR: join(dir, 'fleet') },
      ...{ NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] },
    };
    const up = program(['up', '--workers', '1'], env);
    const keelFleet = async (name: string, words: readonly string[] = [], values: Given['values'] = {}) => {
      const printed: string[] = [];
      const given = { values, words, env, signal: AbortSignal.timeout(90_000), log: () => undefined };
      const code = await commands[name]?.run({ ...given, print: (line) => printed.push(line) });
      return { code, text: printed.join('\n') };
    };
    try {
      await expect.poll(up.said, { timeout: 50_000 }).toContain('a fleet of 1 workers runs');
      const { workers } = runningFleet(env.KEEL_FLEET_DIR);
      expect(Object.keys(workers)).toEqual(['worker-1']);
      expect((await keelFleet('run', ['why?'], { cwd })).text).toMatch(/^the answer\nthread \S+: completed$/);
      expect((await keelFleet('ls')).text).toMatch(/local +idle +1 +completed: the answer/);
      await keelFleet('drain', ['worker-1']);
      // Another one takes its place, which takes a moment.
      const running = () => Object.keys(runningFleet(env.KEEL_FLEET_DIR).workers);
      await expect.poll(running, { timeout: 50_000 }).toEqual(['worker-2']);
      const { code, text } = await keelFleet('doctor');
      expect(text).toMatch(/ok +worker-2 runs/);
      expect(code, text).toBe(0);
      const pids = Object.values(runningFleet(env.KEEL_FLEET_DIR).workers);
      up.child.kill('SIGTERM');
      expect(await up.ended).toBe(0);
      expect(pids.filter(isAlive)).toEqual([]);
      expect(() => runningFleet(env.KEEL_FLEET_DIR)).toThrow(NoFleet);
    } finally {
      up.child.kill('SIGTERM');
      await up.ended;
      await model.close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);

test.skipIf(binary === null)(
  'keel-fleet demo shows that a worker which is killed loses and repeats nothing',
  { timeout: 120_000 },
  async () => {
    const demo = program(['demo', '--turns', '3'], process.env);
    expect(await demo.ended, demo.said()).toBe(0);
    expect(demo.said()).toMatch(/kills worker-\d+ \(kill -9 \d+\)/);
    expect(demo.said()).toMatch(/3 of 3 turns completed, 0 steps lost, 0 repeated$/m);
  },
);
