import { expect, test } from 'vitest';
import { markdownRows } from '../../../../src/surfaces/text/markdown/markdown.ts';
import { rowText } from '../../../../src/surfaces/text/row.ts';
import { copiedText } from '../support.ts';

const shown = (source: string, width = 40) => markdownRows(source, width).map(rowText).join('\n');

const SAMPLE = `# Report

I changed **two** files, see \`src/a.ts\` and [the docs](https://example.com/docs).
It works.

1. Read the *code*, which is long enough that it has to wrap somewhere
2. Wrote it
   - with a nested point
   - and another

- [x] done
- [ ] open

> A quote that is long enough to wrap at forty columns.

\`\`\`ts
const answer = 42; // a line of code that is longer than forty columns
\`\`\`

| Name | Size | What it is for |
| --- | ---: | --- |
| alpha | 1 | the first of the things that are here |
| 漢字 | 200 | wide |

---
Done: https://example.com/x
`;

test.each([40, 80, 120])('26: a message at %i columns', (width) => {
  expect(shown(SAMPLE, width)).toMatchSnapshot();
});

test('17.3: code copies exactly: no gutter, no line ends of our own, no blanks at the ends', () => {
  const code = `${'x'.repeat(100)}\n\n    indented();\n`;
  expect(copiedText(markdownRows(`\`\`\`\n${code}\`\`\`\n`, 40))).toBe(code.trimEnd());
});

test('17.3: an address copies whole', () => {
  const address = `https://example.com/${'path/'.repeat(20)}`;
  expect(copiedText(markdownRows(`See ${address} there.`, 40))).toContain(`\n${address}\n`);
});

test('a link shows where it leads', () => {
  expect(shown('[safe](https://example.com)')).toBe('safe (https://example.com)');
  const [row] = markdownRows('[x](javascript:alert)', 40);
  expect(row?.some(({ style }) => style.href !== undefined)).toBe(false);
});

test('32: bytes that steer a terminal are text without effect', () => {
  const rows = markdownRows('a\u001b]0;x\u0007b\u001b[2J\u202ec\n\n```\nx\u001b[31m\ty\rz\n```', 40);
  expect(rows.map(rowText).join('|')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('a table that is too wide for its columns is a list of its cells', () => {
  expect(shown('| a | b | c |\n|---|---|---|\n| one | two words | three |\n', 20)).toBe(
    'a: one\nb: two words\nc: three',
  );
});

test('HTML and definitions are text', () => {
  expect(shown('<b>bold</b>\n\n[a]: https://example.com')).toBe('<b>bold</b>\n\n[a]: https://example.com');
});
