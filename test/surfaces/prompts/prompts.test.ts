import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filledPrompt, shellWords } from '../../../src/surfaces/prompts/custom-prompt.ts';
import {
  argumentHint,
  promptArguments,
  promptSummary,
  readPromptFiles,
  typedPrompts,
} from '../../../src/surfaces/prompts/index.ts';
import { parsePromptFile } from '../../../src/surfaces/prompts/prompt-file.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

describe('words', () => {
  test.each<[string, string[] | null]>([
    ['', []],
    ['   ', []],
    ['a', ['a']],
    [' a  b\tc\nd ', ['a', 'b', 'c', 'd']],
    ['"a b" c', ['a b', 'c']],
    ["'a b'", ['a b']],
    ['a"b c"d', ['ab cd']],
    ['""', ['']],
    ["'' x", ['', 'x']],
    ['a\\ b', ['a b']],
    ['\\"a', ['"a']],
    ['"a\\"b"', ['a"b']],
    ["'a\\b'", ['a\\b']],
    ["'it'\\''s'", ["it's"]],
    ['a\\', ['a\\']],
    ['"a', null],
    ["'a", null],
    ['a"', null],
    ['"it\'s"', ["it's"]],
    ['漢字 "ü ö"', ['漢字', 'ü ö']],
    ['$HOME `x` *', ['$HOME', '`x`', '*']],
  ])('%j are %j', (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  test('that are quoted as a shell quotes them are read as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
        expect(shellWords(quoted)).toEqual(words);
      }),
    );
  });

  test('never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('"', "'", '\\', ' ', 'a', '\n')), (parts) => {
        const words = shellWords(parts.join(''));
        expect(words === null || Array.isArray(words)).toBe(true);
      }),
    );
  });
});

describe('a prompt with places for words', () => {
  test.each([
    ['Fix $1.', 'a.ts', 'Fix a.ts.'],
    ['$2 before $1', 'a b', 'b before a'],
    ['$1 and $1', 'a', 'a and a'],
    ['$1-$9', 'a', 'a-'],
    ['All: $ARGUMENTS', 'a  "b c" d', 'All: a b c d'],
    ['All: $ARGUMENTS', '', 'All: '],
    ['No places', 'a b', 'No places'],
    ['$$1 and $$', 'a', '$$1 and $$'],
    ['$0 $10', 'a', '$0 a0'],
    ['cost $ 5', 'a', 'cost $ 5'],
    ['$1', '"$2 $ARGUMENTS"', '$2 $ARGUMENTS'],
    ['$home', 'a', '$home'],
  ])('%j with %j is %j', (body, words, text) => {
    expect(filledPrompt('p', body, words)).toEqual({ type: 'filled', text });
  });

  test.each([
    ['In $LANG', 'LANG=ts', 'In ts'],
    ['$A and $A', 'A=1', '1 and 1'],
    ['$A $B', 'B=2 A="x y"', 'x y 2'],
    ['$A', 'A=', ''],
    ['$A', 'A=b=c', 'b=c'],
    ['$A', 'A=1 A=2', '2'],
    ['$A', 'A=$A', '$A'],
    ['$A $$B', 'A=1', '1 $$B'],
    ['$A_1', 'A_1=x', 'x'],
    ['$A $ARGUMENTS', 'A=1', '1 $ARGUMENTS'],
    ['$A', 'A=$& OTHER=x', '$&'],
  ])('%j with the names %j is %j', (body, words, text) => {
    expect(filledPrompt('p', body, words)).toEqual({ type: 'filled', text });
  });

  test.each([
    ['$A $B $A', '', '/prompts:p needs A, B'],
    ['$A $B', 'A=1', '/prompts:p needs B'],
    ['$A', 'x', '/prompts:p: "x" is not of the form KEY=value'],
    ['$A', '=x', '/prompts:p: "=x" is not of the form KEY=value'],
    ['$1', '"open', '/prompts:p: a quote is not closed'],
  ])('%j with %j is refused: %s', (body, words, reason) => {
    expect(filledPrompt('p', body, words)).toEqual({ type: 'fault', reason });
  });

  test('keeps what is filled in exactly, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const quoted = value.replaceAll("'", "'\\''");
        expect(filledPrompt('p', '<$1>', `'${quoted}'`)).toEqual({ type: 'filled', text: `<${value}>` });
        expect(filledPrompt('p', '<$NAME>', `'NAME=${quoted}'`)).toEqual({ type: 'filled', text: `<${value}>` });
      }),
    );
  });
});

