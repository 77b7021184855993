import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MarkdownReader, markdownRows, piecesRows } from '../../../../src/surfaces/text/markdown/markdown.ts';
import { type Row, rowText, type Span, type Style } from '../../../../src/surfaces/text/row.ts';
import { copiedText } from '../support.ts';

const shown = (source: string, width = 40) => markdownRows(source, width).map(rowText);
const spans = (source: string): readonly Span[] => markdownRows(source, 80).flat();
const styleOf = (source: string, text: string): Style | undefined =>
  spans(source).find((span) => span.text === text)?.style;

describe('paragraphs', () => {
  test.each([
    ['', []],
    ['\n\n', []],
    ['   ', []],
    ['one', ['one']],
    ['one\ntwo', ['one', 'two']],
    ['one  \ntwo', ['one', 'two']],
    ['one\\\ntwo', ['one', 'two']],
    ['one\n\ntwo', ['one', '', 'two']],
    ['one\n\n\n\n\ntwo', ['one', '', 'two']],
    ['\n\none', ['one']],
    ['one\r\ntwo\rthree', ['one', 'two', 'three']],
    ['  indented', ['indented']],
    ['\\# no heading', ['# no heading']],
    ['#no heading', ['#no heading']],
    ['####### seven', ['####### seven']],
    ['-no item', ['-no item']],
    ['1986. A year', ['1986. A year']],
  ])('%j is %j', (source, rows) => {
    expect(shown(source)).toEqual(rows);
  });
});

describe('marks', () => {
  test.each([
    ['**bold**', 'bold', { bold: true }],
    ['__bold__', 'bold', { bold: true }],
    ['*em*', 'em', { italic: true }],
    ['~~gone~~', 'gone', { strike: true }],
    ['***both***', 'both', { italic: true, bold: true }],
    ['`code`', 'code', { role: 'code' }],
    ['**`code`**', 'code', { bold: true, role: 'code' }],
    ['`` a`b ``', 'a`b', { role: 'code' }],
    ['a **b *c***', 'c', { bold: true, italic: true }],
  ])('%s: %j is %j', (source, text, style) => {
    expect(styleOf(source, text)).toEqual(style);
  });

  test.each([
    '**open',
    '_a_b_c',
    'snake_case_name',
    '2 * 3 * 4',
    '**',
    '`open',
    '\\*star\\*',
    'a*b',
    '[text]',
    '[text][id]',
    '$x_1$',
  ])('in %j nothing is a mark', (source) => {
    expect(spans(source).every(({ style }) => Object.keys(style).length === 0)).toBe(true);
    expect(shown(source)).toEqual([source.replaceAll('\\*', '*')]);
  });

  test('code keeps its blanks and its own stars', () => {
    expect(shown('`a  *b*`')).toEqual(['a  *b*']);
  });

  test('HTML and entities are text', () => {
    for (const text of ['a<br>b', '<script>alert(1)</script>', '<!-- note -->', '<T extends U>'])
      expect(shown(text)).toEqual([text]);
  });

  test('images are named by their text, or else their address', () => {
    expect([shown('![a cat](cat.png)'), shown('![](cat.png)')]).toEqual([['[image: a cat]'], ['[image: cat.png]']]);
  });
});

describe('links', () => {
  test.each([
    ['[text](https://example.com/a)', 'text (https://example.com/a)'],
    ['<https://example.com/a>', 'https://example.com/a'],
    ['https://example.com/a', 'https://example.com/a'],
    ['www.example.com', 'www.example.com'],
    ['ada@example.com', 'ada@example.com'],
    ['[https://example.com](https://example.com)', 'https://example.com'],
    ['[https://bank.example](https://evil.example)', 'https://bank.example (https://evil.example)'],
    ['[](https://example.com)', '(https://example.com)'],
    ['[**bold**](https://example.com)', 'bold (https://example.com)'],
    ['[a](src/a.ts)', 'a (src/a.ts)'],
    ['[a](#part)', 'a (#part)'],
  ])('%s is shown as %s', (source, text) => {
    expect(markdownRows(source, 100).map(rowText)).toEqual([text]);
  });

  test.each([
    ['[a](https://example.com)', 'https://example.com/'],
    ['[a](http://example.com/%20)', 'http://example.com/%20'],
    ['[a](mailto:ada@example.com)', 'mailto:ada@example.com'],
    ['[a](file:///src/a.ts)', 'file:///src/a.ts'],
  ])('the target of %s is %s', (source, href) => {
    expect(styleOf(source, 'a')).toEqual({ role: 'link', underline: true, href });
  });

  test.each([
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    'data:text/html,x',
    '//example.com',
    'vscode://x',
    './a.ts',
    'https://[',
    'x:y',
  ])('the address %s is no target, and can be read', (address) => {
    const source = `[a](${address})`;
    expect(spans(source).some(({ style }) => style.href !== undefined)).toBe(false);
    expect(shown(source, 80)).toEqual([`a (${address})`]);
  });
});

