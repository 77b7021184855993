import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ExecSession, runCommand } from '../../../../src/system/process/index.ts';
import { Room, type RoomOptions, readOnly, workspaceWrite } from '../support.ts';

let room: Room;
afterEach(async () => {
  await room[Symbol.asyncDispose]();
});

function enter(options?: RoomOptions): Room {
  room = new Room(options);
  return room;
}

const gitInit = (dir: string) => execFileSync('git', ['init', '-q', '-b', 'main', dir]);

describe('a command in the workspace', () => {
  test('T18: writes there and to /dev/null, and nowhere else', async () => {
    enter();
    const outcome = await room.run(`echo in > made && echo gone > /dev/null; echo out > ${room.outside}/made`);
    expect(outcome.end).toEqual({ type: 'exited', exitCode: 1 });
    expect(outcome.output).toContain('Read-only file system');
    expect(readFileSync(join(room.workspace, 'made'), 'utf8')).toBe('in\n');
    expect(existsSync(join(room.outside, 'made'))).toBe(false);
  });

  test('T18: writes to further roots and to the temporary directories where the policy says so', async () => {
    enter({ policy: { ...workspaceWrite, exclude_slash_tmp: false } });
    const name = `/tmp/keel-room-${process.pid}`;
    expect(await room.output(`echo x > ${name} && cat ${name}; rm ${name}`)).toBe('x\n0');
  });

  test('nothing is written in read-only mode', async () => {
    enter({ policy: readOnly });
    expect(await room.output('echo x > made')).toContain('Read-only file system');
    expect(readdirSync(room.workspace)).toEqual([]);
  });

  test('T24: a missing root is passed over, a cwd that is a symlink works', async () => {
    enter({ policy: { ...workspaceWrite, writable_roots: ['/nowhere/at/all'] } });
    const link = join(room.root, 'link');
    symlinkSync(room.workspace, link);
    const { output, end } = await room.run('echo x > made && cat made', { cwd: link });
    expect([output, end]).toEqual(['x\n', { type: 'exited', exitCode: 0 }]);
  });

  test('T26: has empty input', async () => {
    expect(await enter().output('cat')).toBe('0');
  });

  test('sees in its environment that it is sandboxed, and by what', async () => {
    expect(await enter().output('echo $KEEL_SANDBOX/$KEEL_SANDBOX_NETWORK_DISABLED')).toBe('bwrap/1\n0');
  });

  test("can't read keel's credentials, nor what is hidden, nor change keel's home", async () => {
    const dir = '/usr/share/doc';
    enter({ setup: { hidden: [dir] } });
    expect(await room.output(`cat ${room.home}/auth.json 2> /dev/null; ls ${dir} | wc -l`)).toBe('0\n0');
    expect(await room.output(`echo x > ${room.home}/config.toml`)).toContain('Read-only');
  });

  test('what is hidden in the workspace stays so when its directory is renamed', async () => {
    const hidden: string[] = [];
    enter({ setup: { hidden } });
    const dir = join(room.workspace, 'conf', 'inner');
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'key'), 'secret');
    hidden.push(join(dir, 'key'));
    expect(await room.output('mv conf conf2')).toContain('busy');
    expect(await room.output('mv conf/inner conf/inner2')).toContain('busy');
    expect(await room.output('cat conf*/inner*/key')).not.toContain('secret');
    expect(await room.output('echo x > conf/inner/new; cat conf/inner/new')).toBe('x\n0');
  });

  test('what is hidden in a protected place leaves it closed', async () => {
    const hidden: string[] = [];
    enter({ setup: { hidden } });
    gitInit(room.workspace);
    mkdirSync(join(room.workspace, '.git', 'secrets'));
    writeFileSync(join(room.workspace, '.git', 'secrets', 'key'), 'secret');
    hidden.push(join(room.workspace, '.git', 'secrets', 'key'));
    expect(await room.output('cat .git/secrets/key; echo x > .git/secrets/new')).toContain('Read-only');
  });

  test("keel's home is closed also inside a writable root", async () => {
    enter();
    const home = join(room.workspace, 'home');
    renameSync(room.home, home);
    const held = new Room({ setup: { home } });
    await using _ = held;
    const plan = await held.plan('true');
    expect(plan.mounts).toContainEqual({ type: 'hidden', path: join(home, 'auth.json') });
  });
});