describe('a prompt’s file', () => {
  test.each([
    ['Just text', { body: 'Just text' }],
    ['', { body: '' }],
    [
      '---\ndescription: Fixes\nargument-hint: FILE\n---\nBody\n',
      { description: 'Fixes', argumentHint: 'FILE', body: 'Body\n' },
    ],
    ['---\r\ndescription: Fixes\r\n---\r\nBody', { description: 'Fixes', body: 'Body' }],
    ['---\nDescription: "in: quotes"\n---\n', { description: 'in: quotes', body: '' }],
    ["---\ndescription: 'x'\n---\n", { description: 'x', body: '' }],
    ['---\ndescription: a: b: c\n---\n', { description: 'a: b: c', body: '' }],
    ['---\nargument_hint: A\n---\n', { argumentHint: 'A', body: '' }],
    ['---\n# note\n\nno colon here\nother: x\n---\nB', { body: 'B' }],
    ['---\nnever closed\nbody', { body: '---\nnever closed\nbody' }],
    ['--- \ndescription: x\n --- \nB', { description: 'x', body: 'B' }],
    ['text\n---\ndescription: x\n---\n', { body: 'text\n---\ndescription: x\n---\n' }],
    ['---\n---\nB', { body: 'B' }],
    ['---\ndescription: "\n---\nB', { description: '"', body: 'B' }],
    ['---\ndescription:\n---\n---\nB', { body: '---\nB' }],
  ])('%j is %j', (text, file) => {
    expect(parsePromptFile(text)).toEqual({ description: '', argumentHint: '', ...file });
  });
});

describe('files of prompts', () => {
  let home: TempDir;
  beforeEach(() => {
    home = tempDir();
  });
  afterEach(() => home[Symbol.dispose]());

  const read = (plugins: Parameters<typeof readPromptFiles>[0]['plugins'] = [], trustedFolder: string | null = null) =>
    readPromptFiles({ home: home.path, plugins, trustedFolder });

  test('are read by name, without their ending', () => {
    home.write({ 'prompts/b.md': 'B', 'prompts/a.md': '---\ndescription: first\n---\nA', 'prompts/C.MD': 'C' });
    expect(read()).toEqual([
      { name: 'C', description: '', argumentHint: '', body: 'C' },
      { name: 'a', description: 'first', argumentHint: '', body: 'A' },
      { name: 'b', description: '', argumentHint: '', body: 'B' },
    ]);
  });

  test('that are something else are passed over', () => {
    home.write({
      'prompts/.md': 'x',
      'prompts/a.txt': 'x',
      'prompts/sub/b.md': 'x',
      'secret.txt': 'secret',
      'prompts/ok.md': 'ok',
    });
    mkdirSync(join(home.path, 'prompts/dir.md'));
    symlinkSync(join(home.path, 'secret.txt'), join(home.path, 'prompts/link.md'));
    writeFileSync(join(home.path, 'prompts/binary.md'), Buffer.from([0xff, 0xfe, 0x00]));
    expect(read().map(({ name }) => name)).toEqual(['ok']);
  });

  test('of a project count where the user trusts it, after those of the user', () => {
    using project = tempDir();
    home.write({ 'prompts/fix.md': 'mine' });
    project.write({ '.keel/prompts/fix.md': 'theirs', '.keel/prompts/ship.md': 'Ship it.' });
    const bodies = (folder: string | null) => read([], folder).map(({ name, body }) => [name, body]);
    expect(bodies(null)).toEqual([['fix', 'mine']]);
    expect(bodies(project.path)).toEqual([
      ['fix', 'mine'],
      ['ship', 'Ship it.'],
    ]);
  });

  test('of a project do not lead out of it, and nobody else may have written them', () => {
    using project = tempDir();
    using other = tempDir();
    other.write({ 'prompts/out.md': 'outside' });
    project.write({ '.keel/prompts/open.md': 'x', '.keel/prompts/ok.md': 'ok' });
    symlinkSync(join(other.path, 'prompts/out.md'), join(project.path, '.keel/prompts/link.md'));
    chmodSync(join(project.path, '.keel/prompts/open.md'), 0o666);
    expect(read([], project.path).map(({ name }) => name)).toEqual(['ok']);
    using linked = tempDir();
    mkdirSync(join(linked.path, '.keel'));
    symlinkSync(join(other.path, 'prompts'), join(linked.path, '.keel/prompts'));
    expect(read([], linked.path)).toEqual([]);
  });

  test('without a directory are none', () => {
    expect(read()).toEqual([]);
  });

  test('may start with a byte order mark', () => {
    home.write({ 'prompts/a.md': '\ufeff---\ndescription: x\n---\nA' });
    expect(read()[0]).toMatchObject({ description: 'x', body: 'A' });
  });
});