describe('headings', () => {
  test('have their level as signs and are set apart', () => {
    expect(shown('# One\n## Two\ntext\n### Three\ntext')).toEqual([
      '# One',
      '',
      '## Two',
      '',
      'text',
      '',
      '### Three',
      '',
      'text',
    ]);
  });

  test('that are underlined are those of the first and second level', () => {
    expect(shown('One\n===\n\nTwo\n---')).toEqual(['# One', '', '## Two']);
  });

  test('differ by weight, and all are bold or set in italics', () => {
    const style = (level: number) => styleOf(`${'#'.repeat(level)} title`, `${'#'.repeat(level)} title`);
    expect([1, 2, 3, 4].map(style)).toEqual([
      { role: 'heading', bold: true, underline: true },
      { role: 'heading', bold: true },
      { role: 'heading', bold: true, italic: true },
      { role: 'heading', italic: true },
    ]);
  });

  test('have marks within them, and wrap', () => {
    expect(styleOf('## a `b`', 'b')).toMatchObject({ role: 'code', bold: true });
    expect(shown('# one two three', 8)).toEqual(['# one', 'two', 'three']);
  });

  test('an empty heading is its sign', () => {
    expect(shown('#')).toEqual(['#']);
  });
});

describe('lists', () => {
  test.each([
    ['- a\n- b', ['- a', '- b']],
    ['* a\n* b', ['- a', '- b']],
    ['- a\n\n- b', ['- a', '', '- b']],
    ['1. a\n2. b', ['1. a', '2. b']],
    ['5. a\n5. b', ['5. a', '6. b']],
    ['0. a\n1. b', ['0. a', '1. b']],
    ['1) a\n2) b', ['1) a', '2) b']],
    ['- a\n  1) b\n  2) c', ['- a', '  1) b', '  2) c']],
    ['9. a\n10. b', ['9. a', '10. b']],
    ['- a\n  - b\n    - c', ['- a', '  - b', '    - c']],
    ['- a\n\n  more', ['- a', '', '  more']],
    ['- a\n  same', ['- a', '  same']],
    ['- [ ] a\n- [x] b\n- [X] c', ['- ☐ a', '- ☑ b', '- ☑ c']],
    ['- [x]a', ['- [x]a']],
    ['-', ['- ']],
    ['- - a', ['- - a']],
    ['text\n- a', ['text', '- a']],
    ['- a\n\ntext', ['- a', '', 'text']],
    ['- a\n> q', ['- a', '> q']],
    ['- a\n  > q', ['- a', '  > q']],
    ['- # h', ['- # h']],
    ['- a\n\n  ```\n  x\n  ```', ['- a', '', '  x']],
    ['1. a\n\n   ```\n   x\n     y\n   ```\n2. b', ['1. a', '', '   x', '     y', '2. b']],
  ])('%j is %j', (source, rows) => {
    expect(shown(source)).toEqual(rows);
  });

  test('items wrap under their text, however wide the marker is', () => {
    expect(shown('- one two three', 9)).toEqual(['- one two', '  three']);
    expect(shown('10. one two', 8)).toEqual(['10. one', '    two']);
  });

  test('a list whose numbers grow in the stream keeps counting', () => {
    const reader = new MarkdownReader();
    const source = Array.from({ length: 30 }, (_, at) => `${at + 1}) item\n`).join('');
    for (let end = 1; end <= source.length; end += 7) reader.read(source.slice(0, end));
    const { final, endRows } = reader.read(source);
    expect([...piecesRows(final, 40), ...endRows(40)].map(rowText)).toEqual(
      Array.from({ length: 30 }, (_, at) => `${at + 1}) item`),
    );
  });
});

describe('quotes', () => {
  test.each([
    ['> a\n> b', ['> a', '> b']],
    ['> a\nlazy', ['> a', '> lazy']],
    ['> > deep', ['> > deep']],
    ['> a\n>\n> b', ['> a', '> ', '> b']],
    ['> - a\n> - b', ['> - a', '> - b']],
    ['> ```\n> x\n> ```', ['> x']],
    ['> a\n\nb', ['> a', '', 'b']],
  ])('%j is %j', (source, rows) => {
    expect(shown(source)).toEqual(rows);
  });

  test('wrap within their mark', () => {
    expect(shown('> one two three', 10)).toEqual(['> one two', '> three']);
  });
});

