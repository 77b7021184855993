import { symlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applyPatchMain, fallible, parsePatch, verifyPatch } from '../../../src/tools/patch/index.ts';
import { patchOf, Workspace } from './support.ts';

function notesOf(workspace: Workspace, sections: string): readonly string[] {
  return verifyPatch(parsePatch(patchOf(sections)), workspace.dir).notes;
}

async function refusalOf(workspace: Workspace, sections: string): Promise<string> {
  const result = await fallible(() => verifyPatch(parsePatch(patchOf(sections)), workspace.dir));
  if (result.ok) throw new Error('verified');
  return result.fault.message;
}

describe('the notes on a patch that succeeds', () => {
  it.each([
    ['equal rows', '@@\n-b\n+b', ['f line 2: these rows change nothing.']],
    ['context alone', '@@\n a\n b', ['f line 1: these rows change nothing.']],
    ['one block of two', '@@\n-a\n+A\n@@\n b', ['f line 2: these rows change nothing.']],
    ['none', '@@\n-a\n+A', []],
  ])('names rows that change nothing: %s', (_, chunks, notes) => {
    using workspace = new Workspace({ f: 'a\nb\n' });
    expect(notesOf(workspace, `*** Update File: f\n${chunks}`)).toEqual(notes);
  });

  it('takes rows that change nothing for meant where they carry a move', () => {
    using workspace = new Workspace({ f: 'a\n' });
    expect(notesOf(workspace, '*** Update File: f\n*** Move to: g\n@@\n a')).toEqual([]);
  });

  it('names a file that an Add or a Move replaces', () => {
    using workspace = new Workspace({ f: 'old\n', g: 'a\n', same: 'x\n' });
    workspace.write('bytes', Buffer.from([0xff, 0x00]));
    expect(
      notesOf(
        workspace,
        '*** Add File: f\n+new\n*** Update File: g\n*** Move to: f\n@@\n-a\n+b\n*** Add File: bytes\n+x\n*** Add File: same\n+x\n*** Add File: new\n+x',
      ),
    ).toEqual([
      'f existed (4 bytes) and is replaced as a whole.',
      'f existed (4 bytes) and is replaced as a whole.',
      'bytes existed (no UTF-8 text) and is replaced as a whole.',
      'same existed with this very text: nothing changes.',
    ]);
  });

  it('says nothing of a file that the same patch has removed', () => {
    using workspace = new Workspace({ f: 'old\n' });
    expect(notesOf(workspace, '*** Delete File: f\n*** Add File: f\n+new')).toEqual([]);
  });

  it('is on standard error, beside the summary', async () => {
    using workspace = new Workspace({ f: 'old\n' });
    const result = await applyPatchMain([patchOf('*** Add File: f\n+new')], async () => '', workspace.dir);
    expect(result).toEqual({
      exitCode: 0,
      stdout: 'Success. Updated the following files:\nA f\n',
      stderr: 'note: f existed (4 bytes) and is replaced as a whole.\n',
    });
  });
});

describe('a path that a patch can not use', () => {
  it.each([
    ['*** Add File: ~/x\n+x', /^"~\/x" is not a plain path: ~ is not expanded\. Write \/.*\/x$/],
    ['*** Update File: "f"\n@@\n-a\n+b', /^"\\"f\\"" is not a plain path: .* Write f$/],
    ['*** Delete File: sub\\f', / Write sub\/f$/],
    ['*** Update File: f\n*** Move to: $HOME/g\n@@\n a', /^"\$HOME\/g" is not a plain path/],
  ])('is refused with the right form: %j', async (sections, message) => {
    using workspace = new Workspace({ f: 'a\n' });
    expect(await refusalOf(workspace, sections)).toMatch(message);
    expect(workspace.files()).toEqual({ f: 'a\n' });
  });

  it.each([
    ['*** Add File: link\n+x', 'Failed to write file link: it is a link to gone, which does not exist'],
    [
      '*** Update File: link\n@@\n-a\n+b',
      'Failed to read file to update link: it is a link to gone, which does not exist',
    ],
    ['*** Delete File: link', 'Failed to delete file link: it is a link to gone, which does not exist'],
    [
      '*** Update File: f\n*** Move to: link\n@@\n a',
      'Failed to write file link: it is a link to gone, which does not exist',
    ],
  ])('is named as a link that leads nowhere: %j', async (sections, message) => {
    using workspace = new Workspace({ f: 'a\n' });
    symlinkSync('gone', workspace.path('link'));
    expect(await refusalOf(workspace, sections)).toBe(message);
  });

  it('is distinguished from a name that only looks the same', async () => {
    using workspace = new Workspace({ 'cafe\u0301.txt': 'a\n' });
    expect(await refusalOf(workspace, '*** Delete File: caf\u00e9.txt')).toBe(
      'Failed to delete file caf\u00e9.txt: no such file or directory (ENOENT); a name there looks alike but differs: expected U+00E9, found U+0065 U+0301 (column 4)',
    );
  });

  it.each([
    ['UTF-16LE', Buffer.from('\ufeffone\n', 'utf16le'), 'it is UTF-16LE text, not UTF-8: convert it with iconv'],
    [
      'UTF-16LE without a mark',
      Buffer.from('one\n', 'utf16le'),
      'it is UTF-16LE text, not UTF-8: convert it with iconv',
    ],
    ['UTF-16BE', Buffer.from('one\n', 'utf16le').swap16(), 'it is UTF-16BE text, not UTF-8: convert it with iconv'],
    [
      'Latin-1',
      Buffer.from('one\ncaf\xe9\n', 'latin1'),
      'it is not UTF-8 text (first in line 2; perhaps Latin-1): use a command',
    ],
    ['binary', Buffer.from([0x89, 0x50, 0, 0, 0, 0x0d, 0xff, 7, 8, 9, 1, 2]), 'it is a binary file'],
  ])('is named by its encoding: %s', async (_, bytes, reason) => {
    using workspace = new Workspace();
    workspace.write('f', bytes);
    expect(await refusalOf(workspace, '*** Update File: f\n@@\n-one\n+two')).toBe(
      `Failed to read file to update f: ${reason}`,
    );
  });
});
