import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { processStat } from '../../../src/foundation/util/index.ts';
import { until } from '../../support/keel.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import type { RunnerRequest, RunnerSetup } from './orphan-runner.ts';

const ORDINARY = 65_534;
const script = join(import.meta.dirname, 'orphan-runner.ts');
const isRoot = process.getuid?.() === 0;
/** Another user can only run keel where it may read it. */
const others =
  isRoot && spawnSync('setpriv', [`--reuid=${ORDINARY}`, '--clear-groups', 'test', '-r', script]).status === 0;
const users = [
  { user: isRoot ? 'root' : 'an ordinary user', uid: null },
  ...(others ? [{ user: 'an ordinary user', uid: ORDINARY }] : []),
];
const backends = [
  { backend: 'no sandbox', isConfined: false },
  { backend: 'Landlock', isConfined: true },
];
const worlds = users.flatMap((user) => backends.map((backend) => ({ ...user, ...backend })));

/** `DAEMON` writes its process id into `pid` and stays. All are started so that they leave the command's group and its mark. */
const FORMS = {
  'a session of its own and an empty environment': 'env -i setsid sh DAEMON &',
  'a double fork': '(env -i setsid sh -c "(setsid sh DAEMON &) ; exit" &)',
  'nohup and disown': 'set -m; nohup env -i setsid sh DAEMON & disown',
  'a daemon that has children': "env -i setsid sh -c 'sh DAEMON & wait' &",
};

let dir: TempDir;
let workspace: string;

beforeEach(() => {
  dir = tempDir();
  workspace = join(dir.path, 'work');
  for (const path of [workspace, join(dir.path, 'home')]) mkdirSync(path);
  writeFileSync(join(workspace, 'daemon.sh'), 'echo $$ > pid.new; mv pid.new pid; exec sleep 300\n');
  const stubborn = `trap '' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 1; done\n`;
  writeFileSync(join(workspace, 'stubborn.sh'), stubborn);
  const polite = `trap 'sleep 0.1; echo bye > cleaned; exit' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 0.05; done\n`;
  writeFileSync(join(workspace, 'polite.sh'), polite);
  for (const path of ['', 'work', 'home', 'work/daemon.sh', 'work/stubborn.sh', 'work/polite.sh']) {
    chmodSync(join(dir.path, path), 0o755);
    if (others) chownSync(join(dir.path, path), 0, 0);
  }
});
afterEach(() => {
  const pid = daemon();
  if (pid !== null && isAlive(pid)) process.kill(pid, 'SIGKILL');
  dir[Symbol.dispose]();
});

/** A form as a script that ends when the daemon is up. */
function leaving(form: string, daemonFile = 'daemon.sh'): string {
  const quiet = `${daemonFile} </dev/null >/dev/null 2>&1`;
  return `${form.replace('DAEMON', quiet)}\nwhile [ ! -s pid ]; do sleep 0.02; done`;
}

function daemon(): number | null {
  const path = join(workspace, 'pid');
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : null;
}

function isAlive(pid: number): boolean {
  const stat = processStat(pid);
  return stat !== null && !stat.hasEnded;
}

/** A keel of its own. */
class Runner {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess, pid: number, lines: AsyncIterator<string>) {
    this.#child = child;
    this.pid = pid;
    this.#lines = lines;
  }

  static async start(setup: Partial<RunnerSetup> = {}, uid: number | null = null): Promise<Runner> {
    const whole: RunnerSetup = { workspace, home: join(dir.path, 'home'), isConfined: false, orphans: 'end', ...setup };
    if (uid !== null) for (const path of ['work', 'home']) chownSync(join(dir.path, path), uid, uid);
    const user = uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const [program = '', ...args] = [...user, process.execPath, '--no-warnings', script, JSON.stringify(whole)];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return new Runner(child, Number((await lines.next()).value), lines);
  }

  async run(text: string, request: Partial<RunnerRequest> = {}): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify({ script: text, by: 'command', ...request })}\n`);
    const answer: unknown = JSON.parse((await this.#lines.next()).value);
    return answer;
  }

  /** Runs it to its own end. */
  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin?.end();
    expect(await ended).toEqual([0, null]);
  }
}

const whole = { type: 'exited', exitCode: 0 };

describe.skipIf(process.platform !== 'linux').each(worlds)('with $backend, as $user', ({ uid, isConfined }) => {
  test('nothing outlives keel, however it left its command', async () => {
    const runner = await Runner.start({ isConfined }, uid);
    const pids = new Map<string, number>();
    for (const [name, form] of Object.entries(FORMS)) {
      expect(await runner.run(`rm -f pid; ${leaving(form)}`)).toEqual(whole);
      pids.set(name, daemon() ?? 0);
    }
    expect([...pids.values()].map(isAlive)).toEqual(Object.keys(FORMS).map(() => true));
    await runner.end();
    expect([...pids].filter(([, pid]) => isAlive(pid))).toEqual([]);
  });

  test('a daemon may clean up, and one that refuses to end is killed', async () => {
    const runner = await Runner.start({ isConfined }, uid);
    await runner.run(leaving(FORMS['a double fork'], 'polite.sh'));
    const polite = daemon() ?? 0;
    await runner.run(`rm pid; ${leaving(FORMS['a double fork'], 'stubborn.sh')}`);
    const stubborn = daemon() ?? 0;
    expect([polite, stubborn].map(isAlive)).toEqual([true, true]);
    await runner.end();
    expect([polite, stubborn].map(isAlive)).toEqual([false, false]);
    expect(readFileSync(join(workspace, 'cleaned'), 'utf8')).toBe('bye\n');
  });

  test('orphans that have ended are collected, and commands keep their own exit codes', async () => {
    const runner = await Runner.start({ isConfined }, uid);
    const many = 'for n in 1 2 3 4 5; do (env -i setsid true &) ; done; exit 7';
    for (let n = 0; n < 3; n += 1) expect(await runner.run(many)).toEqual({ ...whole, exitCode: 7 });
    await until(() => childrenOf(runner.pid).length === 0, 15_000);
    await runner.end();
  });
});

describe.skipIf(process.platform !== 'linux')('an orphan', () => {
  test('of a program that is meant to outlive keel is not touched', async () => {
    const runner = await Runner.start();
    await runner.run('true');
    await runner.run('(setsid sh daemon.sh &)', { by: 'outliving' });
    const pid = daemon() ?? 0;
    await until(() => processStat(pid)?.parent === runner.pid, 15_000);
    await runner.end();
    expect(isAlive(pid)).toBe(true);
  });

  test('of a confined command is ended although it claims to be of such a program', async () => {
    const runner = await Runner.start({ isConfined: true });
    await runner.run('echo $$ > pid', { by: 'outliving' });
    await runner.run(`rm pid; ${leaving('setsid sh DAEMON &')}`, { isMarked: true });
    const pid = daemon() ?? 0;
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).toContain('KEEL_OUTLIVES=');
    await runner.end();
    expect(isAlive(pid)).toBe(false);
  });

  test('is not given to keel inside another program, and no child of that program is touched', async () => {
    const runner = await Runner.start({ orphans: 'leave' });
    await runner.run('sh daemon.sh; true', { by: 'host' });
    const pid = daemon() ?? 0;
    await runner.run(`mv pid host; ${leaving(FORMS['a double fork'])}`);
    const left = daemon() ?? 0;
    expect(isAlive(left)).toBe(true);
    expect(processStat(left)?.parent).not.toBe(runner.pid);
    await runner.end();
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });
});

/** Those that only wait to be collected included. */
function childrenOf(pid: number): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && processStat(Number(name))?.parent === pid);
}
