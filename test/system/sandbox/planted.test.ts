import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { Room, type RoomOptions } from './support.ts';

let room: Room;
afterEach(async () => {
  await room[Symbol.asyncDispose]();
});

function enter(options?: RoomOptions): Room {
  room = new Room(options);
  return room;
}

const gitInit = (dir: string) => execFileSync('git', ['init', '-q', '-b', 'main', dir]);
const at = (...names: string[]) => join(room.workspace, ...names);

describe('nothing is put in the place of what is missing', () => {
  test('a command sees the workspace as it is', async () => {
    expect(await enter().output('ls -A')).toBe('0');
  });

  test('git finds the repository above the working directory', async () => {
    enter();
    gitInit(room.workspace);
    mkdirSync(at('pkg'));
    const inner = new Room({ setup: {} });
    await using _ = inner;
    const { output } = await room.run('git rev-parse --show-toplevel', { cwd: at('pkg') });
    expect(output.trim()).toBe(room.workspace);
  });

  test.each([
    'git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one',
    'git init -q lib && git clone -q lib copy && git -C copy status',
  ])('works: %s', async (script) => {
    enter();
    expect((await room.run(script)).end).toEqual({ type: 'exited', exitCode: 0 });
    expect(room.manager.takeFindings()).toEqual([]);
  });

  test('a repository that a command has made can be worked in by the next one', async () => {
    enter();
    await room.run('git init -q lib');
    const script =
      'cd lib && git config user.name a && git config user.email a@b && git commit -q --allow-empty -m one';
    expect((await room.run(script)).end).toEqual({ type: 'exited', exitCode: 0 });
    expect(room.manager.takeFindings()).toEqual([]);
  });
});

describe('what a command has made under a protected name', () => {
  test.each(['.keel', '.agents', '.codex', '.claude'])(
    '%s has no effect when the command has ended, and is reported',
    async (name) => {
      enter();
      await room.run(`mkdir ${name} && echo evil > ${name}/config.toml`);
      expect(existsSync(at(name))).toBe(false);
      expect(readFileSync(at(`${name}.made-by-command`, 'config.toml'), 'utf8')).toBe('evil\n');
      expect(room.manager.takeFindings().join()).toContain(at(name));
      expect(room.manager.takeFindings()).toEqual([]);
    },
  );

  test('is found in the working directory of the command as well', async () => {
    enter();
    mkdirSync(at('packages', 'a'), { recursive: true });
    await room.run('mkdir .keel', { cwd: at('packages', 'a') });
    expect(readdirSync(at('packages', 'a'))).toEqual(['.keel.made-by-command']);
  });

  test('is found at any depth when the session ends', async () => {
    enter();
    await room.run('mkdir -p packages/a/b/.keel && touch packages/a/b/.keel/config.toml');
    room.manager.close();
    expect(readdirSync(at('packages', 'a', 'b'))).toEqual(['.keel.made-by-command']);
  });

  test('stays in a project that was cloned below the workspace, which has a trust of its own', async () => {
    enter();
    await room.run('git init -q dep && mkdir dep/.agents');
    room.manager.close();
    expect(readdirSync(at('dep')).sort()).toEqual(['.agents', '.git']);
  });

  test('does not count where the user made it while no command ran', async () => {
    enter();
    await room.run('true');
    mkdirSync(at('.keel'));
    expect(await room.output('touch .keel/config.toml')).toMatch(/Read-only/);
    expect(existsSync(at('.keel'))).toBe(true);
  });

  test('does not count where keel wrote it with approval', async () => {
    enter();
    await room.run('true');
    const release = room.manager.track(await room.plan('true'));
    mkdirSync(at('.agents', 'skills'), { recursive: true });
    room.manager.noteWritten([at('.agents', 'skills', 'a.md')]);
    release();
    expect(existsSync(at('.agents', 'skills'))).toBe(true);
  });
});

describe('a git directory that a command has made', () => {
  const hook = (path: string) => `printf '#!/bin/sh\\necho ran >> ran\\n' > ${path} && chmod +x ${path}`;

  /** What git runs there outside of the sandbox. */
  function runGit(dir: string): string {
    const options = { cwd: dir, encoding: 'utf8' } as const;
    for (const words of [['status'], ['diff'], ['commit', '-q', '--allow-empty', '-m', 'x']]) {
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { ...options, stdio: 'ignore' });
    }
    return existsSync(join(dir, 'ran')) ? readFileSync(join(dir, 'ran'), 'utf8') : 'nothing';
  }

  test.each([
    ['a hook', hook('.git/hooks/pre-commit')],
    ['a hook, made by another command', `true; ${hook('.git/hooks/post-index-change')}`],
    [
      'a folder of hooks that is a link',
      `mkdir mine && ${hook('mine/pre-commit')} && rm -r .git/hooks && ln -s ../mine .git/hooks`,
    ],
    ['core.hooksPath', `mkdir mine && ${hook('mine/pre-commit')} && git config core.hooksPath mine`],
    ['core.fsmonitor', 'git config core.fsmonitor "echo ran >> ran; false"'],
    ['a setting behind its header', 'printf \'[core] fsmonitor = "echo ran >> ran; false"\\n\' >> .git/config'],
    [
      'a setting over two lines',
      "printf '[core]\\n fsmon\\\\\\nitor = x\\n fsmonitor = echo ran \\\\\\n>> ran; false\\n' >> .git/config",
    ],
    [
      'an included file',
      'printf \'[core]\\n fsmonitor = "echo ran >> ran; false"\\n\' > inc && git config include.path ../inc',
    ],
    [
      'a filter',
      "echo '* filter=f' > .gitattributes; echo x > f; git config filter.f.clean 'echo ran >> ran; cat'; true",
    ],
    ['a common directory', `cp -r .git real && ${hook('real/hooks/pre-commit')} && echo ../real > .git/commondir`],
    ['a file that leads to it', `mv .git real && echo 'gitdir: real' > .git && ${hook('real/hooks/pre-commit')}`],
  ])('runs nothing of what it names: %s', async (_, script) => {
    enter();
    await room.run('git init -q .');
    await room.run(script);
    expect(room.manager.takeFindings()).not.toEqual([]);
    expect(runGit(room.workspace)).toBe('nothing');
  });

  test('that is a link is none any more', async () => {
    enter();
    await room.run(`git init -q other && ${hook('other/.git/hooks/pre-commit')} && ln -s other/.git .git`);
    expect(existsSync(at('.git'))).toBe(false);
  });

  test('keeps settings that run nothing', async () => {
    enter();
    const settings = 'git remote add origin https://example.com/a.git; git config branch.main.remote origin';
    await room.run(`git init -q -b main . && ${settings}`);
    expect(readFileSync(at('.git', 'config'), 'utf8')).toMatch(
      /url = https:\/\/example.com\/a.git[\s\S]*remote = origin/,
    );
    expect(room.manager.takeFindings()).toEqual([]);
  });

  test('steps of a rebase that run programs are taken out', async () => {
    enter({ setup: { allowGitCommit: true } });
    gitInit(room.workspace);
    await room.run(
      "mkdir .git/rebase-merge && printf 'exec touch ran\\npick abc\\n' > .git/rebase-merge/git-rebase-todo",
    );
    expect(readFileSync(at('.git', 'rebase-merge', 'git-rebase-todo'), 'utf8')).toMatch(
      /^# .*exec touch ran\npick abc\n$/,
    );
  });
});

