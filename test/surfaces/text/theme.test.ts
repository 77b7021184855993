import { expect, test } from 'vitest';
import { nearest256, type Rgb, rgb } from '../../../src/surfaces/text/colour.ts';
import { paletteOf } from '../../../src/surfaces/text/palette.ts';
import { type ThemeName, themeFor } from '../../../src/surfaces/text/theme.ts';
import { contrast } from './support.ts';

const DARK = ['#000000', '#1e1e1e', '#282c34', '#0d1117', '#002b36'].map(rgb);
const LIGHT = ['#ffffff', '#fafafa', '#fdf6e3'].map(rgb);

const cases: [ThemeName, Rgb][] = [
  ...DARK.flatMap((ground): [ThemeName, Rgb][] => [
    ['auto', ground],
    ['dark-colour-blind', ground],
    ['colour-blind', ground],
  ]),
  ...LIGHT.flatMap((ground): [ThemeName, Rgb][] => [
    ['auto', ground],
    ['light-colour-blind', ground],
    ['colour-blind', ground],
  ]),
];

test.each(cases)(
  '17.9: theme %s on %j: text has a contrast of 4.5 at least, and of 3 on the tints of a diff',
  (name, ground) => {
    const theme = themeFor(name, ground);
    for (const [role, { letters }] of Object.entries(theme)) {
      if (letters === undefined) continue;
      expect([role, contrast(letters, ground) >= 4.5]).toEqual([role, true]);
      for (const tint of [theme.added.tint, theme.removed.tint, theme.user.tint]) {
        if (tint) expect([role, contrast(letters, tint) >= 3]).toEqual([role, true]);
      }
    }
  },
);

test('29: NO_COLOR gives no colours, and weight stays', () => {
  const palette = paletteOf(themeFor('dark', null), 'none');
  expect(palette.codes({ role: 'danger', bold: true, underline: true })).toBe('1;4');
  expect(palette.codes({ role: 'user' })).toBe('');
});

test('29: an unknown background gives no tint and no colours of our own', () => {
  const palette = paletteOf(themeFor('auto', null), 'truecolor');
  expect(palette.hasTint({ role: 'user' })).toBe(false);
  expect(palette.codes({ role: 'danger' })).toBe('31');
});

test('the colour-blind themes never set green against red', () => {
  for (const background of [DARK[1] ?? null, null]) {
    const { added, removed, success, danger } = themeFor('colour-blind', background);
    expect([added.basic, removed.basic, success.basic, danger.basic]).toEqual([34, 33, 34, 33]);
  }
});

test('code on a tint has both colours, and that of the change alone where there are no tints', () => {
  const theme = themeFor('dark', rgb('#1e1e1e'));
  expect(paletteOf(theme, 'truecolor').codes({ role: 'keyword', on: 'added' })).toMatch(/^38;2;[\d;]+;48;2;[\d;]+$/);
  expect(paletteOf(theme, '16').codes({ role: 'keyword', on: 'added' })).toBe('32');
  expect(paletteOf(theme, '16').codes({ role: 'keyword', on: 'user' })).toBe('35');
});

test('256 colours are the nearest', () => {
  expect([nearest256(rgb('#ff0000')), nearest256(rgb('#ffffff')), nearest256(rgb('#080808'))]).toEqual([196, 231, 232]);
});
