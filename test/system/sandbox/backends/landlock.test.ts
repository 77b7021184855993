import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxPolicy } from '../../../../src/foundation/protocol/index.ts';
import { Processes } from '../../../../src/system/process/index.ts';
import { SandboxManager } from '../../../../src/system/sandbox/index.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { batchOf, escapeScript, outcomesOf, type Tried, waysOut, waysTried } from '../batch.ts';
import { type HeldOutcome, HeldRunner, planHeld } from '../held.ts';
import { readOnly, workspaceWrite } from '../support.ts';

const isRoot = process.getuid?.() === 0;
/** What Landlock has no rights for, chmod and utime, is in the notes of every plan. */
const refusedWays = waysOut.filter((name) => !['chmod', 'utime'].includes(name));
const changesOfProtected = [
  'echo x >> .git/config',
  'echo x > .git/hooks/post-commit',
  'git config core.fsmonitor /tmp/evil',
  'mv .git gone',
  'mv inside/../.git gone',
  'mv .git inside/gone',
  'ln .git/config inside/config',
  'rm -rf .git/hooks && mkdir .git/hooks',
  'ln -sf /tmp .git/hooks',
  'mkdir .keel',
  'ln -s . .codex',
  'mount --bind inside .git',
  'umount -l .git',
  'unshare -Urm sh -c "umount -l .git"',
  'nsenter -t 1 -m true',
];
const ORDINARY = 65_534;

/** Another user can only run keel where it may read it. */
const others =
  isRoot && spawnSync('setpriv', [`--reuid=${ORDINARY}`, '--clear-groups', 'test', '-r', escapeScript]).status === 0;
const users = [
  { name: isRoot ? 'root' : 'an ordinary user', uid: null },
  ...(others ? [{ name: 'an ordinary user', uid: ORDINARY }] : []),
];

