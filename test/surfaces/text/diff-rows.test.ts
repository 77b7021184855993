import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffRows } from '../../../src/surfaces/text/diff-rows.ts';
import { type Row, rowText } from '../../../src/surfaces/text/row.ts';
import { rowWidth } from '../../../src/surfaces/text/width.ts';

const rowsOf = (diff: string, width = 60, path = 'a.ts') => diffRows(diff, { width, form: 'unified', path });
const shown = (rows: readonly Row[]) => rows.map((row) => rowText(row).trimEnd());

describe('numbers and signs', () => {
  test('numbers are aligned to the longest of the diff', () => {
    expect(shown(rowsOf('@@ -9,2 +99,3 @@\n a\n-b\n+c\n+d\n'))).toEqual([' 99   a', ' 10 - b', '100 + c', '101 + d']);
  });

  test('the gap between hunks is under the numbers', () => {
    expect(shown(rowsOf('@@ -1 +1 @@\n-a\n+b\n@@ -1000 +1000 @@\n-c\n+d\n'))[2]).toBe('   ⋮');
  });

  test('an empty line has its number and its sign', () => {
    expect(shown(rowsOf('@@ -1 +1,2 @@\n a\n+\n'))).toEqual(['1   a', '2 +']);
  });

  test('changed rows are filled to the right edge with their tint, kept rows are not', () => {
    const [kept, removed, added] = rowsOf('@@ -1,2 +1,2 @@\n a\n-b\n+c\n');
    expect([removed?.at(-1), added?.at(-1)]).toEqual([
      { text: '', style: { role: 'removed' } },
      { text: '', style: { role: 'added' } },
    ]);
    expect(kept?.at(-1)?.text).toBe('a');
  });

  test('letters of changed code are on the tint of their change', () => {
    const [, added] = rowsOf('@@ -1 +1 @@\n-const a = 1;\n+const b = 1;\n');
    const word = added?.find(({ text }) => text === 'const');
    expect(word?.style).toEqual({ role: 'keyword', on: 'added' });
  });

  test('the number and the sign are the first two spans of a row', () => {
    const [row] = rowsOf('@@ -7 +7,0 @@\n-x\n');
    expect(row?.slice(0, 2)).toEqual([
      { text: '7 ', style: { role: 'muted' } },
      { text: '- ', style: { role: 'removed' } },
    ]);
  });
});

describe('long lines', () => {
  test('continue below, without number and sign, at the same column', () => {
    expect(shown(diffRows('abcdefghij', { width: 8, form: 'added', path: '' }))).toEqual([
      '1 + abcd',
      '    efgh',
      '    ij',
    ]);
  });

  test('are cut in the middle of words and keep their blanks', () => {
    const rows = diffRows('a  b  c', { width: 7, form: 'added', path: '' });
    expect(rows.map(rowText)).toEqual(['1 + a  ', '    b  ', '    c']);
  });

  test('keep the colours of their code', () => {
    const rows = diffRows("const text = 'a long text in quotes';", { width: 20, form: 'added', path: 'a.ts' });
    expect(rows.at(-1)?.some(({ style }) => style.role === 'string')).toBe(true);
  });
});

describe('colours', () => {
  test('an open comment is known in the old text and the new', () => {
    const rows = rowsOf('@@ -1,3 +1,3 @@\n /*\n-old words\n+new words\n */\n');
    const roles = rows.slice(1, 3).map((row) => row.find(({ text }) => text.includes('words'))?.style.role);
    expect(roles).toEqual(['comment', 'comment']);
  });

  test('a removed line does not change how the new text is read', () => {
    const rows = rowsOf('@@ -1,2 +1 @@\n-/* open\n const a = 1;\n');
    expect(rows[1]?.find(({ text }) => text === 'const')?.style.role).toBe('keyword');
  });

  test('each file of a diff has those of its own language', () => {
    const part = (name: string, line: string) => `--- a/${name}\n+++ b/${name}\n@@ -0,0 +1 @@\n+${line}\n`;
    const rows = diffRows(part('a.py', 'def f(): pass') + part('b.txt', 'def f(): pass'), {
      width: 60,
      form: 'unified',
      path: '',
    });
    const roleOfDef = (row: Row | undefined) => row?.find(({ text }) => text.startsWith('def'))?.style.role;
    expect(rows.flatMap((row) => (rowText(row).includes('def') ? [roleOfDef(row)] : []))).toEqual([
      'keyword',
      undefined,
    ]);
  });
});

describe('heads', () => {
  test('files are set apart by an empty row, but for the first', () => {
    const part = (name: string) => `--- a/${name}\n+++ b/${name}\n@@ -1 +1 @@\n-a\n+b\n`;
    expect(shown(rowsOf(part('x') + part('y')))).toEqual(['x', '1 - a', '1 + b', '', 'y', '1 - a', '1 + b']);
  });

  test('a file’s name can’t hide the direction of its letters or steer the terminal', () => {
    const text = shown(rowsOf('--- a/x\n+++ b/evil\u202etxt.\u001b[31mexe\n'))[0];
    expect(text).toBe('evil<U+202E>txt.exe');
  });

  test('a long name wraps', () => {
    const rows = rowsOf(`--- a/x\n+++ b/${'directory/'.repeat(10)}x.ts\n`, 30);
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows) expect(rowWidth(row)).toBeLessThanOrEqual(30);
  });
});

test('an empty diff has no rows', () => {
  for (const form of ['added', 'deleted', 'unified'] as const)
    expect(diffRows('', { width: 80, form, path: 'x' })).toEqual([]);
});

const code = fc.array(
  fc.constantFrom('const ', 'a', ' = ', "'text'", '漢字', '\t', '👍🏽', '/*', '*/', '\u001b[31m', '\u202e', ' '),
  {
    maxLength: 20,
  },
);
const file = fc
  .array(code, { minLength: 1, maxLength: 8 })
  .map((lines) => lines.map((parts) => parts.join('')).join('\n'));

test('no row is wider than the width or has a control character, and each letter is there', () => {
  fc.assert(
    fc.property(file, fc.integer({ min: 8, max: 100 }), fc.constantFrom('added', 'deleted'), (text, width, form) => {
      const rows = diffRows(text, { width, form, path: 'x.ts' });
      for (const row of rows) {
        expect(rowWidth(row)).toBeLessThanOrEqual(width);
        expect(rowText(row)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      }
      const letters = (some: string) => some.replaceAll(/[^\p{L}'=]/gu, '');
      const body = rows
        .map((row) =>
          row
            .slice(2)
            .map((span) => span.text)
            .join(''),
        )
        .join('');
      expect(letters(body)).toBe(letters(text.replaceAll('\u001b[31m', '').replaceAll('\u202e', '<U+202E>')));
    }),
    { numRuns: 60 },
  );
});
