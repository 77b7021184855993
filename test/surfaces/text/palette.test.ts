import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blend, type ColourDepth, isDark, nearest256, type Rgb, rgb } from '../../../src/surfaces/text/colour.ts';
import { paletteOf } from '../../../src/surfaces/text/palette.ts';
import type { Role, Style } from '../../../src/surfaces/text/row.ts';
import { THEME_NAMES, themeFor } from '../../../src/surfaces/text/theme.ts';
import { contrast } from './support.ts';

const byte = fc.integer({ min: 0, max: 255 });
const colour: fc.Arbitrary<Rgb> = fc.tuple(byte, byte, byte);
const DEPTHS: readonly ColourDepth[] = ['none', '16', '256', 'truecolor'];

describe('colours', () => {
  test.each([
    ['#000000', [0, 0, 0]],
    ['#ffffff', [255, 255, 255]],
    ['#1e90ff', [30, 144, 255]],
  ])('%s is %j', (hex, parts) => {
    expect(rgb(hex)).toEqual(parts);
  });

  test('contrast is that of WCAG: 21 for black on white, 1 for a colour on itself', () => {
    expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21);
    // From the definition: #767676 is the lightest grey that passes AA on white.
    expect(contrast(rgb('#767676'), [255, 255, 255])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(rgb('#777777'), [255, 255, 255])).toBeLessThan(4.5);
    fc.assert(
      fc.property(colour, (one) => {
        expect(contrast(one, one)).toBe(1);
      }),
    );
  });

  test('contrast does not depend on the order and is at least 1', () => {
    fc.assert(
      fc.property(colour, colour, (a, b) => {
        expect(contrast(a, b)).toBe(contrast(b, a));
        expect(contrast(a, b)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test('a blend is between its colours, and one of them at either end', () => {
    fc.assert(
      fc.property(colour, colour, fc.double({ min: 0, max: 1, noNaN: true }), (top, bottom, opacity) => {
        expect(blend(top, bottom, 1)).toEqual(top);
        expect(blend(top, bottom, 0)).toEqual(bottom);
        for (const [at, channel] of blend(top, bottom, opacity).entries()) {
          expect(channel).toBeGreaterThanOrEqual(Math.min(top[at] ?? 0, bottom[at] ?? 0));
          expect(channel).toBeLessThanOrEqual(Math.max(top[at] ?? 0, bottom[at] ?? 0));
        }
      }),
    );
  });

  test.each([
    ['#000000', true],
    ['#1e1e1e', true],
    ['#282a36', true],
    ['#002b36', true],
    ['#ffffff', false],
    ['#fdf6e3', false],
    ['#eeeeee', false],
  ])('whether a background of %s is dark: %s', (hex, dark) => {
    expect(isDark(rgb(hex))).toBe(dark);
  });

  test('of the fixed colours of 256 none is nearer than the one that is taken', () => {
    const steps = [0, 95, 135, 175, 215, 255];
    const fixed = (index: number): Rgb => {
      if (index >= 232) return [8 + (index - 232) * 10, 8 + (index - 232) * 10, 8 + (index - 232) * 10];
      const cube = index - 16;
      return [steps[Math.floor(cube / 36)] ?? 0, steps[Math.floor(cube / 6) % 6] ?? 0, steps[cube % 6] ?? 0];
    };
    const distance = (a: Rgb, b: Rgb) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
    fc.assert(
      fc.property(colour, (one) => {
        const index = nearest256(one);
        expect(index).toBeGreaterThanOrEqual(16);
        expect(index).toBeLessThanOrEqual(255);
        const best = Math.min(...Array.from({ length: 240 }, (_, at) => distance(fixed(at + 16), one)));
        expect(distance(fixed(index), one)).toBe(best);
      }),
    );
  });
});

describe('codes', () => {
  const dark = themeFor('dark', rgb('#1e1e1e'));

  test.each([
    [{ bold: true }, '1'],
    [{ dim: true }, '2'],
    [{ italic: true }, '3'],
    [{ underline: true }, '4'],
    [{ inverse: true }, '7'],
    [{ strike: true }, '9'],
    [{}, ''],
    [{ bold: false }, ''],
    [{ bold: true, italic: true, strike: true }, '1;3;9'],
  ] satisfies [Style, string][])('%j is %j at each depth', (style, codes) => {
    for (const depth of DEPTHS) expect(paletteOf(dark, depth).codes(style)).toBe(codes);
  });

  test('a weak style that is weak anyway says so once', () => {
    expect(paletteOf(themeFor('auto', null), '16').codes({ role: 'muted', dim: true })).toBe('2');
  });

  test('a role has its colour as the terminal’s depth allows', () => {
    const codes = (depth: ColourDepth) => paletteOf(dark, depth).codes({ role: 'danger' });
    expect(DEPTHS.map(codes)).toEqual(['', '31', `38;5;${nearest256(rgb('#ff9b94'))}`, '38;2;255;155;148']);
  });

  test('a tint is there with 256 colours and more only', () => {
    for (const role of ['user', 'added', 'removed'] as const) {
      expect(DEPTHS.map((depth) => paletteOf(dark, depth).hasTint({ role }))).toEqual([false, false, true, true]);
    }
    expect(paletteOf(dark, 'truecolor').hasTint({ role: 'keyword' })).toBe(false);
    expect(paletteOf(dark, 'truecolor').hasTint({})).toBe(false);
  });

  test('letters on the tint of another role fill the row too', () => {
    expect(paletteOf(dark, '256').hasTint({ role: 'keyword', on: 'removed' })).toBe(true);
    expect(paletteOf(dark, '16').hasTint({ role: 'keyword', on: 'removed' })).toBe(false);
  });

  const style: fc.Arbitrary<Style> = fc.record(
    {
      role: fc.constantFrom<Role>('muted', 'accent', 'added', 'removed', 'user', 'heading', 'quote', 'comment', 'link'),
      on: fc.constantFrom<Role>('added', 'removed', 'user'),
      bold: fc.boolean(),
      dim: fc.boolean(),
      underline: fc.boolean(),
    },
    { requiredKeys: [] },
  );

  test('codes are numbers with semicolons between them, for every theme and depth, and colours only where there are any', () => {
    fc.assert(
      fc.property(
        style,
        fc.constantFrom(...THEME_NAMES),
        fc.option(colour),
        fc.constantFrom(...DEPTHS),
        (own, name, background, depth) => {
          const codes = paletteOf(themeFor(name, background), depth).codes(own);
          expect(codes).toMatch(/^(?:\d+(?:;\d+)*)?$/);
          if (depth === 'none') expect(codes).not.toMatch(/(?:^|;)[34]\d/);
          if (depth === '16') expect(codes).not.toMatch(/[34]8;/);
          if (depth === '256') expect(codes).not.toMatch(/[34]8;2;/);
        },
      ),
    );
  });
});

describe('themes', () => {
  test('the named ones keep their side whatever the background is', () => {
    const muted = (name: 'dark' | 'light') => themeFor(name, rgb('#808080')).muted.letters;
    expect(muted('dark')).toEqual(rgb('#a3a3a3'));
    expect(muted('light')).toEqual(rgb('#595959'));
  });

  test('auto follows the background', () => {
    expect(themeFor('auto', rgb('#101010'))).toEqual(themeFor('dark', rgb('#101010')));
    expect(themeFor('auto', rgb('#fefefe'))).toEqual(themeFor('light', rgb('#fefefe')));
    expect(themeFor('colour-blind', rgb('#fefefe'))).toEqual(themeFor('light-colour-blind', rgb('#fefefe')));
  });

  test('each theme names every role', () => {
    const roles = Object.keys(themeFor('dark', null)).sort();
    expect(roles).toHaveLength(18);
    for (const name of THEME_NAMES) {
      for (const background of [null, rgb('#000000'), rgb('#ffffff')]) {
        expect(Object.keys(themeFor(name, background)).sort()).toEqual(roles);
      }
    }
  });

  test('in the colour-blind themes added and removed differ in blue and orange', () => {
    for (const [name, background] of [
      ['dark-colour-blind', '#000000'],
      ['light-colour-blind', '#ffffff'],
    ] as const) {
      const { added, removed } = themeFor(name, rgb(background));
      const [good = [0, 0, 0], bad = [0, 0, 0]] = [added.letters, removed.letters];
      expect(good[2] > good[0] && bad[0] > bad[2]).toBe(true);
    }
  });
});
