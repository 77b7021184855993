import { linkSync, mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandEnd } from '../../../src/foundation/protocol/index.ts';
import { applyPatchTool } from '../../../src/tools/builtin/apply-patch.ts';
import { applyPatchText } from '../../../src/tools/builtin/files/write-patch.ts';
import { patchOf, Workspace } from '../patch/support.ts';
import { MARK, ToolTurn, textOf, workspaceOnly } from './support.ts';

const edit = patchOf('*** Update File: a.txt\n@@\n-one\n+two');
const outside = patchOf('*** Add File: ../outside.txt\n+x');

describe('apply_patch', () => {
  it('applies a patch given as an argument and answers with what was updated', async () => {
    using workspace = new Workspace({ 'a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.dir);
    const output = await turn.call(applyPatchTool.handler, { input: edit });
    expect(output.success).toBe(true);
    expect(textOf(output)).toMatch(
      /^Exit code: 0\nWall time: \d+(\.\d)? seconds\nOutput:\nSuccess\. Updated the following files:\nM a\.txt:1\n$/,
    );
    expect(workspace.read('a.txt')).toBe('two\n');
  });

  it.each([
    ['changed lines', '@@\n 2\n-3\n+three\n+more\n 4', 'M f:3-4'],
    ['lines in two places', '@@\n-2\n+two\n@@\n-7\n+seven', 'M f:2,7'],
    ['added lines alone', '@@\n 8\n+9\n+10', 'M f:9-10'],
    ['removed lines, by what follows them', '@@\n 2\n-3\n-4\n 5', 'M f:3'],
    ['removed lines at the end', '@@\n 6\n-7\n-8', 'M f:6'],
    ['a move, under the new name', '*** Move to: g\n@@\n-4\n+four', 'M g:4'],
  ])('names the lines that were touched: %s', async (_, rows, line) => {
    using workspace = new Workspace({ f: '1\n2\n3\n4\n5\n6\n7\n8\n' });
    const output = await new ToolTurn(workspace.dir).freeform(
      applyPatchTool.handler,
      patchOf(`*** Update File: f\n${rows}`),
    );
    expect(textOf(output)).toContain(`Success. Updated the following files:\n${line}\n`);
  });

  it('names the lines of a file that two sections change as they are in the end', async () => {
    using workspace = new Workspace({ f: '1\n2\n3\n' });
    const patch = patchOf('*** Update File: f\n@@\n-3\n+three\n*** Update File: f\n@@\n-1\n+0\n+1');
    const output = await new ToolTurn(workspace.dir).freeform(applyPatchTool.handler, patch);
    expect(textOf(output)).toContain('files:\nM f:1,4\n');
  });

  it('lists no file that is as it was, and says so where none was changed', async () => {
    using workspace = new Workspace({ f: 'a\n', g: 'b\n' });
    const turn = new ToolTurn(workspace.dir);
    const same = '*** Update File: f\n@@\n-a\n+a\n*** Add File: g\n+b\n';
    expect(textOf(await turn.freeform(applyPatchTool.handler, patchOf(same.trimEnd())))).toContain(
      `Output:\nNo file was changed.\n${MARK} f line 1: these rows change nothing.\n${MARK} g existed with this very text`,
    );
    const some = textOf(await turn.freeform(applyPatchTool.handler, patchOf(`${same}*** Add File: h\n+c`)));
    expect(some).toContain('Success. Updated the following files:\nA h\nkeel:');
  });

  it('names the lines of what was written, not of what was shown, where the file changed in between', async () => {
    using workspace = new Workspace({ 'a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.dir, { approvalPolicy: 'untrusted', sandboxPolicy: workspaceOnly });
    turn.onAsk = () => workspace.write('a.txt', 'new\none\n');
    expect(textOf(await turn.freeform(applyPatchTool.handler, edit))).toContain('M a.txt:2\n');
    expect(turn.items.at(-1)).toMatchObject({ changes: [{ diff: expect.stringContaining('+two') }] });
  });

  it('A21: reports a change as started and done, with one diff per file', async () => {
    using workspace = new Workspace({ 'a.txt': 'one\n', 'd.txt': 'gone\n', 'm.txt': '1\n2\n3\n4\n5\n' });
    const turn = new ToolTurn(workspace.dir);
    const patch = patchOf(
      '*** Update File: m.txt\n*** Move to: n/m.txt\n@@\n-4\n+four\n*** Add File: new.txt\n+x\n*** Delete File: d.txt',
    );
    await turn.freeform(applyPatchTool.handler, patch);
    expect(turn.seen).toEqual(['started fileChange inProgress', 'completed fileChange completed']);
    expect(turn.items[0]).toEqual({
      type: 'fileChange',
      id: 'call-1',
      status: 'inProgress',
      changes: [
        {
          path: workspace.path('m.txt'),
          kind: { type: 'update', movePath: workspace.path('n/m.txt') },
          diff: '@@ -3,3 +3,3 @@\n 3\n-4\n+four\n 5\n',
        },
        { path: workspace.path('new.txt'), kind: { type: 'add' }, diff: 'x\n' },
        { path: workspace.path('d.txt'), kind: { type: 'delete' }, diff: 'gone\n' },
      ],
    });
  });

  it('feeds the diff of the turn, moves included', async () => {
    using workspace = new Workspace({ 'a.txt': 'one\n' });
    mkdirSync(workspace.path('.git'));
    const turn = new ToolTurn(workspace.dir);
    await turn.freeform(applyPatchTool.handler, patchOf('*** Update File: a.txt\n*** Move to: b.txt\n@@\n-one\n+two'));
    expect(await turn.context.diff.takeUnifiedDiff()).toMatch(
      /^diff --git a\/a\.txt b\/b\.txt\nindex \w+\.\.\w+\n--- a\/a\.txt\n\+\+\+ b\/b\.txt\n@@ -1 \+1 @@\n-one\n\+two\n$/,
    );
  });

  it('A6: rejects a patch of begin and end only', async () => {
    using workspace = new Workspace();
    const output = await new ToolTurn(workspace.dir).freeform(applyPatchTool.handler, '*** Begin Patch\n*** End Patch');
    expect(output).toEqual({ body: 'patch rejected: empty patch', success: false, facts: { outcome: 'notRun' } });
  });

  it.each([
    ['nonsense', "invalid patch: The first line of the patch must be '*** Begin Patch'"],
    [patchOf('*** Bad'), "invalid hunk at line 2, '*** Bad' is not a valid hunk header."],
    [patchOf('*** Update File: none\n@@\n-a\n+b'), 'Failed to read file to update none: no such file or directory'],
    [patchOf('*** Delete File: none'), 'Failed to delete file none: no such file or directory'],
    [patchOf(`*** Update File: ${'n'.repeat(5_000)}\n@@\n-a`), 'Failed to read file to update n'],
  ])('A20: answers what is wrong with %j, and shows people a change that failed', async (patch, reason) => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    const output = await turn.freeform(applyPatchTool.handler, patch);
    expect(textOf(output)).toMatch(/^apply_patch verification failed: /);
    expect(textOf(output)).toContain(reason);
    expect(turn.seen).toEqual(['started fileChange inProgress', 'completed fileChange failed']);
    expect(turn.items.at(-1)).toMatchObject({ reason: expect.stringContaining(reason) });
    expect(await turn.context.diff.takeUnifiedDiff()).toBe('');
  });

  it('shows what a patch that does not fit asked for, and why it failed, without the hint to the model', async () => {
    using workspace = new Workspace({ 'a.txt': 'const total = 1;\n' });
    const turn = new ToolTurn(workspace.dir);
    const sections = '*** Update File: a.txt\n*** Move to: b.txt\n@@\n-const total = 2;\n+x\n*** Add File: new\n+y';
    await turn.freeform(applyPatchTool.handler, patchOf(sections));
    expect(turn.items.at(-1)).toEqual({
      type: 'fileChange',
      id: 'call-1',
      status: 'failed',
      reason: 'Failed to find expected lines in a.txt:\nconst total = 2;',
      changes: [
        {
          path: workspace.path('a.txt'),
          kind: { type: 'update', movePath: workspace.path('b.txt') },
          diff: '@@ -0,1 +0,1 @@\n-const total = 2;\n+x\n',
        },
        { path: workspace.path('new'), kind: { type: 'add' }, diff: 'y\n' },
      ],
    });
  });

  it('names the files of a patch that can not be read', async () => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    await turn.freeform(applyPatchTool.handler, patchOf('*** Update File: a.txt\n@@\n-x\n*** Delete File: b\n*** Bad'));
    expect(turn.items.at(-1)).toMatchObject({
      status: 'failed',
      changes: [
        { path: workspace.path('a.txt'), kind: { type: 'update' } },
        { path: workspace.path('b'), kind: { type: 'delete' } },
      ],
    });
  });

  it('names the closest place on a marked line of its own', async () => {
    using workspace = new Workspace({ 'a.txt': 'const total = 1;\n' });
    const output = await new ToolTurn(workspace.dir).freeform(
      applyPatchTool.handler,
      patchOf('*** Update File: a.txt\n@@\n-const total = 2;\n+x'),
    );
    expect(textOf(output)).toBe(
      'apply_patch verification failed: Failed to find expected lines in a.txt:\nconst total = 2;\n' +
        `${MARK} Closest place in a.txt: line 1. First difference: expected "const total = 2;", found "const total = 1;".`,
    );
  });

  it('accepts an Add and an Update of one file as one added file', async () => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    await turn.freeform(applyPatchTool.handler, patchOf('*** Add File: a\n+1\n*** Update File: a\n@@\n-1\n+2'));
    expect(turn.items.at(-1)).toMatchObject({ changes: [{ kind: { type: 'add' }, diff: '2\n' }] });
  });

  it('shows an Add over a file as an update', async () => {
    using workspace = new Workspace({ a: 'old\n' });
    const turn = new ToolTurn(workspace.dir);
    await turn.freeform(applyPatchTool.handler, patchOf('*** Add File: a\n+new'));
    expect(turn.items[0]).toMatchObject({ changes: [{ kind: { type: 'update' }, diff: '@@ -1 +1 @@\n-old\n+new\n' }] });
  });

  it('A25: resolves all paths of an intercepted patch, the destination too, from its own directory', async () => {
    using workspace = new Workspace({ 'sub/a': 'x\n' });
    const turn = new ToolTurn(workspace.dir);
    const patch = patchOf('*** Update File: a\n*** Move to: b\n@@\n x');
    await applyPatchText('call', patch, workspace.path('sub'), turn.context, new AbortController().signal);
    expect(workspace.files()).toEqual({ 'sub/b': 'x\n' });
  });

  it('does nothing after the turn was stopped', async () => {
    using workspace = new Workspace({ 'a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.dir);
    const output = await turn.call(applyPatchTool.handler, { input: edit }, AbortSignal.abort());
    expect(output).toEqual({ body: 'aborted', success: false, facts: { outcome: 'notRun' } });
    expect(workspace.read('a.txt')).toBe('one\n');
  });

  it('answers wrong arguments', async () => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    const output = await turn.call(applyPatchTool.handler, { text: edit });
    expect(textOf(output)).toMatch(/^failed to parse function arguments: missing field `input`/);
    expect(turn.items.at(-1)).toMatchObject({ type: 'fileChange', status: 'failed', reason: textOf(output) });
  });
});

describe('the permission for a patch', () => {
  it('A14: rejects a path outside under never, without a prompt, and shows that', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.path('w'), { approvalPolicy: 'never' });
    expect(await turn.freeform(applyPatchTool.handler, outside)).toEqual({
      body: 'patch rejected: writing outside of the project; rejected by user approval settings',
      success: false,
      facts: { outcome: 'notRun' },
    });
    expect(turn.seen).toEqual(['started fileChange inProgress', 'completed fileChange declined']);
    expect(workspace.files()).toEqual({ 'w/a.txt': 'one\n' });
  });

  it('A15: rejects a move outside under never and leaves its source', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.path('w'), { approvalPolicy: 'never' });
    const patch = patchOf('*** Update File: a.txt\n*** Move to: ../b.txt\n@@\n one');
    expect((await turn.freeform(applyPatchTool.handler, patch)).success).toBe(false);
    expect(workspace.files()).toEqual({ 'w/a.txt': 'one\n' });
  });

  it('apply-patch 19: shows a change and asks for a path outside before anything is tried, and applies the patch after approval', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.path('w'));
    expect((await turn.freeform(applyPatchTool.handler, outside)).success).toBe(true);
    expect(turn.seen).toEqual(['started fileChange inProgress', 'asked', 'completed fileChange completed']);
    expect(workspace.read('outside.txt')).toBe('x\n');
  });

  it('says that the user refused, shows it as declined and writes nothing', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.path('w'));
    turn.answer = { type: 'denied', message: 'not there' };
    expect(await turn.freeform(applyPatchTool.handler, outside)).toEqual({
      body: "patch rejected by user\nThe user's reason: not there",
      success: false,
      facts: { outcome: 'notRun' },
    });
    expect(turn.seen.at(-1)).toBe('completed fileChange declined');
    expect(workspace.files()).toEqual({ 'w/a.txt': 'one\n' });
  });

  it('asks no more about files that were approved for the session', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.path('w'));
    turn.answer = { type: 'approvedForSession' };
    await turn.freeform(applyPatchTool.handler, outside);
    await turn.freeform(applyPatchTool.handler, patchOf('*** Update File: ../outside.txt\n@@\n-x\n+y'));
    expect(turn.asked).toHaveLength(1);
    await turn.freeform(applyPatchTool.handler, patchOf('*** Add File: ../other.txt\n+x'));
    expect(turn.asked).toHaveLength(2);
    expect(workspace.read('outside.txt')).toBe('y\n');
  });

  it('A16: asks when a linked directory leads outside', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n', 'out/keep': 'k\n' });
    symlinkSync('../out', workspace.path('w/link'));
    const turn = new ToolTurn(workspace.path('w'));
    turn.answer = { type: 'denied' };
    await turn.freeform(applyPatchTool.handler, patchOf('*** Add File: link/new.txt\n+x'));
    expect(turn.asked).toHaveLength(1);
    expect(workspace.names()).not.toContain('out/new.txt');
  });

  it('A17: asks for .git/config in the project', async () => {
    using workspace = new Workspace({ '.git/config': '[core]\n' });
    const turn = new ToolTurn(workspace.dir);
    await turn.freeform(applyPatchTool.handler, patchOf('*** Update File: .git/config\n@@\n [core]\n+\tfsmonitor = x'));
    expect(turn.asked).toHaveLength(1);
  });

  it('A18: asks under untrusted also inside the project', async () => {
    using workspace = new Workspace({ 'a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.dir, { approvalPolicy: 'untrusted' });
    await turn.freeform(applyPatchTool.handler, edit);
    expect(turn.asked).toMatchObject([
      { type: 'fileChange', callId: 'call-1', changes: [{ kind: { type: 'update' } }] },
    ]);
  });

  it('asks for a file that has a second name, and after approval keeps both', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n' });
    linkSync(workspace.path('w/a.txt'), workspace.path('other'));
    const turn = new ToolTurn(workspace.path('w'));
    await turn.freeform(applyPatchTool.handler, edit);
    expect(turn.asked).toHaveLength(1);
    expect(workspace.read('other')).toBe('two\n');
  });

  it('refuses a file with a second name under never', async () => {
    using workspace = new Workspace({ 'w/a.txt': 'one\n' });
    linkSync(workspace.path('w/a.txt'), workspace.path('other'));
    const turn = new ToolTurn(workspace.path('w'), { approvalPolicy: 'never' });
    expect(await turn.freeform(applyPatchTool.handler, edit)).toEqual({
      body: `patch rejected: ${workspace.path('w/a.txt')} has further hard links, which may be outside of the project; rejected by user approval settings`,
      success: false,
      facts: { outcome: 'notRun' },
    });
    expect(workspace.read('other')).toBe('one\n');
  });

  it('names a protected path that is refused', async () => {
    using workspace = new Workspace({ '.git/config': 'one\n' });
    const turn = new ToolTurn(workspace.dir, { approvalPolicy: 'never' });
    const output = await turn.freeform(applyPatchTool.handler, patchOf('*** Update File: .git/config\n@@\n-one\n+two'));
    expect(textOf(output)).toContain(`writing to ${workspace.path('.git/config')}, which is protected`);
  });

  it('A28: fails a patch whose file changed while the user was asked', async () => {
    using workspace = new Workspace({ 'a.txt': 'one\n' });
    const turn = new ToolTurn(workspace.dir, { approvalPolicy: 'untrusted', sandboxPolicy: workspaceOnly });
    turn.onAsk = () => workspace.write('a.txt', 'zero\n');
    const output = await turn.freeform(applyPatchTool.handler, edit);
    expect(output.success).toBe(false);
    expect(commandEnd(textOf(output))).toMatchObject({
      output: expect.stringContaining(`${MARK} The file has changed since the patch was made.`),
      exitCode: 1,
    });
    expect(turn.seen).toEqual(['started fileChange inProgress', 'asked', 'completed fileChange failed']);
    expect(workspace.read('a.txt')).toBe('zero\n');
  });
});
