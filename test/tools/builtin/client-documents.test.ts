import { existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applyPatchTool } from '../../../src/tools/builtin/apply-patch.ts';
import { editFileTool } from '../../../src/tools/builtin/edit-file.ts';
import { readFileTool } from '../../../src/tools/builtin/read-file.ts';
import type { ClientDocuments } from '../../../src/tools/contract/index.ts';
import { Workspace } from '../patch/support.ts';
import { ToolTurn, textOf } from './support.ts';

/** An editor with buffers that are not saved, and what it was asked for, in order. */
class Editor implements ClientDocuments {
  readonly buffers = new Map<string, string>();
  readonly asked: string[] = [];
  /** What becomes of a text on the disk; false: it refuses. */
  save: (path: string, text: string) => boolean = (path, text) => {
    writeFileSync(path, text);
    return true;
  };

  async read(path: string) {
    this.asked.push(`read ${path}`);
    return this.buffers.get(path) ?? null;
  }

  async write(path: string, text: string) {
    this.asked.push(`write ${path}`);
    const isSaved = existsSync(dirname(path)) && !isDirectory(path) && this.save(path, text);
    if (isSaved) this.buffers.set(path, text);
    return isSaved;
  }

  get written() {
    return this.asked.filter((one) => one.startsWith('write '));
  }
}

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** A workspace in which the editor has unsaved text of a file. */
class Place implements Disposable {
  readonly workspace: Workspace;
  readonly editor = new Editor();
  readonly turn: ToolTurn;

  constructor(files: Readonly<Record<string, string>> = { 'a.txt': 'saved\n' }, unsaved = 'unsaved\nmore\n') {
    this.workspace = new Workspace(files);
    this.editor.buffers.set(this.at('a.txt'), unsaved);
    this.turn = new ToolTurn(this.workspace.dir);
    Object.assign(this.turn.context, { documents: this.editor });
  }

  at(name: string) {
    return join(this.workspace.dir, name);
  }

  async read(args: object) {
    return textOf(await this.turn.call(readFileTool.handler, args));
  }

  async patch(...lines: readonly string[]) {
    const { body, success } = await this.turn.freeform(
      applyPatchTool.handler,
      ['*** Begin Patch', ...lines, '*** End Patch'].join('\n'),
    );
    return { body: textOf({ body, success }), success };
  }

  [Symbol.dispose]() {
    this.workspace[Symbol.dispose]();
  }
}

const UPDATE = ['*** Update File: a.txt', '@@', '-unsaved', '+changed'];

