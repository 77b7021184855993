import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLength, cutMiddle } from '../../../../src/foundation/util/index.ts';

const MARKER = /…(\d+) tokens truncated…\n/;
const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n + 1}\n`).join('');

describe('a text without its middle', () => {
  it('is the text itself where it fits, to the byte', () => {
    expect(cutMiddle('', 0)).toBe('');
    expect(cutMiddle('é'.repeat(50), 100)).toBe('é'.repeat(50));
  });

  it('has whole lines before and behind the mark', () => {
    const text = lines(200);
    const cut = cutMiddle(text, 400);
    const [head = '', , tail = ''] = cut.split(MARKER);
    expect(text.startsWith(head)).toBe(true);
    expect(text.endsWith(tail)).toBe(true);
    expect(head).toMatch(/^line 1\n[\s\S]*line \d+\n$/);
    expect(tail).toMatch(/^line \d+\n/);
    expect(byteLength(head)).toBeGreaterThan(100);
    expect(byteLength(tail)).toBeGreaterThan(100);
  });

  it('counts a token for each four bytes that are gone, rounded up', () => {
    const text = lines(200);
    const cut = cutMiddle(text, 400);
    const [head = '', count, tail = ''] = cut.split(MARKER);
    expect(Number(count)).toBe(Math.ceil((byteLength(text) - byteLength(head) - byteLength(tail)) / 4));
  });

  it('is cut inside a line where there is only one', () => {
    expect(cutMiddle(`START${'x'.repeat(5_000)}END`, 200)).toMatch(/^STARTx+…\d+ tokens truncated…\nx+END$/);
  });

  it('keeps to its limit, and to whole characters, whatever the text', () => {
    const unit = fc.constantFrom('a', 'é', '漢', '😀', '\n', 'some words\n');
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 60 }), fc.integer({ min: 40, max: 400 }), (parts, maxBytes) => {
        const text = parts.join('').repeat(5);
        const cut = cutMiddle(text, maxBytes);
        expect(byteLength(cut)).toBeLessThanOrEqual(Math.max(maxBytes, 0));
        expect(cut).not.toContain('\uFFFD');
        if (cut === text) return;
        const [head = '', , tail = ''] = cut.split(MARKER);
        expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
      }),
    );
  });
});
