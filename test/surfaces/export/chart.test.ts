import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bar, barChart } from '../../../src/surfaces/export/html/chart.ts';

const keys = [
  { name: 'cached', className: 's1' },
  { name: 'fresh', className: 's2' },
];
const bar = (...parts: number[]): Bar => ({ label: 'l', tip: 't', href: '#a', parts });
const chart = (bars: readonly Bar[], title = 'Tokens') =>
  barChart({ title, note: 'of each request', keys, bars, format: (value) => `${value} tok` });
const attributes = (svg: string, name: string) =>
  [...svg.matchAll(new RegExp(`<rect[^>]* ${name}="([^"]*)"`, 'g'))].map(([, value]) => Number(value));

describe('a chart of stacked bars', () => {
  test('has an axis up to the next round number', () => {
    for (const [highest, top] of [
      ...[
        [3, '5 tok'],
        [10, '10 tok'],
        [11, '20 tok'],
        [21, '25 tok'],
        [26, '50 tok'],
        [0.03, '0.05 tok'],
      ],
    ] as const) {
      expect(chart([bar(highest)])).toContain(`>${top}</text>`);
    }
  });

  test('shows parts in proportion, the first one at the bottom', () => {
    const svg = chart([bar(30, 20)]);
    const [low = 0, high = 0] = attributes(svg, 'height');
    expect(low / high).toBeCloseTo(1.5, 2);
    const [lowY = 0, highY = 0] = attributes(svg, 'y');
    expect(highY).toBeLessThan(lowY);
    expect(lowY + low).toBeCloseTo(148, 1);
  });

  test('draws nothing for nothing, and is whole without any bar', () => {
    expect(attributes(chart([bar(0, 0)]), 'height')).toEqual([]);
    expect(chart([])).toMatch(/^<figure>[\s\S]*<\/figure>\n$/);
  });

  test('labels at most sixteen of its bars, and links all', () => {
    const svg = chart(Array.from({ length: 100 }, (_, at) => ({ ...bar(at), label: `n${at}`, href: `#r${at}` })));
    expect(svg.match(/text-anchor="middle"/g)?.length).toBeLessThanOrEqual(16);
    expect(svg.match(/<a href="#r\d+">/g)).toHaveLength(100);
  });

  test('can’t be left by any text', () => {
    const text = '"><script>alert(1)</script>';
    const svg = chart([{ label: text, tip: text, href: `javascript:${text}`, parts: [1] }], text);
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain(text);
    expect(svg.match(/<a /g)).toHaveLength(1);
  });

  test('stays within its frame, whatever the figures', () => {
    const parts = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(parts, { minLength: 1, maxLength: 40 }), (all) => {
        const svg = chart(all.map((one) => bar(...one)));
        const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) => attributes(svg, name));
        for (const at of x?.keys() ?? []) {
          expect(x?.[at]).toBeGreaterThanOrEqual(62);
          expect((x?.[at] ?? 0) + (width?.[at] ?? 0)).toBeLessThanOrEqual(760.01);
          expect(y?.[at]).toBeGreaterThanOrEqual(7.98);
          expect((y?.[at] ?? 0) + (height?.[at] ?? 0)).toBeLessThanOrEqual(148.03);
        }
        expect(svg).not.toContain('NaN');
      }),
      { numRuns: 60 },
    );
  });
});