describe('files by a client', () => {
  test('are read with what is not saved, in lines and in blocks', async () => {
    using place = new Place();
    expect(await place.read({ file_path: 'a.txt' })).toBe('L1: unsaved\nL2: more');
    expect(await place.read({ file_path: 'a.txt', offset: 2 })).toBe('L2: more');
    expect(await place.read({ file_path: 'a.txt', offset: 9 })).toContain('offset exceeds file length');
    expect(await place.read({ file_path: 'a.txt', mode: 'indentation', offset: 1 })).toContain('L1: unsaved');
    expect(place.editor.asked).toEqual(Array(4).fill(`read ${place.at('a.txt')}`));
  });

  test('are read from the disk where the client has none', async () => {
    using place = new Place({ 'b.txt': 'on the disk\n' });
    expect(await place.read({ file_path: 'b.txt' })).toBe('L1: on the disk');
  });

  test('are changed in what is not saved, and written by the client', async () => {
    using place = new Place();
    expect(await place.patch(...UPDATE)).toMatchObject({ success: true, body: expect.stringContaining('M a.txt:1') });
    expect(place.editor.written).toEqual([`write ${place.at('a.txt')}`]);
    expect([place.workspace.read('a.txt'), place.editor.buffers.get(place.at('a.txt'))]).toEqual([
      'changed\nmore\n',
      'changed\nmore\n',
    ]);
    const edit = { file_path: 'a.txt', old_string: 'more', new_string: 'less' };
    expect((await place.turn.call(editFileTool.handler, edit)).success).toBe(true);
    expect(place.workspace.read('a.txt')).toBe('changed\nless\n');
  });

  test.each<[string, Editor['save']]>([
    ['refuses', () => false],
    ['saves nothing', () => true],
    [
      'saves something else',
      (path, text) => {
        writeFileSync(path, `// formatted\n${text}`);
        return true;
      },
    ],
  ])('are written by keel where the client %s', async (_, save) => {
    using place = new Place();
    place.editor.save = save;
    expect((await place.patch(...UPDATE)).success).toBe(true);
    expect(place.workspace.read('a.txt')).toBe('changed\nmore\n');
  });

  test('are made, moved and removed', async () => {
    using place = new Place({ 'a.txt': 'saved\n', 'b.txt': 'b\n', 'c.txt': 'c\n' });
    const { success } = await place.patch(
      ...['*** Add File: new/d.txt', '+d'],
      ...['*** Delete File: b.txt'],
      ...['*** Update File: c.txt', '*** Move to: e.txt', '@@', '-c', '+e'],
    );
    expect([success, place.workspace.files()]).toEqual([
      true,
      { 'a.txt': 'saved\n', 'e.txt': 'e\n', 'new/d.txt': 'd\n' },
    ]);
    expect(place.editor.written).toEqual([`write ${place.at('new/d.txt')}`]);
  });

  test('are not touched once their text has changed since it was read', async () => {
    using place = new Place();
    Object.assign(place.turn.context.turn, { approvalPolicy: 'untrusted' });
    place.turn.onAsk = () => void place.editor.buffers.set(place.at('a.txt'), 'unsaved\nmore\nand more\n');
    const { success, body } = await place.patch(...UPDATE);
    expect([success, body]).toEqual([false, expect.stringContaining('has changed')]);
    expect([place.editor.written, place.workspace.read('a.txt')]).toEqual([[], 'saved\n']);
  });

  test('are asked about like others, and nothing is sent when the answer is no', async () => {
    using place = new Place();
    Object.assign(place.turn.context.turn, { approvalPolicy: 'untrusted' });
    place.turn.answer = { type: 'denied' };
    expect((await place.patch(...UPDATE)).success).toBe(false);
    expect([place.turn.asked.length, place.editor.written]).toEqual([1, []]);
  });

  test('that keel may not write, or that lie behind a link, are not sent either', async () => {
    using place = new Place({ 'a.txt': 'saved\n', '.git/config': '[core]\n' });
    using outside = new Workspace({ 'secret.txt': 'unsaved\n' });
    symlinkSync(join(outside.dir, 'secret.txt'), place.at('link.txt'));
    Object.assign(place.turn.context.turn, { approvalPolicy: 'never' });
    for (const path of ['.git/config', 'link.txt', join(outside.dir, 'new.txt')]) {
      expect((await place.patch(`*** Add File: ${path}`, '+x')).success).toBe(false);
    }
    expect(place.editor.written).toEqual([]);
    expect(outside.read('secret.txt')).toBe('unsaved\n');
  });

  test('that are hidden are neither read nor written by the client', async () => {
    using place = new Place();
    Object.assign(place.turn.context, { protection: { hidden: [place.at('a.txt')] } });
    expect(await place.read({ file_path: 'a.txt' })).toContain('failed to read file');
    expect((await place.patch(...UPDATE)).success).toBe(false);
    expect(place.editor.asked).toEqual([]);
  });

  test.each<[string, Editor['save']]>([
    ['refuses', () => false],
    ['saves nothing', () => true],
  ])('are put back by keel where the client then %s', async (_, later) => {
    using place = new Place({ 'a.txt': 'saved\n', 'dir/x.txt': 'x\n' });
    place.editor.save = (path, text) => {
      writeFileSync(path, text);
      mkdirSync(place.at('late.txt'));
      place.editor.save = later;
      return true;
    };
    expect((await place.patch(...UPDATE, '*** Add File: late.txt', '+late')).success).toBe(false);
    expect(place.workspace.read('a.txt')).toBe('saved\n');
  });

  test('that nobody can put back are named', async () => {
    using place = new Place({ 'a.txt': 'saved\n', 'dir/x.txt': 'x\n' });
    place.editor.save = (path, text) => {
      writeFileSync(path, text);
      mkdirSync(place.at('late.txt'));
      place.editor.save = () => {
        rmSync(path);
        mkdirSync(path);
        return false;
      };
      return true;
    };
    const { success, body } = await place.patch(...UPDATE, '*** Add File: late.txt', '+late');
    expect([success, body]).toEqual([false, expect.stringMatching(/could not be put back as they were.*a\.txt/)]);
  });

  test('get their text back when a later part of the patch can\u2019t be written', async () => {
    using place = new Place({ 'a.txt': 'saved\n', 'dir/x.txt': 'x\n' });
    place.editor.save = (path, text) => {
      writeFileSync(path, text);
      // Another program puts a directory where the second file belongs.
      if (text.startsWith('changed')) mkdirSync(place.at('late.txt'));
      return true;
    };
    const { success } = await place.patch(...UPDATE, '*** Add File: late.txt', '+late');
    expect(success).toBe(false);
    expect([place.workspace.read('a.txt'), place.editor.buffers.get(place.at('a.txt'))]).toEqual([
      'unsaved\nmore\n',
      'unsaved\nmore\n',
    ]);
  });
});
