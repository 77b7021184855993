import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rgb } from '../../../src/surfaces/text/colour.ts';
import { encodeFill, encodeRow } from '../../../src/surfaces/text/encode-row.ts';
import { paletteOf } from '../../../src/surfaces/text/palette.ts';
import { row, span } from '../../../src/surfaces/text/row.ts';
import { themeFor } from '../../../src/surfaces/text/theme.ts';

const style = { palette: paletteOf(themeFor('dark', rgb('#1e1e1e')), 'truecolor'), hasLinks: true };
const plain = { palette: paletteOf(themeFor('auto', null), 'none'), hasLinks: false };

test('17.7: a link over several rows has one name', () => {
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

test('29: without colours a row has none', () => {
  expect(encodeRow([span('a', { role: 'danger' }), span('b', { role: 'user' })], plain)).toBe('ab');
});

test('17.11: the start of a prompt is marked where the terminal knows marks, and nowhere else', () => {
  const prompt = [
    { text: '› ', style: { isPrompt: true as const } },
    { text: 'hello', style: {} },
  ];
  const style = { palette: paletteOf(themeFor('auto', null), 'none'), hasLinks: false };
  expect(encodeRow(prompt, style)).toBe('› hello');
  expect(encodeRow(prompt, { ...style, hasPromptMarks: true })).toBe('\u001b]133;A\u001b\\› hello');
  expect(encodeRow(prompt.slice(1), { ...style, hasPromptMarks: true })).toBe('hello');
});

test('the same look over spans is set once', () => {
  expect(encodeRow([span('a', { bold: true }), span('b', { bold: true }), span('c')], style)).toBe(
    '\u001b[1mab\u001b[0mc',
  );
});

test('a look that follows another takes nothing of it', () => {
  expect(encodeRow([span('a', { bold: true }), span('b', { italic: true })], style)).toBe(
    '\u001b[1ma\u001b[0;3mb\u001b[0m',
  );
});

test('empty spans write nothing', () => {
  expect(encodeRow([span('', { bold: true }), span('a'), span('', { href: 'https://example.com/' })], style)).toBe('a');
  expect(encodeRow([], style)).toBe('');
});

test('a link that changes within a row ends before the next starts, and the last ends with the row', () => {
  const bytes = encodeRow([span('a', { href: 'https://a/' }), span('b', { href: 'https://b/' }), span('c')], style);
  const targets = [...bytes.matchAll(/\u001b\]8;(?:id=\w+)?;([^\u001b]*)\u001b\\/g)].map(([, target]) => target);
  expect(targets).toEqual(['https://a/', 'https://b/', '']);
  expect(bytes.endsWith('\u001b]8;;\u001b\\c')).toBe(true);
});

test.each(['https://example.com/a', 'http://localhost:1/', 'file:///a/b#L3', 'mailto:a@example.com'])(
  'the target %s is written where the terminal shows links, and nowhere else',
  (href) => {
    expect(encodeRow(row('x', { href }), style)).toContain(`;${href}\u001b\\x`);
    expect(encodeRow(row('x', { href }), { ...style, hasLinks: false })).toBe('x');
  },
);

test.each(['HTTPS://x', 'data:text/html,x', 'vscode://x', ' https://x', 'https:\u001b', 'https:ü', '', 'file:'])(
  'the target %j is not written',
  (href) => {
    expect(encodeRow(row('x', { href }), style)).toBe('x');
  },
);

test.each(['\u001b', '\u0007', '\u009b', '\r', '\n', '\t', '\u007f', '\u202e', '\u2066', '\u200f', '\u061c'])(
  'the character %j that got into a row is shown as one that can’t be',
  (one) => {
    expect(encodeRow([span(`a${one}b`)], plain)).toBe('a\ufffdb');
  },
);

test('a row that ends without a tint has no fill', () => {
  for (const own of [[], [span('a')], [span('a', { role: 'added' }), span('b')], [span('a', { role: 'keyword' })]]) {
    expect(encodeFill(own, style)).toBe('');
  }
});

const anyStyle = fc.record(
  {
    role: fc.constantFrom('added' as const, 'user' as const, 'link' as const, 'muted' as const),
    bold: fc.boolean(),
    inverse: fc.boolean(),
    href: fc.oneof(fc.webUrl(), fc.string()),
  },
  { requiredKeys: [] },
);

test('whatever is in a row, its bytes are its letters, looks and links, and all of these are closed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), anyStyle), { maxLength: 6 }), (parts) => {
      const bytes = encodeRow(
        parts.map(([text, own]) => span(text, own)),
        style,
      );
      const looks = [...bytes.matchAll(/\u001b\[([\d;]*)m/g)].map(([, codes]) => codes);
      const targets = [...bytes.matchAll(/\u001b\]8;(?:id=\w+)?;([!-~]*)\u001b\\/g)].map(([, target]) => target);
      if (looks.length > 0) expect(looks.at(-1)).toBe('0');
      if (targets.length > 0) expect(targets.at(-1)).toBe('');
      const letters = bytes.replaceAll(/\u001b\[[\d;]*m|\u001b\]8;(?:id=\w+)?;[!-~]*\u001b\\/g, '');
      expect(letters).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(letters.length).toBe(parts.reduce((sum, [text]) => sum + text.length, 0));
    }),
  );
});
