import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MarkdownReader, markdownRows, piecesRows } from '../../../../src/surfaces/text/markdown/markdown.ts';
import { isPlainText } from '../../../../src/surfaces/text/markdown/plain-lines.ts';
import {
  EMPTY_STREAM,
  endMarkdown,
  livePieces,
  type MarkdownStream,
  pushMarkdown,
} from '../../../../src/surfaces/text/markdown/stream.ts';
import { type Row, rowText } from '../../../../src/surfaces/text/row.ts';
import { rowWidth } from '../../../../src/surfaces/text/width.ts';
import { cpuSeconds } from '../../../support/cpu-time.ts';

const PARTS = [
  '# Title\n',
  '## Sub **bold**\n',
  'A paragraph with `code`, *marks* and a [link](https://example.com/a).\n',
  'next line\n',
  'Words alone, as in most lines of a long paragraph: nothing is marked.\n',
  'Words.\n'.repeat(14),
  'Ends with blanks  \n',
  '\n',
  '\n\n',
  '- one\n',
  '- two\n',
  '  - nested\n',
  '    more of it\n',
  '1. first\n',
  '2. second\n',
  '3) other\n',
  '- [x] done\n',
  '* star\n',
  '+ plus\n',
  ' - off by one\n',
  '```ts\n',
  'const a = `x`;\n',
  '/* open\n',
  '*/\n',
  '```\n',
  '````\n',
  '~~~\n',
  '  ```\n',
  '    indented code\n',
  '\tby a tab\n',
  '> quote\n',
  '> > deep\n',
  '>\n',
  '| a | b |\n',
  '|---|--:|\n',
  '| 1 | 漢字 |\n',
  '---\n',
  '===\n',
  '***\n',
  '<div>html</div>\n',
  '[id]: https://example.com\n',
  '漢字とかな。\n',
  '👨‍👩‍👧 family\n',
  'line\r\n',
  'no line end',
  '**open',
  '__',
  'https://example.com/x_y ',
  '\\*\n',
  '  \n',
  '- \n',
  '-\n',
  '1.\n',
  '\u001b[2J\n',
  'é́\n',
];

const text = fc.array(fc.constantFrom(...PARTS), { maxLength: 30 }).map((parts) => parts.join(''));

/** Streams a text cut at the given lengths; checks on the way that what is final never changes. */
function streamed(source: string, cuts: readonly number[], width: number): Row[] {
  let stream: MarkdownStream = EMPTY_STREAM;
  const rows: Row[] = [];
  const whole = markdownRows(source, width);
  let from = 0;
  const parts = [
    ...cuts.map((cut) => {
      const part = source.slice(from, from + cut);
      from += part.length;
      return part;
    }),
  ];
  for (const part of [...parts, source.slice(from)]) {
    const next = pushMarkdown(stream, part);
    stream = next.stream;
    rows.push(...piecesRows(next.pieces, width));
    expect(rows).toEqual(whole.slice(0, rows.length));
    livePieces(stream);
  }
  return [...rows, ...piecesRows(endMarkdown(stream), width)];
}

test('6: a text that is streamed ends as the text rendered at once, wherever it is cut, and what is final never changes', () => {
  fc.assert(
    fc.property(text, fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }), (source, cuts) => {
      expect(streamed(source, cuts, 40)).toEqual(markdownRows(source, 40));
    }),
    { numRuns: 300 },
  );
});

test('6: the same, one character at a time', () => {
  fc.assert(
    fc.property(text, (source) => {
      expect(
        streamed(
          source,
          Array.from({ length: source.length }, () => 1),
          60,
        ),
      ).toEqual(markdownRows(source, 60));
    }),
    { numRuns: 60 },
  );
});

test('no row is wider than its width, or has a control character', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 90 }), (source, width) => {
      for (const row of markdownRows(source, width)) {
        expect(rowWidth(row)).toBeLessThanOrEqual(Math.max(width, 2));
        expect(rowText(row)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }
    }),
    { numRuns: 200 },
  );
});

test('7: an unterminated code block of 200 lines becomes final as it grows', () => {
  const reader = new MarkdownReader();
  let source = '```ts\n';
  for (let line = 0; line < 200; line += 1) {
    source += `const x${line} = ${line};\n`;
    expect(reader.read(source).liveRows(80).length).toBeLessThanOrEqual(12);
  }
  expect(piecesRows(reader.read(source).final, 80).map(rowText)[100]).toBe('const x100 = 100;');
});

