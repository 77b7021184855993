import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanLine, markInvisible } from '../../../src/surfaces/text/clean.ts';

test.each([
  ['plain text', 'plain text'],
  ['', ''],
  ['\ttab', '    tab'],
  ['bell\u0007', 'bell'],
  ['back\bspace', 'backspace'],
  ['car\rriage', 'carriage'],
  ['nul\u0000', 'nul'],
  ['del\u007f', 'del'],
  ['c1\u0085\u008d', 'c1'],
  ['\u001b[31mred\u001b[0m', 'red'],
  ['\u001b[2J\u001b[Hhome', 'home'],
  ['\u001b[?1049halt', 'alt'],
  ['\u001b]0;title\u0007x', 'x'],
  ['\u001b]0;title\u001b\\x', 'x'],
  ['\u001b]8;;https://example.com\u0007link\u001b]8;;\u0007', 'link'],
  ['\u001bP1;2|device\u001b\\x', 'x'],
  ['\u001b_application\u0007x', 'x'],
  ['\u001b^private\u001b\\x', 'x'],
  ['\u001bXstart\u001b\\x', 'x'],
  ['\u001b_kitty graphics without an end', ''],
  ['\u009b31mx', 'x'],
  ['\u001b', ''],
  ['é 漢 👍🏽', 'é 漢 👍🏽'],
])('the line %j is shown as %j', (line, shown) => {
  expect(cleanLine(line)).toBe(shown);
});

test('half characters become the replacement character', () => {
  expect(cleanLine('a\ud800b\udc00')).toBe('a\ufffdb\ufffd');
});

test('sequences that are left when others are taken out have no effect either', () => {
  for (const line of [
    '\u001b\u001bPx\u0007[31mred',
    '\u001b[\u001b[31m2J',
    '\u001b]0;\u001b[0m\u0007',
    '\u001bP\u001bP\u0007',
  ]) {
    expect(cleanLine(line)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  }
});

const hostile = fc.array(
  fc.oneof(
    fc.constantFrom(
      '\u001b',
      '[',
      ']',
      'P',
      '_',
      '^',
      'X',
      '\\',
      '\u0007',
      '\u009b',
      '\u009d',
      ';',
      '0',
      'm',
      'J',
      '\t',
      '\r',
      '\ud800',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
  { maxLength: 30 },
);

test('whatever the bytes, a clean line is well formed and has no control character', () => {
  fc.assert(
    fc.property(hostile, (parts) => {
      const shown = cleanLine(parts.join(''));
      expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(shown.isWellFormed()).toBe(true);
      expect(cleanLine(shown)).toBe(shown);
    }),
  );
});

test.each([
  ['safe', 'safe'],
  ['a\u202eb', 'a<U+202E>b'],
  ['a\u200bb', 'a<U+200B>b'],
  ['\u2066x\u2069', '<U+2066>x<U+2069>'],
  ['\ufeffbom', '<U+FEFF>bom'],
  ['soft\u00adhyphen', 'soft<U+00AD>hyphen'],
  ['\u034f', '<U+034F>'],
  ['\u3164', '<U+3164>'],
  ['\uffa0', '<U+FFA0>'],
  ['\u{e0041}', '<U+E0041>'],
  ['\u061c', '<U+061C>'],
])('the invisible in %j is named: %s', (text, shown) => {
  expect(markInvisible(text)).toBe(shown);
});

test('scripts that are written from the right, and joined emoji, stay as they are', () => {
  for (const text of ['שלום', 'سلام', '👨‍👩‍👧', '✔️', 'e\u0301', 'नमस्ते']) expect(markInvisible(text)).toBe(text);
});

test('what can’t be seen is named wherever it is, and the text around it is untouched', () => {
  const hidden = fc.constantFrom('\u202a', '\u2060', '\u200f', '\u{e0001}', '\ufeff');
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.stringMatching(/^[a-z漢 ]{0,5}$/), hidden), { maxLength: 8 }), (parts) => {
      const name = (one: string) => `<U+${one.codePointAt(0)?.toString(16).toUpperCase()}>`;
      const text = parts.map(([words, one]) => words + one).join('');
      expect(markInvisible(text)).toBe(parts.map(([words, one]) => words + name(one)).join(''));
    }),
  );
});