describe('what is protected in a workspace', () => {
  test('T19: .git can be read and not written, moved or replaced', async () => {
    enter();
    gitInit(room.workspace);
    expect(await room.output('git status --short | wc -l')).toBe('0\n0');
    for (const attempt of [
      'echo x >> .git/config',
      'echo x > .git/hooks/x',
      'mv .git x',
      'rm -rf .git',
      'rmdir .git',
    ]) {
      expect(await room.output(attempt), attempt).not.toMatch(/0$/);
    }
    expect(existsSync(join(room.workspace, '.git', 'HEAD'))).toBe(true);
  });

  test('T19: nor by renaming a directory above it, inside a broader root', async () => {
    enter();
    const broad = new Room({ policy: { ...workspaceWrite, writable_roots: [room.root] } });
    await using _ = broad;
    const inner = join(broad.root, 'a');
    gitInit(broad.workspace);
    const wide = new Room({ policy: { ...workspaceWrite, writable_roots: [broad.root, broad.workspace] } });
    await using __ = wide;
    const plan = await wide.plan('true');
    expect(plan.mounts).toContainEqual({ type: 'pinned', path: inner });
    const outcome = await wide.run(`mv ${inner} ${broad.root}/b`);
    expect(outcome.end).toEqual({ type: 'exited', exitCode: 1 });
    expect(outcome.output).toMatch(/busy/);
  });

  test('T19: the directory that a .git file points to', async () => {
    enter({ policy: { ...workspaceWrite, writable_roots: [] } });
    const main = join(room.workspace, 'main');
    gitInit(main);
    execFileSync('git', [
      '-C',
      main,
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@b',
      'commit',
      '-q',
      '--allow-empty',
      '-m',
      'x',
    ]);
    const tree = join(room.workspace, 'tree');
    execFileSync('git', ['-C', main, 'worktree', 'add', '-q', tree]);
    const held = new Room({ policy: { ...workspaceWrite, writable_roots: [room.workspace, tree] } });
    await using _ = held;
    const { output } = await held.run(
      `echo x >> ${main}/.git/config; echo x >> ${main}/.git/worktrees/tree/HEAD; true`,
    );
    expect(output.match(/Read-only file system/g)).toHaveLength(2);
  });

  test('T20: a protected name that is a symlink is not replaced', async () => {
    enter();
    mkdirSync(join(room.workspace, 'elsewhere'));
    mkdirSync(join(room.workspace, 'src'));
    symlinkSync('elsewhere', join(room.workspace, '.git'));
    const plan = await room.plan('true');
    expect(plan.notes.join()).toContain('symlink');
    expect(await room.output('rm .git')).not.toMatch(/0$/);
    expect(await room.output('echo x > src/made')).toBe('0');
    expect(readdirSync(room.workspace).sort()).toEqual(['.git', 'elsewhere', 'src']);
  });

  test('a folder of hooks that an included git configuration names is protected, as are files that it includes', async () => {
    enter();
    gitInit(room.workspace);
    const at = (name: string) => join(room.workspace, name);
    writeFileSync(at('.git/config'), '[include]\n\tpath = ../first.cfg\n', { flag: 'a' });
    writeFileSync(at('first.cfg'), '[include]\n\tpath = second.cfg\n[include]\n\tpath = first.cfg\n');
    writeFileSync(at('second.cfg'), '[core]\n\thooksPath = hooks\n');
    mkdirSync(at('hooks'));
    const script = 'echo x > hooks/pre-commit || echo x > second.cfg || echo x > first.cfg || mv hooks other';
    expect(await room.output(script)).not.toMatch(/0$/);
  });

  test('a plan shows what is there now', async () => {
    enter();
    gitInit(room.workspace);
    expect((await room.plan('true')).notes.join()).not.toContain('symlink');
    mkdirSync(join(room.workspace, '.vscode'));
    expect((await room.plan('true')).mounts).toContainEqual({
      type: 'readOnly',
      path: join(room.workspace, '.vscode'),
    });
    rmSync(join(room.workspace, '.git'), { recursive: true });
    symlinkSync('elsewhere', join(room.workspace, '.git'));
    expect((await room.plan('true')).notes.join()).toContain('symlink');
  });

  test('a subdirectory can become a repository', async () => {
    expect(await enter().output('git init -q sub && ls sub/.git/HEAD')).toBe('sub/.git/HEAD\n0');
  });

  test('commits work where they are allowed, hooks and configuration stay closed', async () => {
    enter({ setup: { allowGitCommit: true } });
    gitInit(room.workspace);
    const commit = 'git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one && git log --format=%s';
    expect(await room.output(commit)).toBe('one\n0');
    for (const attempt of ['echo x >> .git/config', 'echo x > .git/hooks/pre-commit', 'mv .git x', 'mv .git/hooks x']) {
      expect(await room.output(attempt), attempt).not.toMatch(/0$/);
    }
  });
});

