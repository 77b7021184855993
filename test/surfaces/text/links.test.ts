import { expect, test } from 'vitest';
import { linkedRow } from '../../../src/surfaces/text/links.ts';
import { row, rowText } from '../../../src/surfaces/text/row.ts';

const files = new Set(['src/a.ts', 'README.md', 'src/dir/b c.ts']);
const resolve = (path: string) => (files.has(path) ? `/home/ada/app/${path}` : null);

function links(text: string): [string, string][] {
  const linked = linkedRow(row(text), resolve);
  expect(rowText(linked)).toBe(text);
  return linked.flatMap(({ text: shown, style }): [string, string][] =>
    style.href === undefined ? [] : [[shown, style.href]],
  );
}

test('point 17.7: addresses and files that exist become links, with their line', () => {
  expect(links('See src/a.ts:10:2, README.md and https://example.com/x.')).toEqual([
    ['src/a.ts:10:2', 'file:///home/ada/app/src/a.ts#L10'],
    ['README.md', 'file:///home/ada/app/README.md'],
    ['https://example.com/x', 'https://example.com/x'],
  ]);
});

test('what is no file stays text', () => {
  expect(links('v1.2.3 e.g. foo/bar.ts:3 a.b')).toEqual([]);
});

test('the target of a link has no bytes that end it', () => {
  const [link] = linkedRow(row('x.ts'), () => '/a b\u001b\\/ü.ts');
  expect(link?.style.href).toMatch(/^file:\/\/\/[\x21-\x7e]+$/);
});