test('7: a long paragraph of plain words becomes final as it grows, in rows that never change', () => {
  const reader = new MarkdownReader();
  let source = 'Title\n\n';
  for (let line = 0; line < 200; line += 1) {
    source += `Line ${line} of a paragraph that no blank line ends.\n`;
    expect(reader.read(source).liveRows(80).length).toBeLessThanOrEqual(14);
  }
  const { final, liveRows } = reader.read(source);
  const rows = [...piecesRows(final, 80), ...liveRows(80)].map(rowText);
  expect(rows.slice(0, 2)).toEqual(['Title', '']);
  expect(rows.slice(2)).toEqual(
    Array.from({ length: 200 }, (_, line) => `Line ${line} of a paragraph that no blank line ends.`),
  );
});

/** Lines whose words may look like marks: what is taken for plain has to be what the lexer finds plain. */
const FIRST = ['word', 'a', 'é', '漢', 'x:', 'C#', 'word', 'word', '1.', '-'];
const WORDS = [
  'word',
  'a',
  '1.',
  '-',
  '+',
  '=',
  '#',
  'é',
  '漢',
  '(b)',
  'x:',
  'C#',
  '$1',
  '"q"',
  '1)',
  '—',
  'n',
  'n',
  '<',
];
const LINES = fc
  .array(
    fc
      .tuple(fc.constantFrom(...FIRST), fc.array(fc.constantFrom(...WORDS), { maxLength: 8 }))
      .map(([first, words]) => [first, ...words].join(' ')),
    { minLength: 1, maxLength: 3 },
  )
  .map((lines) => lines.join('\n'));

test('a text that is taken for plain is a paragraph for the lexer of Markdown too', () => {
  let plainTexts = 0;
  fc.assert(
    fc.property(LINES, (source) => {
      if (!isPlainText(source)) return;
      plainTexts += 1;
      // A mark after it makes the lexer read all of it.
      const read = markdownRows(`${source}\n\n**end**`, 30);
      expect(markdownRows(source, 30)).toEqual(read.slice(0, -2));
    }),
    { numRuns: 500 },
  );
  expect(plainTexts).toBeGreaterThan(50);
});

test.each([
  ['a word', true],
  ['Two lines,\nand: (more) 1 - 2 = 3!\n', true],
  ['é and 漢字', true],
  ['', true],
  ['not\n\ntwo paragraphs', false],
  ['a line break  \nof Markdown', false],
  ['title\n===', false],
  ['title\n---', false],
  ['- item', false],
  ['1. item', false],
  ['a *mark*', false],
  ['some `code`', false],
  ['snake_case', false],
  ['a | b\n--|--', false],
  ['see https://example.com', false],
  ['see www.example.com', false],
  ['ada@example.com', false],
  ['&amp;', false],
  ['a\tb', false],
  ['  indented', false],
])('%j is plain text: %s', (source, expected) => {
  expect(isPlainText(source)).toBe(expected);
});

test('a long list becomes final item by item, with its numbers', () => {
  const reader = new MarkdownReader();
  let source = 'Steps:\n\n';
  for (let item = 1; item <= 60; item += 1) {
    source += `${item}. step ${item}\n`;
    expect(reader.read(source).liveRows(80).length).toBeLessThanOrEqual(4);
  }
  const rows = [...piecesRows(reader.read(source).final, 80), ...reader.read(source).liveRows(80)].map(rowText);
  expect(rows.slice(0, 4)).toEqual(['Steps:', '', '1. step 1', '2. step 2']);
  expect(rows.at(-1)).toBe('60. step 60');
});

test('a text of 200 KB is read in time, also when it is one block', () => {
  const texts = [
    'a line of some words\n'.repeat(10_000),
    'paragraph of words\n\n- item\n- other\n\n'.repeat(5_000),
    `${'*'.repeat(50_000)}${'_a'.repeat(50_000)}`,
    `${'> '.repeat(20_000)}x\n${'- '.repeat(20_000)}y`,
  ];
  expect(cpuSeconds(() => texts.map((text) => markdownRows(text, 80)))).toBeLessThan(8);
});