describe('where commits are allowed', () => {
  const evil = (path: string) => [`echo x > ${path}`, `mkdir -p ${path}`, `mkdir -p ${path}/made`];
  const asSomebody = ['-c', 'user.name=a', '-c', 'user.email=a@b'];

  function repository(dir: string): void {
    gitInit(dir);
    execFileSync('git', ['-C', dir, ...asSomebody, 'commit', '-q', '--allow-empty', '-m', 'one']);
  }

  async function isHeld(script: string): Promise<void> {
    expect(await room.output(script), script).not.toMatch(/(^|\n)0$/);
  }

  test('a .git that leads elsewhere is not changed', async () => {
    enter({ setup: { allowGitCommit: true } });
    writeFileSync(join(room.workspace, '.git'), 'gitdir: ../elsewhere');
    await isHeld(`echo "gitdir: ${room.outside}" > .git`);
    await isHeld('mv .git x');
  });

  test('a .git file opens nothing that is no git directory of this work tree', async () => {
    enter({ setup: { allowGitCommit: true } });
    repository(join(room.outside, 'repo'));
    for (const dir of [room.outside, join(room.outside, 'repo', '.git')]) {
      writeFileSync(join(room.workspace, '.git'), `gitdir: ${dir}`);
      await isHeld(`echo x > ${dir}/made`);
    }
    const fake = join(room.workspace, 'worktrees', 'fake');
    mkdirSync(fake, { recursive: true });
    writeFileSync(join(room.workspace, '.git'), 'gitdir: worktrees/fake');
    writeFileSync(join(fake, 'gitdir'), join(room.workspace, '.git'));
    writeFileSync(join(fake, 'commondir'), room.outside);
    await isHeld(`echo x > ${room.outside}/made`);
  });

  test('a linked work tree commits; hooks and settings stay closed in the directory that it shares', async () => {
    enter({ setup: { allowGitCommit: true } });
    const main = join(room.outside, 'main');
    repository(main);
    execFileSync('git', ['-C', main, 'worktree', 'add', '-q', '--force', '-b', 'side', room.workspace]);
    execFileSync('git', ['-C', main, 'worktree', 'add', '-q', '-b', 'other', join(room.outside, 'other')]);
    expect(
      await room.output(
        'git -c user.name=a -c user.email=a@b commit -q --allow-empty -m two && git log -1 --format=%s',
      ),
    ).toBe('two\n0');
    const closed = ['hooks/pre-commit', 'config', 'worktrees/other/commondir', 'worktrees/work/commondir'];
    for (const path of closed) for (const script of evil(join(main, '.git', path))) await isHeld(script);
    await room.run(`echo ../evil > ${join(main, '.git', 'commondir')}`);
    expect(existsSync(join(main, '.git', 'commondir'))).toBe(false);
    expect(execFileSync('git', ['-C', main, 'log', '-1', '--format=%s', 'side'], { encoding: 'utf8' })).toBe('two\n');
  });

  test('a submodule commits; it and its neighbours keep their settings', async () => {
    enter({ setup: { allowGitCommit: true } });
    const [source, whole] = [join(room.outside, 'source'), join(room.outside, 'whole')];
    repository(source);
    repository(whole);
    const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', source, 'sub'];
    execFileSync('git', ['-C', whole, ...add]);
    const modules = join(whole, '.git', 'modules');
    const held = async (root: string, script: string) => {
      const spec = { argv: ['bash', '-c', script], cwd: root, env: { PATH: process.env['PATH'] ?? '' } };
      const planned = room.manager.plan({ spec, policy: workspaceWrite, cwd: root });
      if (planned.type === 'unavailable') throw new Error(planned.reason);
      const release = room.manager.track(planned.plan);
      const { processes } = room;
      const signal = new AbortController().signal;
      const options = { processes, timeoutMs: 15_000, signal, onText: () => undefined, spill: null };
      const { end } = await runCommand(planned.plan.spawn, options).finally(release);
      return end.type === 'exited' ? end.exitCode : end.type;
    };
    await room.manager.ready(new AbortController().signal);
    const commit = 'git -c user.name=a -c user.email=a@b commit -q --allow-empty -m two';
    expect(await held(join(whole, 'sub'), commit)).toBe(0);
    expect(await held(join(whole, 'sub'), `echo x >> ${modules}/sub/config`)).toBe(1);
    expect(await held(whole, commit)).toBe(0);
    expect(await held(whole, `echo x >> ${modules}/sub/config`)).toBe(1);
    await held(whole, 'echo ../evil > .git/commondir');
    expect(existsSync(join(whole, '.git', 'commondir'))).toBe(false);
  });

  test('nothing is opened where hooks are a link, which could be replaced', async () => {
    enter({ setup: { allowGitCommit: true } });
    repository(room.workspace);
    rmSync(join(room.workspace, '.git', 'hooks'), { recursive: true });
    mkdirSync(join(room.workspace, 'my-hooks'));
    symlinkSync('../my-hooks', join(room.workspace, '.git', 'hooks'));
    await isHeld('rm .git/hooks && mkdir .git/hooks');
    await isHeld('echo x > my-hooks/pre-commit');
  });
});