describe('what was there before is protected at every depth', () => {
  test('a repository and settings of keel below the workspace', async () => {
    enter();
    gitInit(at('vendor', 'dep'));
    mkdirSync(at('packages', 'a', '.keel'), { recursive: true });
    expect(await room.output('echo x >> vendor/dep/.git/config')).toContain('Read-only');
    expect(await room.output('echo x > packages/a/.keel/config.toml')).toContain('Read-only');
    expect(await room.output('mv packages/a packages/b')).toContain('busy');
    expect(await room.output('echo x > vendor/dep/file && echo x > packages/a/file')).toBe('0');
  });

  test('packages can be replaced by a package manager', async () => {
    enter();
    mkdirSync(at('node_modules', 'p', '.git'), { recursive: true });
    expect(await room.output('rm -r node_modules/p')).toBe('0');
  });

  test('the folder of hooks and the files that a configuration names', async () => {
    enter();
    gitInit(room.workspace);
    mkdirSync(at('.husky'));
    writeFileSync(at('shared.config'), '');
    execFileSync('git', ['-C', room.workspace, 'config', 'core.hooksPath', '.husky']);
    execFileSync('git', ['-C', room.workspace, 'config', 'include.path', '../shared.config']);
    expect(await room.output('echo x > .husky/pre-commit')).toContain('Read-only');
    expect(await room.output('echo x > shared.config')).toContain('Read-only');
  });
});

describe("the user's home as a workspace", () => {
  test('start-up files stay as they are, missing or not, and so do keys and programs', async () => {
    enter({ setup: { env: { HOME: '' } } });
    const home = room.workspace;
    const held = new Room({ setup: { env: { HOME: home } } });
    await using _ = held;
    for (const dir of ['.config', '.ssh', 'bin', 'src']) mkdirSync(join(home, dir));
    writeFileSync(join(home, '.bashrc'), '');
    symlinkSync('/etc', join(home, 'link'));
    const wide = new Room({ policy: { ...WIDE, writable_roots: [home] }, setup: { env: { HOME: home } } });
    await using __ = wide;
    for (const path of [
      '.bashrc',
      '.zshrc',
      '.ssh/authorized_keys',
      '.config/fish',
      '.pam_environment',
      'bin/ls',
      '.npmrc',
    ])
      expect(await wide.output(`echo x > ${home}/${path}`), path).toContain('Read-only');
    expect(await wide.output(`echo x > ${home}/src/file`)).toBe('0');
  });
});

const WIDE = {
  mode: 'workspace-write',
  network_access: false,
  exclude_tmpdir_env_var: true,
  exclude_slash_tmp: true,
} as const;

describe('where keel itself lives', () => {
  test("keel's home is closed where it is the workspace, in it, or above it", async () => {
    enter();
    writeFileSync(join(room.workspace, 'config.toml'), '');
    const own = new Room({ policy: { ...WIDE, writable_roots: [room.workspace] }, setup: { home: room.workspace } });
    await using _ = own;
    expect(await own.output(`echo x > ${room.workspace}/config.toml`)).toMatch(/Read-only|Permission denied/);
    expect(await own.output(`mkdir ${room.workspace}/rules`)).toContain('Read-only');
    mkdirSync(join(room.workspace, 'rules'));
    mkdirSync(join(room.workspace, 'project'));
    const roots = ['rules', 'project'].map((name) => join(room.workspace, name));
    const inner = new Room({ policy: { ...WIDE, writable_roots: roots }, setup: { home: room.workspace } });
    await using __ = inner;
    expect(await inner.output(`echo x > ${room.workspace}/rules/a.rules`)).toContain('Read-only');
    expect(await inner.output(`echo x > ${room.workspace}/project/file`)).toBe('0');
  });
});

test('a root that the user cannot write stops no command', async () => {
  enter({ policy: { ...WIDE, writable_roots: ['/usr/share'] }, setup: {} });
  chmodSync(room.workspace, 0o555);
  expect(await room.output('echo hi')).toBe('hi\n0');
});
