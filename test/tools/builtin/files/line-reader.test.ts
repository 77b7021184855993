import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FileLine, linesOfText, MAX_LINE_BYTES } from '../../../../src/tools/builtin/files/line-reader.ts';

async function lines(text: string): Promise<FileLine[]> {
  const list: FileLine[] = [];
  for await (const line of linesOfText(text)) list.push(line);
  return list;
}
const texts = async (text: string) => (await lines(text)).map((line) => line.text);

describe('the lines of a text', () => {
  test.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\n\n', ['a', '']],
    ['\n', ['']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['a\rb', ['a\rb']],
    ['a\u2028b\u0085c\n', ['a\u2028b\u0085c']],
  ])('of %j are %j', async (text, wanted) => {
    expect(await texts(text)).toEqual(wanted);
  });

  test('that are longer than 500 bytes are cut, never inside a character', async () => {
    const [ascii, wide, exact] = await lines(`${'x'.repeat(900)}\n${'€'.repeat(300)}\n${'y'.repeat(MAX_LINE_BYTES)}\n`);
    expect(ascii).toEqual({ text: 'x'.repeat(500), isCut: true, isLossy: false });
    expect(wide).toEqual({ text: '€'.repeat(166), isCut: true, isLossy: false });
    expect(exact).toEqual({ text: 'y'.repeat(500), isCut: false, isLossy: false });
  });

  test('of any text are those between its line feeds, each within the limit and of whole characters', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constant('\n'),
      fc.constant('ü'.repeat(260)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const text = pieces.join('');
        const wanted = text.split('\n');
        if (wanted.at(-1) === '') wanted.pop();
        const found = await lines(text);
        expect(found).toHaveLength(wanted.length);
        for (const [at, line] of found.entries()) {
          const whole = (wanted[at] ?? '').replace(/\r$/, '');
          expect(whole.startsWith(line.text)).toBe(true);
          expect(Buffer.byteLength(line.text)).toBeLessThanOrEqual(MAX_LINE_BYTES);
          expect(line.isCut).toBe(line.text !== whole);
        }
      }),
      { numRuns: 100 },
    );
  });
});