describe('prompts of servers', () => {
  const prompt = (name: string, more = {}) => ({ server: 'docs', name, ...more });

  test('are typed by their server and name, if a word can be made of these', () => {
    const names = [
      ...typedPrompts([prompt('explain'), prompt('two words'), prompt('a/b'), prompt('x\u0007'), prompt('ü')]).keys(),
    ];
    expect(names).toEqual(['mcp:docs:explain', 'mcp:docs:ü']);
  });

  test.each([
    [{}, 'a prompt of docs'],
    [{ description: '' }, 'a prompt of docs'],
    [{ description: ' \n\u0000 ' }, 'a prompt of docs'],
    [{ description: 'Explains\n  a\tfile' }, 'Explains a file'],
  ])('%j is summed up as %s', (more, text) => {
    expect(promptSummary(prompt('p', more))).toBe(text);
  });

  test.each([
    [{}, ''],
    [{ arguments: [] }, ''],
    [{ arguments: [{ name: 'a', required: true }, { name: 'b', required: false }, { name: 'c' }] }, 'a [b] [c]'],
  ])('%j hint at %j', (more, text) => {
    expect(argumentHint(prompt('p', more))).toBe(text);
  });

  const fields = { arguments: [{ name: 'a', required: true }, { name: 'b' }] };
  test.each([
    ['x', { a: 'x' }],
    ['x y', { a: 'x', b: 'y' }],
    ['x y z', { a: 'x', b: 'y z' }],
    ['b=1 x', { a: 'x', b: '1' }],
    ['a=1 b=2', { a: '1', b: '2' }],
    ['b=2 "x y" z', { a: 'x y z', b: '2' }],
    ['c=1', { a: 'c=1' }],
    ['a=1 rest of it', { a: '1', b: 'rest of it' }],
    ['a=1 a=2', { a: '2' }],
  ])('the words %j are %j', (typed, args) => {
    expect(promptArguments(prompt('p', fields), 'p', typed)).toEqual({ type: 'read', args });
  });

  test.each([
    ['', '/p needs a'],
    ['b=1', '/p needs a'],
    ['a=1 b=2 c', '/p takes no further words: c'],
    ['"x', '/p: a quote is not closed'],
  ])('the words %j are refused: %s', (typed, reason) => {
    expect(promptArguments(prompt('p', fields), 'p', typed)).toEqual({ type: 'fault', reason });
  });
});
