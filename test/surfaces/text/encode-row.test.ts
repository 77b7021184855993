import { expect, test } from 'vitest';
import { rgb } from '../../../src/surfaces/text/colour.ts';
import { encodeFill, encodeRow } from '../../../src/surfaces/text/encode-row.ts';
import { paletteOf } from '../../../src/surfaces/text/palette.ts';
import { row, span } from '../../../src/surfaces/text/row.ts';
import { themeFor } from '../../../src/surfaces/text/theme.ts';

const style = { palette: paletteOf(themeFor('dark', rgb('#1e1e1e')), 'truecolor'), hasLinks: true };
const plain = { palette: paletteOf(themeFor('auto', null), 'none'), hasLinks: false };

test('point 17.7: a link over several rows has one name', () => {
  const href = 'https://example.com/a';
  const [first, second] = [row('one', { href }), row('two', { href })].map((own) => encodeRow(own, style));
  const id = /id=(\w+);/.exec(first ?? '')?.[1];
  expect(first).toBe(`\u001b]8;id=${id};${href}\u001b\\one\u001b]8;;\u001b\\`);
  expect(second).toContain(`id=${id};`);
});

test('a target that could end its own sequence, or run something, is no link', () => {
  for (const href of ['https://x\u001b\\y', 'javascript:alert(1)', 'https://x y', `https://${'x'.repeat(3_000)}`]) {
    expect(encodeRow(row('a', { href }), style)).toBe('a');
  }
});

test('looks end with the row, and a tint fills it', () => {
  const own = [span('a', { bold: true }), span('b'), span('', { role: 'user' })];
  expect(encodeRow(own, style)).toBe('\u001b[1ma\u001b[0mb');
  expect(encodeFill(own, style)).toMatch(/^\u001b\[48;2;[\d;]+m\u001b\[K\u001b\[0m$/);
  expect(encodeFill(own, plain)).toBe('');
});

test('check 29: without colours a row has none', () => {
  expect(encodeRow([span('a', { role: 'danger' }), span('b', { role: 'user' })], plain)).toBe('ab');
});

test('point 17.11: the start of a prompt is marked where the terminal knows marks, and nowhere else', () => {
  const prompt = [
    { text: '› ', style: { isPrompt: true as const } },
    { text: 'hello', style: {} },
  ];
  const style = { palette: paletteOf(themeFor('auto', null), 'none'), hasLinks: false };
  expect(encodeRow(prompt, style)).toBe('› hello');
  expect(encodeRow(prompt, { ...style, hasPromptMarks: true })).toBe('\u001b]133;A\u001b\\› hello');
  expect(encodeRow(prompt.slice(1), { ...style, hasPromptMarks: true })).toBe('hello');
});
