import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ansiLines } from '../../../src/surfaces/text/ansi.ts';
import { rowText } from '../../../src/surfaces/text/row.ts';

test('a program’s colours become roles, over line ends too', () => {
  expect(
    ansiLines(['a \u001b[1;31mred', 'still\u001b[0m plain \u001b[38;5;2mgreen\u001b[39m \u001b[38;2;1;2;3mtrue']),
  ).toEqual([
    [
      { text: 'a ', style: {} },
      { text: 'red', style: { bold: true, role: 'danger' } },
    ],
    [
      { text: 'still', style: { bold: true, role: 'danger' } },
      { text: ' plain ', style: {} },
      { text: 'green', style: { role: 'success' } },
      { text: ' ', style: {} },
      { text: 'true', style: {} },
    ],
  ]);
});

test('32: output can’t move the cursor, clear the screen or change the title', () => {
  const hostile = 'a\u001b]0;x\u0007b\u001b[2Jc\u001b[10;10Hd\te\rf\u001bP1$r\u001b\\g\u009b31mh\u001b';
  expect(rowText(ansiLines([hostile])[0] ?? [])).toBe('abcd    efgh');
});

const looks = (text: string) => ansiLines([text])[0]?.map((span) => [span.text, span.style]);

test.each([
  ['1', { bold: true }],
  ['2', { dim: true }],
  ['3', { italic: true }],
  ['4', { underline: true }],
  ['9', { strike: true }],
  ['31', { role: 'danger' }],
  ['32', { role: 'success' }],
  ['33', { role: 'warning' }],
  ['34', { role: 'link' }],
  ['35', { role: 'keyword' }],
  ['36', { role: 'accent' }],
  ['90', { role: 'muted' }],
  ['91', { role: 'danger' }],
  ['92', { role: 'success' }],
  ['96', { role: 'accent' }],
  ['1;4;31', { bold: true, underline: true, role: 'danger' }],
  ['38;5;1', { role: 'danger' }],
  ['38;5;10', { role: 'success' }],
])('SGR %s is %j', (codes, style) => {
  expect(looks(`\u001b[${codes}mx`)).toEqual([['x', style]]);
});

test.each([
  '30',
  '37',
  '39',
  '97',
  '41',
  '48;5;1',
  '48;2;255;0;0',
  '38;2;255;0;0',
  '38;5;200',
  '5',
  '7',
  '8',
  '53',
  '999',
  ';',
])('SGR %s has no look of ours', (codes) => {
  expect(looks(`\u001b[${codes}mx`)).toEqual([['x', {}]]);
});

test('an empty SGR resets, as 0 does', () => {
  expect(looks('\u001b[1;31ma\u001b[mb')).toEqual([
    ['a', { bold: true, role: 'danger' }],
    ['b', {}],
  ]);
  expect(looks('\u001b[1ma\u001b[0;32mb')?.at(-1)).toEqual(['b', { role: 'success' }]);
});

test.each([
  ['1', '22', 'bold'],
  ['2', '22', 'dim'],
  ['3', '23', 'italic'],
  ['4', '24', 'underline'],
  ['9', '29', 'strike'],
] as const)('SGR %s ends with %s', (on, off, name) => {
  const [first, second] = ansiLines([`\u001b[${on}ma\u001b[${off}mb`])[0] ?? [];
  expect([first?.style[name], second?.style[name] ?? false]).toEqual([true, false]);
});

test('a new colour takes the place of the one before, and leaves weight alone', () => {
  expect(looks('\u001b[1;31ma\u001b[34mb\u001b[39mc')).toEqual([
    ['a', { bold: true, role: 'danger' }],
    ['b', { bold: true, role: 'link' }],
    ['c', { bold: true }],
  ]);
});

test('colours of 24 bits take their own parameters, and those after them count', () => {
  expect(looks('\u001b[38;2;10;20;30;1mx')).toEqual([['x', { bold: true }]]);
  expect(looks('\u001b[48;2;10;20;31;3mx')).toEqual([['x', { italic: true }]]);
  expect(looks('\u001b[48;5;31;9mx')).toEqual([['x', { strike: true }]]);
});

test('the colour of bright black is muted in each of its forms', () => {
  for (const codes of ['90', '38;5;8', '38:5:8'])
    expect(looks(`\u001b[${codes}mx`)).toEqual([['x', { role: 'muted' }]]);
});

test('parameters with colons are one parameter with its parts', () => {
  expect(looks('\u001b[38:5:1;1mx')).toEqual([['x', { role: 'danger', bold: true }]]);
  expect(looks('\u001b[38:2::1:2:3;3mx')).toEqual([['x', { italic: true }]]);
  expect(looks('\u001b[4:3mx')).toEqual([['x', { underline: true }]]);
  expect(looks('\u001b[4ma\u001b[4:0mb')?.at(-1)?.[1]).not.toMatchObject({ underline: true });
});

test('lines without a look are one span each, empty lines none', () => {
  expect(ansiLines(['one', '', 'two'])).toEqual([[{ text: 'one', style: {} }], [], [{ text: 'two', style: {} }]]);
  expect(ansiLines([])).toEqual([]);
});

test('sequences that only set looks leave no empty spans', () => {
  expect(looks('\u001b[31m\u001b[1m\u001b[0m')).toEqual([]);
});

const piece = fc.oneof(
  fc.constantFrom(
    '\u001b[31m',
    '\u001b[0m',
    '\u001b[38;5;',
    '\u001b[',
    '\u001b',
    '\u009b1m',
    '\u001b]8;;x\u0007',
    ';',
    'm',
    '\t',
  ),
  fc.string({ maxLength: 8 }),
);

test('whatever a program prints, no control character is in a row, and no letter of plain text is lost', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (parts) => {
      const text = parts.join('').replaceAll('\n', ' ');
      for (const row of ansiLines([text])) expect(rowText(row)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 110 }), fc.stringMatching(/^[a-z ]{0,6}$/))), (parts) => {
      const text = parts.map(([code, words]) => `\u001b[${code}m${words}`).join('');
      expect(rowText(ansiLines([text])[0] ?? [])).toBe(parts.map(([, words]) => words).join(''));
    }),
  );
});
