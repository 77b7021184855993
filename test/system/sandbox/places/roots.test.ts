import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { SandboxPolicy } from '../../../../src/foundation/protocol/index.ts';
import { SessionRoots, writeFaultJudge } from '../../../../src/system/sandbox/index.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { Room, type RoomOptions, workspaceWrite } from '../support.ts';

// A thread is confined for each of them, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const backends = ['bwrap', 'landlock'] as const;

function roomOf(backend: (typeof backends)[number], options: RoomOptions = {}): Room {
  return new Room({ ...options, setup: { ...options.setup, backends: [backend] } });
}

describe.each(backends)('a writable directory below %s', (backend) => {
  test('that was replaced by a link stops commands, and opens nothing', async () => {
    await using room = roomOf(backend);
    await room.run('true');
    renameSync(room.workspace, `${room.workspace}.old`);
    symlinkSync(room.outside, room.workspace);
    await expect(room.plan('echo x > made')).rejects.toThrow('is no longer the directory');
  });

  test('that was replaced by another directory stops commands', async () => {
    await using room = roomOf(backend);
    await room.run('true');
    renameSync(room.workspace, `${room.workspace}.old`);
    mkdirSync(room.workspace);
    await expect(room.plan('true')).rejects.toThrow('is no longer the directory');
  });

  test.each(['a link in its place', 'a link above it'])(
    'that is missing at first is not opened through %s',
    async (how) => {
      const roots: string[] = [];
      await using room = roomOf(backend, { policy: { ...workspaceWrite, writable_roots: roots } });
      roots.push(join(room.workspace, 'deep', 'build'));
      const script =
        how === 'a link above it'
          ? `ln -s ${room.outside} deep; mkdir ${room.outside}/build`
          : `mkdir deep; ln -s ${room.outside} deep/build`;
      mkdirSync(join(room.outside, 'build'));
      await room.run(script);
      expect(await room.output(`echo x > ${room.outside}/build/made`)).not.toMatch(/^0$/);
      expect(await room.output(`echo x > ${room.outside}/made`)).not.toMatch(/^0$/);
    },
  );

  test('that is created again as a directory in the workspace is writable again', async () => {
    const roots: string[] = [];
    await using room = roomOf(backend, { policy: { ...workspaceWrite, writable_roots: roots } });
    roots.push(join(room.workspace, 'build'));
    expect(await room.output('mkdir -p build && echo x > build/a')).toBe('0');
    rmSync(join(room.workspace, 'build'), { recursive: true });
    mkdirSync(join(room.workspace, 'build'));
    expect(await room.output('echo x > build/a')).toBe('0');
  });
});

describe('a directory that leads through a link', () => {
  const find = (cwd: string, roots: readonly string[], tmpdir?: string) => {
    const policy: SandboxPolicy = { ...workspaceWrite, exclude_tmpdir_env_var: false, writable_roots: [...roots] };
    return new SessionRoots().find({ policy, cwd, env: tmpdir === undefined ? {} : { TMPDIR: tmpdir } });
  };

  test('is refused where commands can change the link', () => {
    using dir = tempDir();
    for (const name of ['work', 'scratch']) mkdirSync(join(dir.path, name));
    symlinkSync('../scratch', join(dir.path, 'work', 'tmp'));
    const link = join(dir.path, 'work', 'tmp');
    for (const found of [find(join(dir.path, 'work'), [link]), find(join(dir.path, 'work'), [], link)]) {
      expect(found.roots.map(({ path }) => path)).toEqual([join(dir.path, 'work')]);
      expect(found.refused).toMatchObject([{ name: link, reason: expect.stringContaining('through a link') }]);
    }
  });

  test('is what it leads to elsewhere', () => {
    using dir = tempDir();
    for (const name of ['work', 'scratch']) mkdirSync(join(dir.path, name));
    symlinkSync('scratch', join(dir.path, 'tmp'));
    const found = find(join(dir.path, 'work'), [join(dir.path, 'tmp')]);
    expect(found.roots.map(({ path }) => path).sort()).toEqual(['scratch', 'work'].map((name) => join(dir.path, name)));
  });
});

test('a patch goes to the directory that the session started in, or nowhere', () => {
  using dir = tempDir();
  for (const name of ['work', 'outside']) mkdirSync(join(dir.path, name));
  const [cwd, outside] = [join(dir.path, 'work'), join(dir.path, 'outside')];
  const sessionRoots = new SessionRoots();
  const judge = () => writeFaultJudge({ policy: workspaceWrite, cwd, env: {}, sessionRoots });
  expect(judge()(join(cwd, 'file'))).toBeNull();
  renameSync(cwd, `${cwd}.old`);
  symlinkSync(outside, cwd);
  expect(judge()(join(cwd, 'file'))).toBe('outside');
});

test("the kernel's own files are no root", async () => {
  await using room = new Room({ policy: { ...workspaceWrite, writable_roots: ['/proc/sys', '/sys', '/dev'] } });
  writeFileSync(join(room.workspace, 'file'), '');
  const plan = await room.plan('true');
  expect(plan.mounts.filter(({ type }) => type === 'writable').map(({ path }) => path)).toEqual([room.workspace]);
});
