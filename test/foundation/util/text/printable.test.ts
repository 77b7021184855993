import { styleText } from 'node:util';
import { describe, expect, test } from 'vitest';
import { printable, printableStyled, visible } from '../../../../src/foundation/util/index.ts';

const red = (text: string) => styleText('red', text, { validateStream: false });

describe('text for a terminal', () => {
  test.each([
    ['a colour', '\u001b[31mred\u001b[0m', 'red'],
    ['a title', '\u001b]0;title\u0007text', 'text'],
    ['the clipboard', '\u001b]52;c;aGk=\u001b\\text', 'text'],
    ['a cleared screen', '\u001b[2J\u001b[Htext', 'text'],
    ['a sequence that is not ended', 'text\u001b', 'text'],
    ['controls of one byte', 'a\u0007b\bc\u009b2Jd\u007f', 'abcd'],
    ['a change of the direction', 'a\u202eb\u2066c', 'abc'],
    ['progress over one line', '10 %\r20 %\r\ndone', '10 %\n20 %\ndone'],
    ['lines and tabs', 'a\n\tb', 'a\n\tb'],
  ])('%s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test('is shown with what it holds, where it is a name that has to be known', () => {
    expect(visible('x\u001b]0;PWN\u0007\u001b[2J\u009b2J\u202e.md\r\n\ty')).toBe(
      'x\\x1b]0;PWN\\x07\\x1b[2J\\x9b2J\\u202e.md\\x0d\n\ty',
    );
    expect(visible('größe 日本.md')).toBe('größe 日本.md');
  });

  test('styles of our own stay, and nothing else gets through between them', () => {
    const text = `${red('label')} \u001b]0;t\u0007\u001b[2Jbody\u001b[8m \u001b${red('x')}`;
    expect(printableStyled(text)).toBe(`${red('label')} body ${red('x')}`);
  });
});