describe('code', () => {
  test.each([
    ['```\n```', []],
    ['```ts\na\n```', ['a']],
    ['```\na\n\nb\n```', ['a', '', 'b']],
    ['~~~\n```\n~~~', ['```']],
    ['````\n```\n````', ['```']],
    ['```\nno end', ['no end']],
    ['```js title=x\na\n```', ['a']],
    ['  ```\n  a\n    b\n  ```', ['a', '  b']],
    ['```\n**no mark**\n```', ['**no mark**']],
    ['text\n```\na\n```\ntext', ['text', '', 'a', '', 'text']],
    ['    indented\n      code\n', ['indented', '  code']],
    ['\tby a tab', ['by a tab']],
    ['```a`b\nx', ['```a`b', 'x']],
    ['```\n  ``` \nafter', ['after']],
    ['before\n```\n```\nafter', ['before', '', 'after']],
  ])('%j is %j', (source, rows) => {
    expect(shown(source)).toEqual(rows);
  });

  test('the end of a block has as many marks as its start at least', () => {
    expect(shown('````\na\n```\nb\n`````\nc')).toEqual(['a', '```', 'b', '', 'c']);
  });

  test('the info string chooses the colours', () => {
    const role = (info: string) => markdownRows(`\`\`\`${info}\nconst a = 1;\n\`\`\``, 40)[0]?.[0]?.style.role;
    expect([role('ts'), role('TypeScript title="a.ts"'), role('{.ts}'), role('nonsense'), role('')]).toEqual([
      'keyword',
      'keyword',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('rules', () => {
  test.each(['---', '***', '* * *', '___', '- - -', '----------'])('%s is a rule', (source) => {
    expect(shown(source)).toEqual(['———']);
  });
});

describe('tables', () => {
  const table = (...lines: string[]) => `${lines.join('\n')}\n`;

  test('columns are aligned as they ask for', () => {
    expect(
      shown(table('| left | right | mid |', '|:--|--:|:-:|', '| a | 1 | x |', '| longer | 22222 | yyyyy |')),
    ).toEqual(['left   │ right │  mid', '───────┼───────┼──────', 'a      │     1 │   x', 'longer │ 22222 │ yyyyy']);
  });

  test('wide characters count by their cells', () => {
    expect(shown(table('|a|b|', '|-|-|', '|漢字|x|', '|c|y|'))).toEqual([
      'a    │ b',
      '─────┼──',
      '漢字 │ x',
      'c    │ y',
    ]);
  });

  test('cells that are missing are empty, those that are too many are left out', () => {
    expect(shown(table('|a|b|', '|-|-|', '|1|', '|1|2|3|')).map((row) => row.trimEnd())).toEqual([
      'a │ b',
      '──┼──',
      '1 │',
      '1 │ 2',
    ]);
  });

  test('a bar in a cell is escaped', () => {
    expect(shown(table('|a|', '|-|', '| x \\| y |'))).toEqual(['a', '─────', 'x | y']);
  });

  test('marks in cells have their looks, and heads are bold', () => {
    const source = table('|name|', '|-|', '|**b** `c`|');
    expect([styleOf(source, 'name'), styleOf(source, 'b'), styleOf(source, 'c')]).toEqual([
      { bold: true },
      { bold: true },
      { role: 'code' },
    ]);
  });

  test('the widest column is narrowed first, and its cells wrap', () => {
    expect(shown(table('|key|text|', '|-|-|', '|k|some words that are long|'), 18)).toEqual([
      'key │ text',
      '────┼─────────────',
      'k   │ some words',
      '    │ that are',
      '    │ long',
    ]);
  });

  test('a table without rows is its head', () => {
    expect(shown(table('|a|b|', '|-|-|'))).toEqual(['a │ b', '──┼──']);
  });

  test('where the columns don’t fit, each row is a list, with an empty row between two', () => {
    expect(shown(table('|one|two|three|', '|-|-|-|', '|a|b|c|', '|long words here|e|f|'), 16)).toEqual([
      'one: a',
      'two: b',
      'three: c',
      '',
      'one: long words',
      'here',
      'two: e',
      'three: f',
    ]);
  });

  test('at no width a row is wider than the window', () => {
    const source = table(
      '|alpha|beta gamma|delta|',
      '|:-:|-:|-|',
      '|漢字漢字|one two three|`code with blanks`|',
      '||x||',
    );
    for (let width = 2; width <= 60; width += 1) {
      for (const row of markdownRows(source, width)) expect(cells(row)).toBeLessThanOrEqual(width);
    }
  });
});

function cells(row: Row): number {
  return Array.from(rowText(row)).reduce((sum, one) => sum + (/[\u4e00-\u9fff]/.test(one) ? 2 : 1), 0);
}

test('code in a message copies exactly, whatever is in it', () => {
  const line = fc.stringMatching(/^[a-z`*_#>| -]{0,30}$/).filter((one) => !/^ {0,3}~~~/.test(one));
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), fc.integer({ min: 4, max: 50 }), (lines, width) => {
      const source = `~~~~~\n${lines.join('\n')}\n~~~~~\n`;
      expect(copiedText(markdownRows(source, width))).toBe(lines.map((one) => one.trimEnd()).join('\n'));
    }),
  );
});

test('words without marks are shown as they are, in their order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-zA-Z]{1,9}$/), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 3, max: 60 }),
      (words, width) => {
        expect(
          copiedText(markdownRows(words.join(' '), width))
            .replaceAll('\n', ' ')
            .split(' ')
            .join(''),
        ).toBe(words.join(''));
      },
    ),
  );
});
