import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownerOf, writableByOthers, writersOf } from '../../../../src/foundation/util/index.ts';

const isRoot = process.getuid?.() === 0;
const STRANGER = 65_534;
let dir: string;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'keel-writable-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function file(path: string, mode = 0o644): string {
  const place = join(dir, path);
  mkdirSync(join(place, '..'), { recursive: true, mode: 0o755 });
  writeFileSync(place, '');
  chmodSync(place, mode);
  return place;
}

describe('what others may write', () => {
  it('is nothing below directories of this user and root', () => {
    expect(writableByOthers(file('a/b/c'))).toBeNull();
    expect(writableByOthers('/')).toBeNull();
    expect(writableByOthers(realpathSync('/bin/sh'))).toBeNull();
  });

  it('is a file that everyone may write', () => {
    const path = file('a', 0o666);
    expect(writableByOthers(path)).toBe(`${path} can be written by everyone`);
  });

  it('is all that lies below a directory which everyone may write', () => {
    const path = file('open/below/file');
    chmodSync(join(dir, 'open'), 0o777);
    expect(writableByOthers(path)).toBe(`${join(dir, 'open')} can be written by everyone`);
  });

  it('is not an own file below a directory with the sticky bit', () => {
    const path = file('open/file');
    chmodSync(join(dir, 'open'), 0o1777);
    expect(writableByOthers(path)).toBeNull();
  });

  it('is what a link in such a directory leads to, wherever that lies', () => {
    mkdirSync(join(dir, 'open'));
    symlinkSync(file('safe/file'), join(dir, 'open', 'link'));
    chmodSync(join(dir, 'open'), 0o777);
    expect(writableByOthers(join(dir, 'open', 'link'))).toMatch(/open can be written by everyone$/);
  });

  it('is what a link leads to through such a directory', () => {
    file('open/sub/file');
    chmodSync(join(dir, 'open'), 0o777);
    symlinkSync('open/sub', join(dir, 'link'));
    expect(writableByOthers(join(dir, 'link', 'file'))).toMatch(/open can be written by everyone$/);
  });

  it('is what a link with steps upwards leads to', () => {
    file('open/file');
    chmodSync(join(dir, 'open'), 0o777);
    mkdirSync(join(dir, 'safe'));
    symlinkSync('./../open/file', join(dir, 'safe', 'link'));
    expect(writableByOthers(join(dir, 'safe', 'link'))).toMatch(/open can be written by everyone$/);
  });

  it.each([
    ['missing', 'none'],
    ['a link to itself', 'loop'],
    ['relative', '../x'],
  ])('is what can not be judged: %s', (_, name) => {
    symlinkSync('loop', join(dir, 'loop'));
    expect(writableByOthers(name.startsWith('..') ? name : join(dir, name))).toContain("can't be checked");
  });

  it('is what lies where commands may write, under whatever name', () => {
    const path = file('work/program');
    symlinkSync('work/program', join(dir, 'link'));
    const roots = [join(dir, 'work')];
    expect(writableByOthers(path, { roots })).toBe(`${path} is in ${join(dir, 'work')}, where commands may write`);
    expect(writableByOthers(join(dir, 'link'), { roots })).not.toBeNull();
    expect(writableByOthers(file('work2/program'), { roots })).toBeNull();
  });

  it('leaves out directories above the one that the user named', () => {
    const path = file('open/project/file');
    chmodSync(join(dir, 'open'), 0o777);
    expect(writableByOthers(path, { below: join(dir, 'open', 'project') })).toBeNull();
  });

  it('is not what is as open as the folder that the user named', () => {
    const path = file('project/file', 0o666);
    chmodSync(join(dir, 'project'), 0o777);
    const below = join(dir, 'project');
    expect(writableByOthers(path, { below, trusted: writersOf(below) })).toBeNull();
    expect(writableByOthers(path, { below, trusted: ownerOf(below) })).not.toBeNull();
  });
});

describe.runIf(isRoot)('what other users may write', () => {
  it('is their own file, wherever it lies', () => {
    const path = file('a');
    chownSync(path, STRANGER, STRANGER);
    expect(writableByOthers(path)).toBe(`${path} belongs to another user (uid ${STRANGER})`);
  });

  it('is their entry in a directory with the sticky bit', () => {
    const path = file('open/sub/file');
    chmodSync(join(dir, 'open'), 0o1777);
    chownSync(join(dir, 'open', 'sub'), STRANGER, STRANGER);
    expect(writableByOthers(path)).toMatch(/sub belongs to another user/);
  });

  it('is what their link leads to', () => {
    file('safe');
    symlinkSync('safe', join(dir, 'link'));
    spawnSync('chown', ['-h', String(STRANGER), join(dir, 'link')]);
    expect(writableByOthers(join(dir, 'link'))).toMatch(/link belongs to another user/);
  });

  it('is a file that their group may write', () => {
    const path = file('a', 0o664);
    chownSync(path, 0, STRANGER);
    expect(writableByOthers(path)).toBe(`${path} can be written by a group (gid ${STRANGER})`);
  });

  it("is not a file that root's group may write", () => {
    expect(writableByOthers(file('a', 0o664))).toBeNull();
  });

  it('is not what belongs to the owner of the folder that the user named', () => {
    const path = file('mount/file');
    for (const each of [join(dir, 'mount'), path]) chownSync(each, STRANGER, STRANGER);
    expect(writableByOthers(path, { below: join(dir, 'mount'), trusted: ownerOf(join(dir, 'mount')) })).toBeNull();
    expect(writableByOthers(path)).not.toBeNull();
  });
});
