import { once } from 'node:events';
import { mkdirSync, symlinkSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { grepFilesHandler } from '../../../src/tools/handlers/grep-files.ts';
import { listDirHandler } from '../../../src/tools/handlers/list-dir.ts';
import { readFileHandler } from '../../../src/tools/handlers/read-file.ts';
import type { ToolHandler } from '../../../src/tools/types.ts';
import { Workspace } from '../../patch/support.ts';
import { MARK, ToolTurn, textOf } from './support.ts';

async function run(handler: ToolHandler, workspace: Workspace, args: Record<string, unknown>): Promise<string> {
  return textOf(await new ToolTurn(workspace.dir).call(handler, args));
}

function reader(content: string | Buffer) {
  return async (args: Record<string, unknown> = {}) => {
    using workspace = new Workspace();
    workspace.write('f', content);
    return await run(readFileHandler, workspace, { file_path: workspace.path('f'), ...args });
  };
}

describe('read_file', () => {
  it('numbers lines and strips their ends', async () => {
    expect(await reader('a\r\nb\n\nd')()).toBe('L1: a\nL2: b\nL3: \nL4: d');
  });

  it('counts lines by line feeds alone, as other programs do', async () => {
    expect(await reader('a\u2028b\rc\nd\n')()).toBe('L1: a\u2028b\rc\nL2: d');
  });

  it('gives a slice and says where to continue', async () => {
    expect(await reader('1\n2\n3\n4\n')({ offset: '2', limit: 2 })).toBe(
      `L2: 2\nL3: 3\n${MARK} Lines 2-3 of 4 shown. Continue with offset 4.`,
    );
  });

  it('cuts long lines at a character and says how many', async () => {
    const line = `${'x'.repeat(499)}é`;
    expect(await reader(`${line}\nshort\n${'y'.repeat(500)}\n`)()).toBe(
      `L1: ${'x'.repeat(499)}\nL2: short\nL3: ${'y'.repeat(500)}\n${MARK} 1 long lines were shortened to 500 bytes.`,
    );
  });

  it('T40: reads a line of 50 MB without keeping it', async () => {
    const text = await reader(Buffer.concat([Buffer.alloc(50_000_000, 0x61), Buffer.from('\nend\n')]))();
    expect(text).toBe(`L1: ${'a'.repeat(500)}\nL2: end\n${MARK} 1 long lines were shortened to 500 bytes.`);
  });

  it('replaces bytes that are not UTF-8', async () => {
    expect(await reader(Buffer.from([0x61, 0xff, 0x0a]))()).toBe('L1: a\ufffd');
  });

  it.each([
    [{ offset: 0 }, 'offset must be at least 1'],
    [{ offset: -1 }, 'offset must be at least 1'],
    [{ limit: 0 }, 'limit must be at least 1'],
    [{ offset: 3 }, 'offset exceeds file length'],
    [{ file_path: 'f' }, 'file_path must be an absolute path'],
    [{ file_path: '/' }, 'failed to read file: '],
    [{ file_path: '/dev/zero' }, 'failed to read file: '],
    [{ file_path: '/none/such' }, 'failed to read file: ENOENT'],
    [{ mode: 'indentation', indentation: { anchor_line: 9 } }, 'anchor_line must lie between 1 and 2'],
    [{ mode: 'indentation', indentation: { anchor_line: 0 } }, 'anchor_line must lie between 1 and 2'],
    [{ mode: 'indentation', indentation: { max_lines: 0 } }, 'max_lines must be at least 1'],
  ])('T40: answers %j with an error', async (args, message) => {
    expect(await reader('a\nb\n')(args)).toContain(message);
  });

  it('shows the call as begun and done, and a failed one as failed', async () => {
    using workspace = new Workspace({ f: 'x' });
    const turn = new ToolTurn(workspace.dir);
    await turn.call(readFileHandler, { file_path: workspace.path('f') });
    await turn.call(readFileHandler, { file_path: workspace.path('none') });
    await turn.call(readFileHandler, { wrong: 1 });
    expect(turn.seen).toEqual([
      'started toolCall inProgress',
      'completed toolCall completed',
      'started toolCall inProgress',
      'completed toolCall failed',
    ]);
  });
});

describe('read_file by indentation', () => {
  const source = [
    'import x',
    '',
    'class A:',
    '    # adds',
    '    def add(self):',
    '        if x:',
    '            return 1',
    '        return 2',
    '',
    '    def other(self):',
    '        pass',
    '',
    '    def third(self):',
    '        pass',
    '',
    'class B:',
    '    pass',
  ].join('\n');

  async function lines(indentation: Record<string, unknown>, more: Record<string, unknown> = {}): Promise<string> {
    const text = await reader(source)({ mode: 'indentation', indentation, ...more });
    return [...text.matchAll(/^L(\d+)/gm)].map(([, number]) => number).join(' ');
  }

  it('gives the block one level out: its head with the comment above, and as far as one line of that level below', async () => {
    expect(await lines({ anchor_line: 8, max_levels: 1 })).toBe('4 5 6 7 8 9 10 11');
  });

  it('gives all of it around the anchor when no level is set', async () => {
    expect(await lines({ anchor_line: 7, include_siblings: true })).toBe('1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17');
  });

  it('gives sibling blocks when they are asked for', async () => {
    expect(await lines({ anchor_line: 8, max_levels: 1, include_siblings: true })).toBe('4 5 6 7 8 9 10 11 12 13 14');
  });

  it('gives no more lines than are asked for', async () => {
    expect(await lines({ anchor_line: 7, max_lines: 3 })).toBe('6 7 8');
    expect(await lines({ anchor_line: 7 }, { limit: 1 })).toBe('7');
  });
});

describe('list_dir', () => {
  it('shows a tree with marks for directories, links and the rest', async () => {
    using workspace = new Workspace({ 'b.txt': '', 'a/x.txt': '', 'a/deep/y.txt': '' });
    symlinkSync('a', workspace.path('link'));
    await using server = createServer().listen(workspace.path('socket'));
    await once(server, 'listening');
    expect(await run(listDirHandler, workspace, { dir_path: workspace.dir })).toBe(
      `Absolute path: ${workspace.dir}\na/\n  deep/\n  x.txt\nb.txt\nlink@\nsocket?`,
    );
  });

  it('gives a page and says where to continue', async () => {
    using workspace = new Workspace({ a: '', b: '', c: '' });
    expect(await run(listDirHandler, workspace, { path: workspace.dir, limit: 2 })).toBe(
      `Absolute path: ${workspace.dir}\na\nb\nMore than 2 entries found. Continue with offset 3.`,
    );
    expect(await run(listDirHandler, workspace, { path: workspace.dir, offset: 3 })).toBe(
      `Absolute path: ${workspace.dir}\nc`,
    );
  });

  it('shows an empty directory by its path alone', async () => {
    using workspace = new Workspace();
    expect(await run(listDirHandler, workspace, { dir_path: workspace.dir })).toBe(`Absolute path: ${workspace.dir}`);
  });

  it('T40: does not follow links that lead in a circle', async () => {
    using workspace = new Workspace();
    mkdirSync(workspace.path('d'));
    symlinkSync('..', workspace.path('d/up'));
    expect(await run(listDirHandler, workspace, { dir_path: workspace.dir, depth: 50 })).toBe(
      `Absolute path: ${workspace.dir}\nd/\n  up@`,
    );
  });

  it.each([
    [{ offset: 0 }, 'must be at least 1'],
    [{ limit: 0 }, 'must be at least 1'],
    [{ depth: -1 }, 'must be at least 1'],
    [{ offset: 9 }, 'offset exceeds directory entry count'],
    [{ dir_path: 'relative' }, 'dir_path must be an absolute path'],
    [{ dir_path: '/none/such' }, 'failed to read directory: ENOENT'],
  ])('T40: answers %j with an error', async (args, message) => {
    using workspace = new Workspace({ a: '' });
    expect(await run(listDirHandler, workspace, { dir_path: workspace.dir, ...args })).toContain(message);
  });
});

describe('grep_files', () => {
  it('gives the paths of files that match, the last changed first', async () => {
    using workspace = new Workspace({
      'old.ts': 'needle\n',
      'new.ts': 'needle\n',
      'x.txt': 'needle\n',
      'no.ts': 'hay\n',
    });
    utimesSync(workspace.path('old.ts'), 1_000, 1_000);
    utimesSync(workspace.path('new.ts'), 2_000, 2_000);
    expect(await run(grepFilesHandler, workspace, { pattern: 'need.e', include: '*.ts' })).toBe(
      `${workspace.path('new.ts')}\n${workspace.path('old.ts')}`,
    );
  });

  it('says when there are more paths than asked for', async () => {
    using workspace = new Workspace({ a: 'x', b: 'x', c: 'x' });
    const text = await run(grepFilesHandler, workspace, { pattern: 'x', limit: 2 });
    expect(text.split('\n').at(-1)).toBe(
      `${MARK} The first 2 paths are shown; there are more. Narrow the pattern, path or include.`,
    );
  });

  it('takes a pattern that begins with a dash, and looks only where it is told', async () => {
    using workspace = new Workspace({ 'in/a': '-v\n', 'out/b': '-v\n' });
    expect(await run(grepFilesHandler, workspace, { pattern: '-v', path: 'in' })).toBe(workspace.path('in/a'));
  });

  it('answers with no success when nothing matches', async () => {
    using workspace = new Workspace({ a: 'x' });
    const output = await new ToolTurn(workspace.dir).call(grepFilesHandler, { pattern: 'zzz' });
    expect(output).toEqual({ body: 'No matches found.', success: false });
  });

  it.each([
    [{ pattern: '(' }, /^the search failed: .*regex parse error/s],
    [{ pattern: 'x', path: 'none' }, /^unable to access .*none/],
    [{ pattern: 'x', limit: 0 }, /^limit must be at least 1/],
    [{ pattern: '' }, /^failed to parse function arguments: invalid value for `pattern`/],
  ])('T40: answers %j with an error', async (args, message) => {
    using workspace = new Workspace({ a: 'x' });
    const output = await new ToolTurn(workspace.dir).call(grepFilesHandler, args);
    expect(output.success).toBe(false);
    expect(textOf(output)).toMatch(message);
  });
});