describe('processes and network', () => {
  test('T9: nothing that a command leaves behind survives it', async () => {
    enter();
    const started = performance.now();
    await room.run('setsid sleep 61 & disown; echo started');
    expect(performance.now() - started).toBeLessThan(30_000);
    expect(await survivors('sleep 61')).toEqual([]);
  });

  test('T8: nor one that is cut off by its time limit', async () => {
    enter();
    const { end } = await room.run('setsid sleep 62 & sleep 62', { timeoutMs: 300 });
    expect(end).toEqual({ type: 'timedOut' });
    expect(await survivors('sleep 62')).toEqual([]);
  });

  test('T22: there is no network, and an attempt fails quickly', async () => {
    enter();
    const attempts = ['exec 3<>/dev/tcp/127.0.0.1/22', 'getent hosts example.com', 'exec 3<>/dev/udp/192.0.2.1/53'];
    for (const attempt of attempts) expect(await room.output(attempt), attempt).not.toMatch(/0$/);
  });

  test('T22: with network access a server on this machine is reached', async () => {
    enter({ policy: { ...workspaceWrite, network_access: true } });
    const { createServer } = await import('node:http');
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const script = `node -e 'require("node:http").get("http://127.0.0.1:${port}", (r) => r.pipe(process.stdout))'`;
    expect(await room.output(script)).toBe('hello0');
    server.close();
  });

  test('T30: a terminal has job control, and nothing can be typed into it from inside', async () => {
    enter();
    const plan = await room.plan('true');
    const argv = plan.spawn.argv.map((word) =>
      word === 'true' ? 'set -m; sleep 60 & jobs; kill %1; echo job done' : word,
    );
    const started = await ExecSession.start({
      spec: { ...plan.spawn, argv },
      processes: room.processes,
      tty: true,
      spill: null,
      onText: () => undefined,
    });
    if (started.type === 'spawnFailed') throw new Error(started.message);
    await started.session.exited;
    expect(started.session.transcript()).toMatch(/Running[\s\S]*job done/);
  });
});

async function survivors(command: string): Promise<string[]> {
  const found = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return (
          /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').startsWith(command)
        );
      } catch {
        return false;
      }
    });
  // The kernel takes the processes of a namespace down one after the other.
  for (let look = 0; look < 400 && found().length > 0; look += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  return found();
}
