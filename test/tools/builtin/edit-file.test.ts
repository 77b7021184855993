import { symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editFileTool } from '../../../src/tools/builtin/edit-file.ts';
import { Workspace } from '../patch/support.ts';
import { MARK, ToolTurn, textOf } from './support.ts';

async function edited(before: string, args: Record<string, unknown>) {
  using workspace = new Workspace({ 'f.txt': before });
  const output = await new ToolTurn(workspace.dir).call(editFileTool.handler, { file_path: 'f.txt', ...args });
  return { text: workspace.read('f.txt'), body: textOf(output), success: output.success };
}

describe('edit_file', () => {
  it('replaces the one place where a text occurs, and no byte beside it', async () => {
    const { text, success } = await edited('a = 1\nb = 2', { old_string: 'a = 1', new_string: '$& = $1' });
    expect({ text, success }).toEqual({ text: '$& = $1\nb = 2', success: true });
  });

  it('accepts the names that other tools have for its arguments', async () => {
    using workspace = new Workspace({ f: 'x' });
    await new ToolTurn(workspace.dir).call(editFileTool.handler, { path: 'f', old_str: 'x', replace: 'y' });
    expect(workspace.read('f')).toBe('y');
  });

  it('refuses a text that occurs more than once, and replaces all of them on request', async () => {
    const twice = await edited('x x', { old_string: 'x', new_string: 'y' });
    expect(twice).toMatchObject({ text: 'x x', success: false, body: expect.stringContaining('occurs 2 times') });
    expect(twice.body).toContain('f.txt (line 1);');
    expect((await edited('x x', { old_string: 'x', new_string: 'y', replace_all: 'true' })).text).toBe('y y');
  });

  it('names the lines of all places, and of those it changed', async () => {
    const before = 'x\ny\n\nx\ny\nx\ny\n';
    const refused = await edited(before, { old_string: 'x\ny', new_string: 'z' });
    expect(refused.body).toContain('occurs 3 times');
    expect(refused.body).toContain('f.txt (lines 1, 4, 6); add lines around it');
    const done = await edited(before, { old_string: 'x\ny', new_string: 'z', replace_all: true });
    expect(done.body).toContain('M f.txt:1,3-4\n');
  });

  it('names the closest place when a text does not occur', async () => {
    const { body } = await edited('let count = 1;\n', { old_string: 'let count = 2;', new_string: '' });
    expect(body).toMatch(/^edit_file failed: old_string does not occur in .*f\.txt; read the place again/);
    expect(body).toContain(`\n${MARK} Closest place in `);
  });

  it.each([
    ['normal forms', 'x = cafe\u0301;\n', 'caf\u00e9', 'expected U+00E9, found U+0065 U+0301 (column 4)'],
    ['an ellipsis', 'wait\u2026 now\n', 'wait... now', 'expected U+002E U+002E U+002E, found U+2026 (column 5)'],
    ['a zero-width space', 'a\u200bb = 1\n', 'ab = 1', 'expected nothing, found U+200B (column 2)'],
    ['a tab for spaces', 'if x:\n\ty = 1\n', 'if x:\n    y = 1', 'expected 4 spaces, found a tab (column 1)'],
    ['a tab inside', 'a\tb\n', 'a b', 'expected a space, found a tab (column 2)'],
    ['a no-break space', 'a\u00a0b\n', 'a b', 'expected a space, found U+00A0 (column 2)'],
    [
      'typographic quotes',
      'say “hi”\n',
      '"hi"',
      'expected U+0022 U+0068 U+0069 U+0022, found U+201C U+0068 U+0069 U+201D (column 1)',
    ],
  ])('names the characters where a text only looks the same: %s', async (_, before, old_string, difference) => {
    const { body } = await edited(before, { old_string, new_string: 'z' });
    expect(body).toContain(`They look alike but differ: ${difference}.`);
  });

  it('says what is at a path where it can not create a file', async () => {
    using workspace = new Workspace();
    symlinkSync('gone', workspace.path('link'));
    const args = { file_path: 'link', old_string: '', new_string: 'x' };
    const output = await new ToolTurn(workspace.dir).call(editFileTool.handler, args);
    expect(textOf(output)).toBe(
      `edit_file failed: ${workspace.path('link')}: it is a link to gone, which does not exist`,
    );
    expect(workspace.files()).toEqual({});
  });

  it('creates a file with its directories when the old text is empty', async () => {
    using workspace = new Workspace();
    const turn = new ToolTurn(workspace.dir);
    const args = { file_path: 'new/f.txt', old_string: '', new_string: 'text' };
    expect(textOf(await turn.call(editFileTool.handler, args))).toContain('\nA new/f.txt\n');
    expect(workspace.files()).toEqual({ 'new/f.txt': 'text' });
    expect(turn.seen).toEqual(['started fileChange inProgress', 'completed fileChange completed']);
  });

  it('fills an empty file, but does not overwrite another', async () => {
    expect((await edited('', { old_string: '', new_string: 'x' })).text).toBe('x');
    expect(await edited('y', { old_string: '', new_string: 'x' })).toMatchObject({ text: 'y', success: false });
  });

  it('takes line feeds for the line ends of a file with carriage returns', async () => {
    const { text } = await edited('a\r\nb\r\nc\r\n', { old_string: 'a\nb', new_string: 'a\nx\nb' });
    expect(text).toBe('a\r\nx\r\nb\r\nc\r\n');
    expect((await edited('a\r\nb\r\n', { old_string: 'b', new_string: 'b\nc' })).text).toBe('a\r\nb\r\nc\r\n');
  });

  it.each([
    ['a missing file', { file_path: 'none', old_string: 'a', new_string: 'b' }],
    ['a directory', { file_path: '.', old_string: 'a', new_string: 'b' }],
    ['an empty path', { file_path: '', old_string: '', new_string: 'b' }],
    ['a path with a zero byte', { file_path: 'a\0b', old_string: '', new_string: 'b' }],
    ['equal texts', { file_path: 'f.txt', old_string: 'y', new_string: 'y' }],
  ])('refuses %s', async (_, args) => {
    expect((await edited('y', args)).body).toMatch(/^edit_file failed: /);
  });

  it('shows people an edit that failed, and why', async () => {
    using workspace = new Workspace({ 'f.txt': 'let count = 1;\n' });
    const turn = new ToolTurn(workspace.dir);
    await turn.call(editFileTool.handler, { file_path: 'f.txt', old_string: 'let count = 2;', new_string: '' });
    expect(turn.items.at(-1)).toEqual({
      type: 'fileChange',
      id: 'call-1',
      status: 'failed',
      reason: `old_string does not occur in ${workspace.path('f.txt')}; read the place again and copy it exactly`,
      changes: [
        {
          path: workspace.path('f.txt'),
          kind: { type: 'update', movePath: null },
          diff: '@@ -0,1 +0,1 @@\n-let count = 2;\n+\n',
        },
      ],
    });
  });

  it('refuses a file that is not text', async () => {
    using workspace = new Workspace();
    workspace.write('f', Buffer.from([0xff, 0x61]));
    const args = { file_path: 'f', old_string: 'a', new_string: 'b' };
    expect(textOf(await new ToolTurn(workspace.dir).call(editFileTool.handler, args))).toContain(
      'it is not UTF-8 text (first in line 1',
    );
  });
});
