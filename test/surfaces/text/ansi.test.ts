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

test('check 32: output can’t move the cursor, clear the screen or change the title', () => {
  const hostile = 'a\u001b]0;x\u0007b\u001b[2Jc\u001b[10;10Hd\te\rf\u001bP1$r\u001b\\g\u009b31mh\u001b';
  expect(rowText(ansiLines([hostile])[0] ?? [])).toBe('abcd    efgh');
});