describe.skipIf(process.platform !== 'linux').each(users)('below Landlock, as $name', ({ uid }) => {
  let dir: TempDir;
  let runner: HeldRunner;
  let servers: Server[];
  let workspace: string;
  let outside: string;
  let home: string;

  beforeAll(async () => {
    dir = tempDir();
    [workspace, outside, home] = ['a/work', 'outside', 'home'].map((name) => join(dir.path, name)) as [
      string,
      string,
      string,
    ];
    dir.write({
      'outside/precious': 'as it was',
      'home/auth.json': '{"OPENAI_API_KEY":"sk-secret"}',
      'home/notes.txt': 'open',
      'a/work/top': 'top',
      'a/work/inside/tmp/x': '',
    });
    execFileSync('git', ['init', '-q', workspace]);
    cpSync(escapeScript, join(workspace, 'escape.py'));
    chmodSync(dir.path, 0o755);
    if (uid !== null) giveAway(dir.path, uid);
    runner = await HeldRunner.start({ workspace, home }, uid);
    servers = [await listen(join(outside, 'socket')), await listen(`\0keel-escape-${runner.pid}`), await listen(0)];
    const address = servers[2]?.address();
    writeFileSync(join(outside, 'port'), String(typeof address === 'object' ? address?.port : 0));
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await runner[Symbol.asyncDispose]();
    dir[Symbol.dispose]();
  });

  interface RunOptions {
    readonly policy?: SandboxPolicy;
    readonly cwd?: string;
    readonly timeoutMs?: number;
  }

  function run(command: string, options: RunOptions = {}): Promise<HeldOutcome> {
    const { policy = workspaceWrite, cwd = workspace, timeoutMs = 15_000 } = options;
    const env = { PATH: process.env['PATH'] ?? '', HOME: home, LC_ALL: 'C', TMPDIR: join(workspace, 'inside/tmp') };
    return runner.run({ argv: ['bash', '-c', command], env, cwd, policy, timeoutMs });
  }

  describe('ways out', () => {
    let before: unknown;
    let tried: ReadonlyMap<string, string>;
    beforeAll(async () => {
      before = stateOf(outside);
      const names = refusedWays.map((name) => `'${name}'`).join(' ');
      const command = `cd inside && python3 ../escape.py ${outside} ${runner.pid} ${names}`;
      tried = waysTried((await run(command, { timeoutMs: 60_000 })).output);
    });

    test.each(refusedWays)('T21: %s', (name) => expect(tried.get(name)).toMatch(/^refused: /));

    test('T21: what lies outside is as it was, and keel runs', () => {
      expect(stateOf(outside)).toEqual(before);
      expect(runner.isAlive).toBe(true);
    });
  });

  test('nothing can be written but the workspace and harmless devices', async () => {
    cpSync(join(import.meta.dirname, '../writable-walk.py'), join(workspace, 'inside', 'writable-walk.py'));
    const { output, end } = await run('python3 inside/writable-walk.py', { timeoutMs: 90_000 });
    expect(end).toEqual({ type: 'exited', exitCode: 0 });
    const device = /^\/dev\/(?:full|null|random|tty|urandom|zero)$/;
    const written = output.trim().split('\n');
    expect(written).toContain(`${workspace}/inside/`);
    expect(written.filter((path) => !path.startsWith(`${workspace}/`) && !device.test(path))).toEqual([]);
  }, 120_000);

  test('T21: what Landlock can not block is in the notes', async () => {
    const { notes, backend } = await run('true');
    expect(backend).toBe('landlock');
    expect(notes.join('\n')).toContain('modes, owners and times of files outside');
    expect(notes.join('\n')).toContain(`${workspace}: commands can't make, rename or remove entries directly in it`);
  });

  describe('what is protected in the workspace', () => {
    let before: string;
    let tried: ReadonlyMap<string, Tried>;
    beforeAll(async () => {
      before = readFileSync(join(workspace, '.git', 'config'), 'utf8');
      const { output } = await run(batchOf(changesOfProtected), { timeoutMs: 60_000 });
      tried = outcomesOf(changesOfProtected, output);
    });

    test.each(changesOfProtected)('T19: %s', (change) => expect(tried.get(change)?.exitCode).toBeGreaterThan(0));

    test('T19: is as it was', () => {
      expect(readFileSync(join(workspace, '.git', 'config'), 'utf8')).toBe(before);
      expect(readdirSync(join(workspace, '.git', 'hooks'))).not.toContain('post-commit');
      expect(readdirSync(workspace)).toEqual(expect.not.arrayContaining(['gone', '.keel', '.codex']));
      expect(readdirSync(join(workspace, 'inside'))).toEqual(expect.not.arrayContaining(['gone', 'config']));
    });
  });

  test('T19: an ancestor of the workspace in a broader root can not be renamed either', async () => {
    const policy = { ...workspaceWrite, writable_roots: [dir.path] };
    const { end } = await run(`mv ${dir.path}/a ${dir.path}/b || mv ${workspace} ${dir.path}/a/b`, { policy });
    expect(end).not.toMatchObject({ exitCode: 0 });
    expect(existsSync(join(workspace, '.git'))).toBe(true);
  });

  test('T18: commands write in the folders of the workspace, its files, and the other roots', async () => {
    const policy = { ...workspaceWrite, writable_roots: [join(dir.path, 'outside')] };
    const more = 'mkdir -p inside/new && mv inside/new inside/newer && echo y > inside/newer/y && rm -r inside/newer';
    const { output, end } = await run(
      `echo changed > top && ${more} && echo x > ${outside}/by-root && rm ${outside}/by-root; cat top`,
      { policy },
    );
    expect(output).toBe('changed\n');
    expect(end).toEqual({ type: 'exited', exitCode: 0 });
  });

  test('T18: a file that was replaced since is written like the one before', async () => {
    await run('true');
    execFileSync('sh', ['-c', `cp -p ${workspace}/top ${workspace}/new && mv ${workspace}/new ${workspace}/top`]);
    expect((await run('echo again > top && cat top')).output).toBe('again\n');
  });

  test('T16: nothing is written in read-only mode but to /dev/null', async () => {
    const { output, end } = await run('echo x > /dev/null && echo x > inside/x', { policy: readOnly });
    expect(output).toContain('Permission denied');
    expect(end).toEqual({ type: 'exited', exitCode: 1 });
  });

  test("keel's credentials can't be read, what lies beside them can", async () => {
    const { output } = await run('cat $HOME/notes.txt; cat $HOME/auth.json; ls $HOME');
    expect(output).toContain('open');
    expect(output).toContain('auth.json: Permission denied');
    expect(output).not.toContain('sk-secret');
  });

  test('disks and other devices are not there to be read', async () => {
    const { output } = await run(
      'for d in /dev/vda /dev/sda /dev/ptmx /dev/kmsg /dev/mem; do head -c 1 $d && echo READ; done',
    );
    expect(output).not.toContain('READ');
  });

  test('T22: with the network off every way there is refused quickly; with it on loopback is reached', async () => {
    const port = readFileSync(join(outside, 'port'), 'utf8');
    const tcp = `exec 3<>/dev/tcp/127.0.0.1/${port}`;
    expect((await run(tcp)).end).not.toMatchObject({ exitCode: 0 });
    expect((await run('exec 3<>/dev/udp/127.0.0.1/53')).end).not.toMatchObject({ exitCode: 0 });
    const policy = { ...workspaceWrite, network_access: true };
    expect((await run(tcp, { policy })).end).toEqual({ type: 'exited', exitCode: 0 });
  });

  test('with the network on abstract sockets of others stay out of reach', async () => {
    const policy = { ...workspaceWrite, network_access: true };
    const { output } = await run(`cd inside && python3 ../escape.py ${outside} ${runner.pid} 'abstract socket'`, {
      policy,
    });
    expect(waysTried(output).get('abstract socket')).toContain('refused: [Errno 1]');
  });

  test('T9: what left its session is gone when the command is ended', async () => {
    const { end } = await run('(setsid sleep 987 &); sleep 986', { timeoutMs: 300 });
    expect(end.type).toBe('timedOut');
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toMatch(/^sleep 98[67]/m);
  });

  test.each([
    "node -e \"new (require('worker_threads').Worker)('1',{eval:true})\"",
    "echo \"process.send(1)\" > f.js && node -e \"require('child_process').fork('./f.js').on('exit', process.exit)\"",
    'npm --version',
    'git -C .. status --short && git init -q g && cd g && git -c user.name=a -c user.email=b commit -qm x --allow-empty',
    'printf "all:\\n\\techo made\\n" > Makefile && make -s',
    'echo "int main(void){return 0;}" > a.c && cc a.c -o a && ./a',
    'python3 -c "import subprocess; subprocess.check_output([\'echo\'])"',
    'mktemp && id && cat /etc/hostname > /dev/null && ls /proc/self > /dev/null',
    'seq 100000 | sort -n | tail -1',
    'echo x > /dev/stderr && echo y | tee /dev/stdout',
    'prlimit --fsize=4096 -- true',
  ])('works: %s', async (work) => {
    expect(await run(work, { cwd: join(workspace, 'inside') })).toMatchObject({ end: { type: 'exited', exitCode: 0 } });
  });
});

