import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { cutForModel } from '../../../src/foundation/util/index.ts';
import { editFileTool } from '../../../src/tools/builtin/edit-file.ts';
import { grepFilesTool } from '../../../src/tools/builtin/grep-files.ts';
import { listDirTool } from '../../../src/tools/builtin/list-dir.ts';
import { readFileTool } from '../../../src/tools/builtin/read-file.ts';
import { viewImageTool } from '../../../src/tools/builtin/view-image.ts';
import type { ToolHandler } from '../../../src/tools/contract/tool.ts';
import { Workspace } from '../patch/support.ts';
import { MARK, ToolTurn, textOf } from './support.ts';

async function run(handler: ToolHandler, workspace: Workspace, args: Record<string, unknown>): Promise<string> {
  return textOf(await new ToolTurn(workspace.dir).call(handler, args));
}

function reader(content: string | Buffer) {
  return async (args: Record<string, unknown> = {}) => {
    using workspace = new Workspace();
    workspace.write('f', content);
    return await run(readFileTool.handler, workspace, { file_path: workspace.path('f'), ...args });
  };
}

describe('read_file', () => {
  it('numbers lines and strips their ends', async () => {
    expect(await reader('a\r\nb\n\nd')()).toBe('L1: a\nL2: b\nL3: \nL4: d');
  });

  it('counts lines by line feeds alone, as other programs do', async () => {
    expect(await reader('a\u2028b\rc\nd\n')()).toBe('L1: a\u2028b\rc\nL2: d');
  });

  it('takes a path from the working directory', async () => {
    expect(await reader('a\n')({ file_path: './f' })).toBe('L1: a');
  });

  it('gives as many whole lines as a model is shown, and says where to continue', async () => {
    const text = await reader(`${'some words of a line\n'.repeat(1_000)}`)();
    const [, last = ''] = /^keel:t3st Lines 1-(\d+) of 1000 shown\. Continue with offset/m.exec(text) ?? [];
    expect(text).toContain(`\nL${last}: some words of a line\n${MARK} Lines 1-${last}`);
    expect(text.endsWith(`offset ${Number(last) + 1}.`)).toBe(true);
    expect(cutForModel(text)).toBe(text);
    const rest = await reader(`${'some words of a line\n'.repeat(1_000)}`)({ offset: Number(last) + 1, limit: 1 });
    expect(rest).toMatch(new RegExp(`^L${Number(last) + 1}: `));
  });

  it('gives the start of a block that is too long', async () => {
    const text = await reader(`a:\n${'  some words of a line\n'.repeat(1_000)}`)({ mode: 'indentation', offset: 500 });
    expect(text).toMatch(/^L1: a:\nL2: /);
    expect(text).toMatch(/^keel:t3st Lines 1-\d+ of a block that ends with 1001 shown\./m);
    expect(cutForModel(text)).toBe(text);
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

  it('replaces bytes that are not UTF-8, and says so', async () => {
    expect(await reader(Buffer.from([0x61, 0xff, 0x0a]))()).toBe(
      `L1: a\ufffd\n${MARK} Bytes that are not UTF-8 (perhaps Latin-1) are shown as U+FFFD; lines: 1.`,
    );
  });

  it.each([
    [{ offset: 0 }, 'offset must be at least 1'],
    [{ offset: -1 }, 'offset must be at least 1'],
    [{ limit: 0 }, 'limit must be at least 1'],
    [{ offset: 3 }, 'offset exceeds file length'],
    [{ file_path: 'none' }, 'failed to read file: ENOENT'],
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
    await turn.call(readFileTool.handler, { file_path: workspace.path('f') });
    await turn.call(readFileTool.handler, { file_path: workspace.path('none') });
    await turn.call(readFileTool.handler, { wrong: 1 });
    expect(turn.seen).toEqual([
      'started toolCall inProgress',
      'completed toolCall completed',
      'started toolCall inProgress',
      'completed toolCall failed',
    ]);
  });
});

describe('a file that is no UTF-8 text', () => {
  it.each([
    [
      'UTF-16 with a mark',
      Buffer.from('\ufeffone\n', 'utf16le'),
      'it is UTF-16LE text, not UTF-8: convert it with iconv',
    ],
    [
      'UTF-16 without one',
      Buffer.from('one two\n', 'utf16le'),
      'it is UTF-16LE text, not UTF-8: convert it with iconv',
    ],
    ['an image', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'it is a binary file'],
    ['text with a zero byte', Buffer.from('one\0two\n'), 'it is a binary file'],
  ])('is named by read_file and not shown: %s', async (_, content, reason) => {
    for (const args of [{}, { mode: 'indentation' }]) {
      expect(await reader(content)(args)).toMatch(new RegExp(`^failed to read file: .*/f: ${reason}$`));
    }
  });

  it('is shown where it is Latin-1, with a word on the lines that are not exact', async () => {
    expect(await reader(Buffer.from('one\ncaf\xe9\nna\xefve\n', 'latin1'))({ limit: 2 })).toBe(
      `L1: one\nL2: caf\ufffd\n${MARK} Bytes that are not UTF-8 (perhaps Latin-1) are shown as U+FFFD; lines: 1.\n${MARK} Lines 1-2 of 3 shown. Continue with offset 3.`,
    );
  });

  it('is none for a replacement character of its own, nor a long line that is cut', async () => {
    expect(await reader('a\ufffd\n')()).toBe('L1: a\ufffd');
    expect(await reader(`${'é'.repeat(600)}\n`)()).not.toContain('U+FFFD');
  });
});

describe('a path in the notation of another system', () => {
  it.each([
    [readFileTool.handler, { file_path: '~/x' }],
    [listDirTool.handler, { dir_path: '"/tmp"' }],
    [grepFilesTool.handler, { pattern: 'x', path: 'file:///tmp' }],
    [viewImageTool.handler, { path: '$HOME/x.png' }],
    [editFileTool.handler, { file_path: 'src\\x', old_string: 'a', new_string: 'b' }],
  ])('is refused with the right form by each tool (%#)', async (handler, args) => {
    using workspace = new Workspace();
    expect(await run(handler, workspace, args)).toMatch(/is not a plain path: .*\. Write \S/);
  });
});

/** A name with bytes that are no UTF-8, one with a line feed, one that turns the direction of text. */
const oddNames = [Buffer.from('latin-\xe9', 'latin1'), Buffer.from("line\nfeed'"), Buffer.from('rtl-\u202e')];
const shownNames = ["$'latin-\\xe9'", "$'line\\nfeed\\''", "$'rtl-\\xe2\\x80\\xae'"];

function writeOdd(workspace: Workspace): void {
  for (const name of oddNames) writeFileSync(Buffer.concat([Buffer.from(`${workspace.dir}/`), name]), 'needle\n');
}

describe('a file with an unusual name', () => {
  it('is listed on one line, as a word that a shell understands', async () => {
    using workspace = new Workspace();
    writeOdd(workspace);
    expect((await run(listDirTool.handler, workspace, { dir_path: workspace.dir })).split('\n').slice(1)).toEqual(
      shownNames,
    );
    const read = execFileSync('bash', ['-c', `cat ${shownNames.join(' ')}`], { cwd: workspace.dir, encoding: 'utf8' });
    expect(read).toBe('needle\n'.repeat(3));
  });

  it('is found by its contents', async () => {
    using workspace = new Workspace();
    writeOdd(workspace);
    const found = (await run(grepFilesTool.handler, workspace, { pattern: 'needle' })).split('\n').sort();
    expect(found).toEqual(shownNames.map((name) => `$'${workspace.dir}/${name.slice(2)}`));
  });

  it('may be a directory, which is listed too', async () => {
    using workspace = new Workspace();
    const unusual = Buffer.concat([Buffer.from(`${workspace.dir}/`), Buffer.from('d\xe9/', 'latin1')]);
    mkdirSync(unusual);
    writeFileSync(Buffer.concat([unusual, Buffer.from('in')]), '');
    expect(await run(listDirTool.handler, workspace, { dir_path: workspace.dir })).toContain("$'d\\xe9'/\n  in");
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
    expect(await run(listDirTool.handler, workspace, { dir_path: workspace.dir })).toBe(
      `Absolute path: ${workspace.dir}\na/\n  deep/\n  x.txt\nb.txt\nlink@\nsocket?`,
    );
  });

  it('gives a page and says where to continue', async () => {
    using workspace = new Workspace({ a: '', b: '', c: '' });
    expect(await run(listDirTool.handler, workspace, { path: workspace.dir, limit: 2 })).toBe(
      `Absolute path: ${workspace.dir}\na\nb\nMore than 2 entries found. Continue with offset 3.`,
    );
    expect(await run(listDirTool.handler, workspace, { path: workspace.dir, offset: 3 })).toBe(
      `Absolute path: ${workspace.dir}\nc`,
    );
  });

  it('shows an empty directory by its path alone', async () => {
    using workspace = new Workspace();
    expect(await run(listDirTool.handler, workspace, { dir_path: workspace.dir })).toBe(
      `Absolute path: ${workspace.dir}`,
    );
  });

  it('T40: does not follow links that lead in a circle', async () => {
    using workspace = new Workspace();
    mkdirSync(workspace.path('d'));
    symlinkSync('..', workspace.path('d/up'));
    expect(await run(listDirTool.handler, workspace, { dir_path: workspace.dir, depth: 50 })).toBe(
      `Absolute path: ${workspace.dir}\nd/\n  up@`,
    );
  });

  it.each([
    [{ offset: 0 }, 'must be at least 1'],
    [{ limit: 0 }, 'must be at least 1'],
    [{ depth: -1 }, 'must be at least 1'],
    [{ offset: 9 }, 'offset exceeds directory entry count'],
    [{ dir_path: 'relative' }, 'failed to read directory: ENOENT'],
    [{ dir_path: '/none/such' }, 'failed to read directory: ENOENT'],
  ])('T40: answers %j with an error', async (args, message) => {
    using workspace = new Workspace({ a: '' });
    expect(await run(listDirTool.handler, workspace, { dir_path: workspace.dir, ...args })).toContain(message);
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
    expect(await run(grepFilesTool.handler, workspace, { pattern: 'need.e', include: '*.ts' })).toBe(
      `${workspace.path('new.ts')}\n${workspace.path('old.ts')}`,
    );
  });

  it('says when there are more paths than asked for', async () => {
    using workspace = new Workspace({ a: 'x', b: 'x', c: 'x' });
    const text = await run(grepFilesTool.handler, workspace, { pattern: 'x', limit: 2 });
    expect(text.split('\n').at(-1)).toBe(
      `${MARK} The first 2 paths are shown; there are more. Narrow the pattern, path or include.`,
    );
  });

  it('takes a pattern that starts with a dash, and searches only the given path', async () => {
    using workspace = new Workspace({ 'in/a': '-v\n', 'out/b': '-v\n' });
    expect(await run(grepFilesTool.handler, workspace, { pattern: '-v', path: 'in' })).toBe(workspace.path('in/a'));
  });

  it('never waits for a pipe, named or met on the way', async () => {
    using workspace = new Workspace({ a: 'needle\n' });
    execFileSync('mkfifo', [workspace.path('pipe')]);
    symlinkSync('pipe', workspace.path('link'));
    expect(await run(grepFilesTool.handler, workspace, { pattern: 'needle' })).toBe(workspace.path('a'));
    for (const path of ['pipe', 'link']) {
      expect(await run(grepFilesTool.handler, workspace, { pattern: 'needle', path })).toMatch(
        /it is not a regular file$/,
      );
    }
  });

  it.skipIf(process.getuid?.() === 0)('says what it could not search', async () => {
    using workspace = new Workspace({ a: 'needle\n', closed: 'needle\n' });
    chmodSync(workspace.path('closed'), 0);
    const note = `${MARK} Not searched: ${workspace.path('closed')}: Permission denied (os error 13)`;
    expect(await run(grepFilesTool.handler, workspace, { pattern: 'needle' })).toBe(`${workspace.path('a')}\n${note}`);
    expect(await run(grepFilesTool.handler, workspace, { pattern: 'nothing' })).toMatch(
      /^No matches found\. .*\nkeel:t3st Not searched: /,
    );
  });

  it('answers with no success when nothing matches', async () => {
    using workspace = new Workspace({ a: 'x' });
    const output = await new ToolTurn(workspace.dir).call(grepFilesTool.handler, { pattern: 'zzz' });
    const skipped = 'Ignored, hidden and binary files and links were not searched.';
    expect(output).toEqual({ body: `No matches found. ${skipped}`, success: false });
  });

  it.each([
    [{ pattern: '(' }, /^the search failed: .*regex parse error/s],
    [{ pattern: 'x', path: 'none' }, /^unable to access .*none/],
    [{ pattern: 'x', limit: 0 }, /^limit must be at least 1/],
    [{ pattern: '' }, /^failed to parse function arguments: invalid value for `pattern`/],
  ])('T40: answers %j with an error', async (args, message) => {
    using workspace = new Workspace({ a: 'x' });
    const output = await new ToolTurn(workspace.dir).call(grepFilesTool.handler, args);
    expect(output.success).toBe(false);
    expect(textOf(output)).toMatch(message);
  });
});
