import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeRows, expandTabs } from '../../../src/surfaces/text/code-rows.ts';
import { highlightLines } from '../../../src/surfaces/text/highlight.ts';
import { languageFile, languageOfPath } from '../../../src/surfaces/text/languages.ts';
import { isContinued, type Role, rowText } from '../../../src/surfaces/text/row.ts';
import { rowWidth } from '../../../src/surfaces/text/width.ts';
import { copiedText } from './support.ts';

/** The role of the span in which a word of the code is. */
function roleOf(language: string, code: string, word: string): Role | undefined {
  const spans = highlightLines(language, code.split('\n')).flat();
  return spans.find(({ text }) => text.includes(word))?.style.role;
}

test.each([
  ['ts', 'const a = 1;', 'const', 'keyword'],
  ['tsx', 'return null;', 'null', 'number'],
  ['py', 'def main(): pass', 'def', 'keyword'],
  ['python', '# note', 'note', 'comment'],
  ['rs', 'fn main() {}', 'fn', 'keyword'],
  ['go', 'func main() {}', 'func', 'keyword'],
  ['sh', 'echo "hi"', 'hi', 'string'],
  ['bash', 'if true; then :; fi', 'if', 'keyword'],
  ['json', '{"a": 12}', '12', 'number'],
  ['jsonc', '{"key": true}', 'key', 'function'],
  ['yml', 'key: value', 'key', 'function'],
  ['sql', 'SELECT 1', 'SELECT', 'keyword'],
  ['css', 'a { color: red }', 'color', 'function'],
  ['html', '<p class="x">t</p>', 'p', 'keyword'],
  ['c++', 'int main() { return 0; }', 'return', 'keyword'],
  ['c#', 'public class A {}', 'public', 'keyword'],
  ['diff', '+ added', 'added', 'added'],
  ['patch', '- removed', 'removed', 'removed'],
  ['docker', 'FROM node:24', 'FROM', 'keyword'],
  ['toml', 'a = "b"', '"b"', 'string'],
  ['JAVA', 'class A {}', 'class', 'keyword'],
  ['rb', 'def a; end', 'def', 'keyword'],
  ['kt', 'fun main() {}', 'fun', 'keyword'],
  ['md', '# Title', 'Title', 'heading'],
] as const)('%s: in %j the word %j is a %s', (language, code, word, role) => {
  expect(roleOf(language, code, word)).toBe(role);
});

test.each(['', 'nothing', 'constructor', '__proto__', 'toString', '../core', 'a/b', ' ts'])(
  'the language %j is none: its code is plain',
  (language) => {
    expect(highlightLines(language, ['const a = 1;', ''])).toEqual([[{ text: 'const a = 1;', style: {} }], []]);
  },
);

test('every language in the list can be loaded', () => {
  const names =
    'bash c clojure cmake cpp csharp css dart diff dockerfile elixir erlang fsharp go gradle graphql groovy haskell ini java javascript json julia kotlin latex less lua makefile markdown matlab nginx nix objectivec ocaml perl php powershell properties protobuf python r ruby rust scala scss sql swift typescript verilog vim xml yaml';
  for (const name of names.split(' ')) {
    expect(languageFile(name)).toBe(name);
    expect(highlightLines(name, ['x = 1']).map(rowText)).toEqual(['x = 1']);
  }
});

test.each([
  ['src/a.ts', 'typescript'],
  ['src/A.TSX', 'typescript'],
  ['lib.rs', 'rust'],
  ['Dockerfile', 'dockerfile'],
  ['deploy/dockerfile', 'dockerfile'],
  ['Makefile', 'makefile'],
  ['sub/CMakeLists.txt', 'cmake'],
  ['a.test.mjs', 'javascript'],
  ['a.b/readme', null],
  ['LICENSE', null],
  ['.bashrc', 'bash'],
  ['notes.unknown', null],
  ['', null],
  ['ts', 'typescript'],
  ['dir.py/', null],
])('the language of the path %j is %s', (path, file) => {
  expect(languageFile(languageOfPath(path))).toBe(file);
});

test('a text that reaches over lines has its colour on each, and lines stay lines', () => {
  const rows = highlightLines('ts', ['const a = `one', '', 'two`;']);
  expect(rows.map(rowText)).toEqual(['const a = `one', '', 'two`;']);
  expect(rows[2]?.[0]?.style.role).toBe('string');
});

test('lines before decide the colours and are not shown', () => {
  const rows = highlightLines('py', ['still text', '"""', 'x = 1'], ['a = """']);
  expect(rows.map(rowText)).toEqual(['still text', '"""', 'x = 1']);
  expect(rows[0]?.[0]?.style.role).toBe('string');
  expect(rows[2]?.at(-1)?.style.role).toBe('number');
});

test('code that nobody reads has no colours, and all its letters', () => {
  const long = `const a = '${'x'.repeat(2_000)}';`;
  expect(highlightLines('ts', [long])).toEqual([[{ text: long, style: {} }]]);
  const many = Array.from({ length: 3_000 }, () => 'const a = 1234;');
  const rows = highlightLines('ts', many);
  expect(rows).toHaveLength(3_000);
  expect(rows[0]).toEqual([{ text: 'const a = 1234;', style: {} }]);
});

const line = fc.array(
  fc.constantFrom(
    'const',
    ' ',
    '`',
    '"',
    "'",
    '/*',
    '*/',
    '//',
    '${',
    '}',
    '<b>',
    '</b>',
    '\\',
    '#',
    '漢',
    '\ud83d\udc4d',
    '(',
    '=>',
  ),
  { maxLength: 10 },
);

test('highlighting changes no letter and no line, in whatever language', () => {
  fc.assert(
    fc.property(
      fc.array(
        line.map((parts) => parts.join('')),
        { minLength: 1, maxLength: 6 },
      ),
      fc.constantFrom('ts', 'html', 'php', 'md', 'sh', 'py', 'yaml', 'nix', 'perl', 'latex', 'vue', 'elixir'),
      (lines, language) => {
        expect(highlightLines(language, lines).map(rowText)).toEqual(lines);
        expect(highlightLines(language, lines.slice(1), lines.slice(0, 1)).map(rowText)).toEqual(lines.slice(1));
      },
    ),
    { numRuns: 150 },
  );
});

test.each([
  ['', ''],
  ['a', 'a'],
  ['\t', ''],
  ['\ta', '    a'],
  ['a\tb', 'a   b'],
  ['abcd\te', 'abcd    e'],
  ['\t\tx', '        x'],
  ['x  ', 'x'],
  ['a\t', 'a'],
])('the tabs of %j are blanks: %j', (from, to) => {
  expect(expandTabs(from)).toBe(to);
});

test('code wraps where the terminal wraps it, so that it copies as it was', () => {
  const lines = ['const answer = compute(1, 2, 3);', '', '  return answer;'];
  const rows = codeRows({ language: 'ts', lines, before: [] }, 10);
  expect(copiedText(rows)).toBe(lines.join('\n'));
  for (const row of rows) expect(rowWidth(row)).toBeLessThanOrEqual(10);
  expect(rows.slice(0, 4).map(isContinued)).toEqual([false, true, true, true]);
});

test('the same lines in another language are read again', () => {
  const lines = ['def f'];
  const role = (language: string) => codeRows({ language, lines, before: [] }, 40)[0]?.[0]?.style.role;
  expect([role(''), role('py'), role('')]).toEqual([undefined, 'keyword', undefined]);
});
