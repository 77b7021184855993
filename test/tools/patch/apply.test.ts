import { constants } from 'node:buffer';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyPatch, parsePatch, verifyPatch } from '../../../src/tools/patch/index.ts';
import { patchOf, Workspace } from './support.ts';

const hasPython = process.platform === 'linux' && spawnSync('python3', ['--version']).status === 0;

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

describe('applyPatch, all or nothing', () => {
  it('A2: leaves nothing behind when a later section does not fit', () => {
    using workspace = new Workspace({ 'k.txt': 'x\n' });
    const patch = '*** Add File: new/made.txt\n+hello\n*** Update File: k.txt\n@@\n-absent\n+y';
    expect(() => workspace.apply(patch)).toThrow('Failed to find expected lines in k.txt');
    expect(workspace.names()).toEqual(['k.txt']);
  });

  it('A3: puts back bytes and modes when the third of three files cannot be written', () => {
    using workspace = new Workspace({ 'a.sh': 'A\n', 'b.bin': 'B\n', blocked: 'a file\n' });
    chmodSync(workspace.path('a.sh'), 0o750);
    chmodSync(workspace.path('b.bin'), 0o604);
    const before = workspace.files();
    const patch =
      '*** Update File: a.sh\n@@\n-A\n+AA\n*** Delete File: b.bin\n*** Add File: n/deep/x.txt\n+x\n' +
      '*** Add File: n/y.txt\n+y\n*** Add File: blocked/c.txt\n+c';
    expect(() => workspace.apply(patch)).toThrow(/^Failed to create parent directories for blocked\/c\.txt: .*\(E/);
    expect(workspace.files()).toEqual(before);
    expect(workspace.names()).toEqual(['a.sh', 'b.bin', 'blocked']);
    expect([modeOf(workspace.path('a.sh')), modeOf(workspace.path('b.bin'))]).toEqual([0o750, 0o604]);
  });

  it('names the files that could not be put back', () => {
    using workspace = new Workspace({ 'a.txt': 'A\n', 'b.txt': 'B\n' });
    const sabotage = (path: string) => {
      if (!path.endsWith('b.txt')) return true;
      rmSync(workspace.path('a.txt'));
      mkdirSync(workspace.path('a.txt'));
      return false;
    };
    const patch = '*** Update File: a.txt\n@@\n-A\n+AA\n*** Update File: b.txt\n@@\n-B\n+BB';
    expect(() => workspace.apply(patch, sabotage)).toThrow(/could not be put back as they were: .*a\.txt\.$/);
  });

  it('puts back a link that was deleted', () => {
    using workspace = new Workspace({ 'a.txt': 'A\n' });
    symlinkSync('a.txt', workspace.path('link'));
    const patch = '*** Delete File: link\n*** Add File: a.txt/b\n+b';
    expect(() => workspace.apply(patch)).toThrow('Failed to create parent directories');
    expect(readlinkSync(workspace.path('link'))).toBe('a.txt');
  });

  it('leaves no temporary file', () => {
    using workspace = new Workspace({ 'a.txt': 'A\n' });
    workspace.apply('*** Update File: a.txt\n@@\n-A\n+AA\n*** Add File: b.txt\n+B');
    expect(workspace.names()).toEqual(['a.txt', 'b.txt']);
  });
});

describe('applyPatch on files that changed', () => {
  it('A28: fails and leaves the file alone when the chunks fit no more', () => {
    using workspace = new Workspace({ 'a.txt': 'one\ntwo\n' });
    const verified = verifyPatch(parsePatch(patchOf('*** Update File: a.txt\n@@\n-two\n+2')), workspace.dir);
    workspace.write('a.txt', 'one\nzwei\n');
    expect(() => applyPatch(verified, () => true)).toThrow('Failed to find expected lines in a.txt');
    expect(workspace.read('a.txt')).toBe('one\nzwei\n');
  });

  it('verifies the patch again when the chunks still fit', () => {
    using workspace = new Workspace({ 'a.txt': 'one\ntwo\n' });
    const verified = verifyPatch(parsePatch(patchOf('*** Update File: a.txt\n@@\n-two\n+2')), workspace.dir);
    workspace.write('a.txt', 'zero\none\ntwo\n');
    applyPatch(verified, () => true);
    expect(workspace.read('a.txt')).toBe('zero\none\n2\n');
  });
});

describe('what stays of a file', () => {
  it('A12: keeps a file that is moved onto itself, also by way of a linked directory', () => {
    using workspace = new Workspace({ 'dir/a.txt': 'v1\n' });
    symlinkSync('dir', workspace.path('link'));
    workspace.apply('*** Update File: dir/a.txt\n*** Move to: ./dir/a.txt\n@@\n-v1\n+v2');
    workspace.apply('*** Update File: dir/a.txt\n*** Move to: link/a.txt\n@@\n-v2\n+v3');
    expect(workspace.read('dir/a.txt')).toBe('v3\n');
  });

  it('A13: gives the destination of a move the mode of its source', () => {
    using workspace = new Workspace({ 'run.sh': 'v1\n' });
    chmodSync(workspace.path('run.sh'), 0o755);
    workspace.apply('*** Update File: run.sh\n*** Move to: bin/run.sh\n@@\n-v1\n+v2');
    expect(modeOf(workspace.path('bin/run.sh'))).toBe(0o755);
  });

  it('carries the mode along when a file is moved twice in one patch', () => {
    using workspace = new Workspace({ a: 'v1\n' });
    chmodSync(workspace.path('a'), 0o755);
    workspace.apply('*** Update File: a\n*** Move to: b\n@@\n v1\n*** Update File: b\n*** Move to: c\n@@\n v1');
    expect(workspace.files()).toEqual({ c: 'v1\n' });
    expect(modeOf(workspace.path('c'))).toBe(0o755);
  });

  it('keeps the mode of an updated file', () => {
    using workspace = new Workspace({ 'run.sh': 'v1\n' });
    chmodSync(workspace.path('run.sh'), 0o711);
    workspace.apply('*** Update File: run.sh\n@@\n-v1\n+v2');
    expect(modeOf(workspace.path('run.sh'))).toBe(0o711);
  });

  it('keeps the further names of a file', () => {
    using workspace = new Workspace({ a: 'v1\n' });
    linkSync(workspace.path('a'), workspace.path('b'));
    workspace.apply('*** Update File: a\n@@\n-v1\n+v2');
    expect(workspace.files()).toEqual({ a: 'v2\n', b: 'v2\n' });
  });

  it('writes to where a link leads and keeps the link', () => {
    using workspace = new Workspace({ 'real.md': 'v1\n' });
    symlinkSync('real.md', workspace.path('link.md'));
    workspace.apply('*** Update File: link.md\n@@\n-v1\n+v2');
    expect(workspace.read('real.md')).toBe('v2\n');
    expect(lstatSync(workspace.path('link.md')).isSymbolicLink()).toBe(true);
  });

  it('deletes a link and not what it leads to', () => {
    using workspace = new Workspace({ 'real.md': 'v1\n' });
    symlinkSync('real.md', workspace.path('link.md'));
    workspace.apply('*** Delete File: link.md');
    expect(workspace.names()).toEqual(['real.md']);
  });

  it('makes a directory where a file was deleted', () => {
    using workspace = new Workspace({ a: 'v1\n' });
    workspace.apply('*** Add File: a/b\n+in\n*** Delete File: a');
    expect(workspace.files()).toEqual({ 'a/b': 'in\n' });
  });
});

describe('what is no file that could be read as text', () => {
  it('is not waited for where a pipe has taken the place of a file', () => {
    using workspace = new Workspace();
    const pipe = workspace.path('pipe');
    execFileSync('mkfifo', [pipe]);
    // Without it a read that waits would never end, and no test could notice.
    const writer = spawn('sh', ['-c', `while :; do echo x > '${pipe}'; sleep 0.1; done`], { detached: true });
    try {
      const refused = 'pipe: it is not a regular file';
      expect(() => workspace.apply('*** Add File: pipe\n+y')).toThrow(refused);
      expect(() => workspace.apply('*** Update File: pipe\n@@\n-x\n+y')).toThrow(refused);
      expect(() => workspace.apply('*** Delete File: pipe')).toThrow(refused);
      expect(lstatSync(pipe).isFIFO()).toBe(true);
    } finally {
      process.kill(-(writer.pid ?? 0), 'SIGKILL');
    }
  });

  it('stays as it is when it is longer than a text can be', () => {
    using workspace = new Workspace();
    const path = workspace.path('huge.log');
    const size = constants.MAX_STRING_LENGTH + 2;
    writeFileSync(path, 'a\n');
    truncateSync(path, size);
    expect(() => workspace.apply('*** Update File: huge.log\n@@\n+one more line')).toThrow(
      /^Failed to read file to update huge\.log: /,
    );
    expect(statSync(path).size).toBe(size);
  });
});

describe('the permission to write', () => {
  it('is asked for every path, the destination of a move too', () => {
    using workspace = new Workspace({ a: 'A\n', b: 'B\n', c: 'C\n' });
    const asked: string[] = [];
    const patch =
      '*** Update File: a\n@@\n-A\n+AA\n*** Delete File: b\n*** Update File: c\n*** Move to: d\n@@\n C\n*** Add File: e\n+E';
    workspace.apply(patch, (path) => {
      asked.push(path);
      return true;
    });
    expect(asked.sort()).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => workspace.path(name)));
  });

  it('A15: leaves source and destination alone when the destination may not be written', () => {
    using workspace = new Workspace({ a: 'A\n' });
    const outside = workspace.path('out/b');
    const patch = '*** Update File: a\n*** Move to: out/b\n@@\n-A\n+B';
    expect(() => workspace.apply(patch, (path) => path !== outside)).toThrow('writing there is not permitted');
    expect(workspace.names()).toEqual(['a']);
  });

  it('fails when a directory is replaced by a link to elsewhere after it was judged', () => {
    using workspace = new Workspace({ 'dir/a': 'A\n', 'elsewhere/keep': 'K\n' });
    const swap = () => {
      renameSync(workspace.path('dir'), workspace.path('old'));
      symlinkSync('elsewhere', workspace.path('dir'));
      return true;
    };
    expect(() => workspace.apply('*** Add File: dir/b\n+B', swap)).toThrow(/dir\/b: its directory was moved meanwhile/);
    expect(existsSync(workspace.path('elsewhere/b'))).toBe(false);
  });

  it.skipIf(!hasPython)(
    'is safe while another process puts a link in the place of the directory and takes it away again, over and over',
    async () => {
      using workspace = new Workspace({ 'dir/a': 'A\n', 'elsewhere/keep': 'K\n' });
      symlinkSync('elsewhere', workspace.path('link'));
      const script = `
import ctypes
libc = ctypes.CDLL(None)
print("on", flush=True)
while True: libc.renameat2(-100, b"${workspace.path('dir')}", -100, b"${workspace.path('link')}", 2)`;
      const swapping = spawn('python3', ['-c', script]);
      try {
        await once(swapping.stdout, 'data');
        const mayWrite = (path: string) => !realpathSync(dirname(path)).includes('elsewhere');
        for (let n = 0; n < 400; n += 1) {
          try {
            workspace.apply(`*** Add File: dir/made${n}\n+x`, mayWrite);
          } catch {
            // It was elsewhere just then.
          }
        }
        expect(readdirSync(workspace.path('elsewhere'))).toEqual(['keep']);
      } finally {
        swapping.kill('SIGKILL');
        await once(swapping, 'close');
      }
    },
  );

  it('is wanted for the directory of a link that is deleted, and not only for what it leads to', () => {
    using workspace = new Workspace({ 'work/a': 'A\n', 'outside/keep': 'K\n' });
    symlinkSync('../work/a', workspace.path('outside/link'));
    const mayWrite = (path: string) => realpathSync(path).startsWith(workspace.path('work'));
    expect(() => workspace.apply('*** Delete File: outside/link', mayWrite)).toThrow('not permitted');
    expect(readlinkSync(workspace.path('outside/link'))).toBe('../work/a');
  });

  it('enters a directory that may be gone through and not listed', () => {
    using workspace = new Workspace({ 'dir/inner/a': 'A\n' });
    chmodSync(workspace.path('dir'), 0o311);
    workspace.apply('*** Update File: dir/inner/a\n@@\n-A\n+B\n*** Add File: dir/inner/deep/er/c\n+C');
    chmodSync(workspace.path('dir'), 0o755);
    expect(workspace.files()).toEqual({ 'dir/inner/a': 'B\n', 'dir/inner/deep/er/c': 'C\n' });
  });
});