test('T23: where no backend may be used a command is refused, with what would fix it', async () => {
  using dir = tempDir();
  const processes = new Processes('refused');
  const options = { ...planHeld({ workspace: dir.path, home: dir.path }), processes, bwrapPath: '/nowhere/bwrap' };
  const manager = new SandboxManager({ ...options, backends: ['bwrap'] });
  await manager.ready(new AbortController().signal);
  const spec = { argv: ['true'], cwd: dir.path, env: {} };
  expect(manager.plan({ spec, policy: readOnly, cwd: dir.path })).toEqual({
    type: 'unavailable',
    reason: expect.stringContaining('apt install bubblewrap'),
  });
  expect(manager.takeNotice()).toContain('apt install bubblewrap');
  manager.close();
  processes.close();
});

function listen(where: string | number): Promise<Server> {
  const { promise, resolve } = Promise.withResolvers<Server>();
  const server = createServer((socket) => socket.destroy());
  server.listen(where, () => resolve(server));
  return promise;
}

function giveAway(path: string, uid: number): void {
  chownSync(path, uid, uid);
  if (statSync(path).isDirectory()) for (const name of readdirSync(path)) giveAway(join(path, name), uid);
}

function stateOf(place: string): unknown {
  return readdirSync(place).map((name) => {
    const stat = statSync(join(place, name));
    return [name, stat.size, stat.mode, stat.mtimeMs, stat.isFile() ? readFileSync(join(place, name), 'utf8') : ''];
  });
}
