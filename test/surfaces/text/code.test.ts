import { expect, test } from 'vitest';
import { codeRows } from '../../../src/surfaces/text/code-rows.ts';
import { diffRows } from '../../../src/surfaces/text/diff-rows.ts';
import { highlightLines } from '../../../src/surfaces/text/highlight.ts';
import { languageFile, languageOfPath } from '../../../src/surfaces/text/languages.ts';
import { rowText } from '../../../src/surfaces/text/row.ts';
import { rowWidth } from '../../../src/surfaces/text/width.ts';

const shown = (diff: string, width: number, form: 'added' | 'deleted' | 'unified' = 'unified', path = 'src/a.ts') =>
  diffRows(diff, { width, form, path }).map((row) => rowText(row).trimEnd());

const DIFF = `--- a/src/a.ts
+++ b/src/a.ts
@@ -8,3 +8,4 @@
 const kept = 1;
-const old = 'was here';
+const now = 'is here'; // and this line is longer than forty columns are
+const more = 2;
 
@@ -98,2 +99,2 @@
--- a line that looks like a header
++++ another
 end
\\ No newline at end of file
`;

test.each([40, 80, 120])('26: a diff of two hunks at %i columns', (width) => {
  expect(shown(DIFF, width)).toMatchSnapshot();
  for (const row of diffRows(DIFF, { width, form: 'unified', path: 'a.ts' }))
    expect(rowWidth(row)).toBeLessThanOrEqual(width);
});

test('26: added and deleted files are shown whole, with their signs', () => {
  expect(shown('a\nb\n', 40, 'added')).toEqual(['1 + a', '2 + b']);
  expect(shown('a\nb\n', 40, 'deleted')).toEqual(['1 - a', '2 - b']);
  expect(shown('', 40, 'added')).toEqual([]);
});

test('a diff of several files names each', () => {
  const diff = `diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\ndiff --git a/y b/z\nrename from y\nrename to z\n`;
  expect(shown(diff, 40, 'unified', '')).toEqual(['x.py', '1 - a', '1 + b', 'rename from y', 'rename to z']);
});

test('wide characters wrap by their cells', () => {
  const rows = diffRows('漢字漢字漢字漢字', { width: 12, form: 'added', path: '' });
  expect(rows.map(rowText)).toEqual(['1 + 漢字漢字', '    漢字漢字']);
});

test('32: bytes that steer are left out of a diff, and what deceives is named', () => {
  expect(shown('a\u001b]0;x\u0007\u001b[2Jb\u202ec\td\re', 60, 'added')).toEqual(['1 + ab<U+202E>c    de']);
});

test('code has the colours of its language, and its letters stay', () => {
  const [row = []] = highlightLines('ts', ["const a = 'text'; // note"]);
  expect(rowText(row)).toBe("const a = 'text'; // note");
  expect(row.map(({ text, style }) => [text, style.role])).toEqual(
    expect.arrayContaining([
      ['const', 'keyword'],
      ["'text'", 'string'],
      ['// note', 'comment'],
    ]),
  );
});

test('the lines before decide how code is read', () => {
  expect(highlightLines('ts', ['still a comment'], ['/* open'])[0]?.[0]?.style.role).toBe('comment');
});

test('a language inside another has its colours', () => {
  const rows = highlightLines('html', ['<script>', 'const a = 1;', '</script>']);
  expect(rows.map(rowText)).toEqual(['<script>', 'const a = 1;', '</script>']);
});

test('an unknown language, and one that is no language, is plain', () => {
  expect(highlightLines('../../etc', ['x y'])).toEqual([[{ text: 'x y', style: {} }]]);
  expect(languageFile('constructor')).toBeNull();
  expect([languageFile('TSX'), languageOfPath('a/Dockerfile'), languageOfPath('a.b/c.PY')]).toEqual([
    'typescript',
    'dockerfile',
    'py',
  ]);
});

test('tabs are blanks up to the next stop', () => {
  expect(codeRows({ language: '', lines: ['\ta\tb  '], before: [] }, 40).map(rowText)).toEqual(['    a   b']);
});
