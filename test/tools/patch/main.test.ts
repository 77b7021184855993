import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { applyPatchMain } from '../../../src/tools/patch/index.ts';
import { patchOf, Workspace } from './support.ts';

const none = async () => '';
const engine = fileURLToPath(new URL('../../../src/tools/patch/index.ts', import.meta.url));

describe('applyPatchMain', () => {
  it('takes the patch as its argument and lists added, changed and deleted files in this order', async () => {
    using workspace = new Workspace({ d: 'D\n', m: 'M\n', s: 'S\n' });
    const patch = patchOf(
      '*** Delete File: d\n*** Update File: s\n*** Move to: t\n@@\n S\n*** Update File: ./m\n@@\n-M\n+N\n*** Add File: a\n+A',
    );
    expect(await applyPatchMain([patch], none, workspace.dir)).toEqual({
      exitCode: 0,
      stdout: 'Success. Updated the following files:\nA a\nM t\nM ./m\nD d\n',
      stderr: '',
    });
  });

  it('reads the patch from standard input when there is no argument', async () => {
    using workspace = new Workspace();
    const result = await applyPatchMain([], async () => patchOf('*** Add File: a\n+A'), workspace.dir);
    expect(result.exitCode).toBe(0);
    expect(workspace.files()).toEqual({ a: 'A\n' });
  });

  it.each([
    ['empty input', []],
    ['two arguments', ['a', 'b']],
  ])('ends with 2 and the usage for %s', async (_, words) => {
    using workspace = new Workspace();
    const result = await applyPatchMain(words, none, workspace.dir);
    expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('Usage: ') });
  });

  it('answers a patch with no section that nothing was modified', async () => {
    using workspace = new Workspace();
    expect(await applyPatchMain(['*** Begin Patch\n*** End Patch'], none, workspace.dir)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'No files were modified.\n',
    });
  });

  it('R3, A27: does the same with an empty environment', () => {
    using workspace = new Workspace({ 'a.txt': 'one\n' });
    const patch = patchOf('*** Update File: a.txt\n@@\n-one\n+two');
    const script = `const { applyPatchMain } = await import(process.argv[1]);
      const result = await applyPatchMain([process.argv[2]], async () => '', process.argv[3]);
      process.stdout.write(result.stdout + result.stderr);`;
    const argv = ['--input-type=module', '-e', script, engine, patch, workspace.dir];
    const child = spawnSync(process.execPath, argv, { env: {}, encoding: 'utf8' });
    expect(child.stdout).toBe('Success. Updated the following files:\nM a.txt\n');
    expect(workspace.read('a.txt')).toBe('two\n');
  });
});
