import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linkedRow } from '../../../src/surfaces/text/links.ts';
import { row, rowText } from '../../../src/surfaces/text/row.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';

const files = new Set(['src/a.ts', 'README.md', 'src/dir/b c.ts']);
const resolve = (path: string) => (files.has(path) ? `/home/ada/app/${path}` : null);

function links(text: string): [string, string][] {
  const linked = linkedRow(row(text), resolve);
  expect(rowText(linked)).toBe(text);
  return linked.flatMap(({ text: shown, style }): [string, string][] =>
    style.href === undefined ? [] : [[shown, style.href]],
  );
}

test('17.7: addresses and files that exist become links, with their line', () => {
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

test.each([
  ['https://example.com', 'https://example.com'],
  ['(https://example.com/a)', 'https://example.com/a'],
  ['"https://example.com/a",', 'https://example.com/a'],
  ['<https://example.com/a>', 'https://example.com/a'],
  ['https://example.com/a?b=c&d=e#f.', 'https://example.com/a?b=c&d=e#f'],
  ['`https://example.com`', 'https://example.com'],
  ['see http://localhost:3000/x!', 'http://localhost:3000/x'],
  ['https://example.com/a_b*c', 'https://example.com/a_b*c'],
  ['https://example.com...', 'https://example.com'],
])('in %j the address %j is a link', (text, address) => {
  expect(links(text).map(([shown]) => shown)).toEqual([address]);
});

test.each([
  'https://',
  'http:// x',
  'ftp://example.com',
  'javascript:alert(1)',
  'mailto:',
  'https:/example.com',
  'https://[bad',
])('%j is no address', (text) => {
  expect(links(text)).toEqual([]);
});

test.each([
  ['./src/a.ts', './src/a.ts'],
  ['~/notes.md', '~/notes.md'],
  ['../up/a.ts:3', '../up/a.ts'],
  ['/etc/hosts.conf', '/etc/hosts.conf'],
  ['.gitignore', '.gitignore'],
  ['http.ts', 'http.ts'],
  ['https-proxy.test.ts:12', 'https-proxy.test.ts'],
  ['src/http/http.ts:1:2', 'src/http/http.ts'],
  ['Makefile.am', 'Makefile.am'],
  ['src/Makefile:10', 'src/Makefile'],
  ['a-b_c+d@e.ts', 'a-b_c+d@e.ts'],
])('the path in %j that is looked for is %s', (text, path) => {
  const asked: string[] = [];
  linkedRow(row(text), (own) => {
    asked.push(own);
    return null;
  });
  expect(asked).toContain(path);
});

test('a file whose name starts as an address does is a link', () => {
  const [link] = linkedRow(row('http-client.ts:7'), () => '/app/http-client.ts');
  expect(link).toEqual({ text: 'http-client.ts:7', style: { href: 'file:///app/http-client.ts#L7' } });
});

test.each([
  ['/a%20b.ts', 'file:///a%2520b.ts'],
  ['/a?b.ts', 'file:///a%3Fb.ts'],
  ['/a#b.ts', 'file:///a%23b.ts'],
  ['/a b.ts', 'file:///a%20b.ts'],
  ['/ü.ts', 'file:///%C3%BC.ts'],
])('the address of the file %s names that file', (path, href) => {
  const [link] = linkedRow(row('x.ts'), () => path);
  expect(link?.style.href).toBe(href);
  expect(fileURLToPath(href)).toBe(path);
});

test('a link keeps the look of its text, and a text that is a link already stays one', () => {
  const linked = linkedRow(
    [
      { text: 'README.md', style: { bold: true } },
      { text: 'README.md', style: { href: 'https://example.com/' } },
    ],
    resolve,
  );
  expect(linked).toEqual([
    { text: 'README.md', style: { bold: true, href: 'file:///home/ada/app/README.md' } },
    { text: 'README.md', style: { href: 'https://example.com/' } },
  ]);
});

test('a row without links is the row it was', () => {
  const plain = row('nothing to see here');
  expect(linkedRow(plain, resolve)).toEqual(plain);
  expect(linkedRow([], resolve)).toEqual([]);
});

test('texts that are too long for prose are not searched', () => {
  expect(links(`README.md ${'x'.repeat(4_000)}`)).toEqual([]);
});

const word = fc.constantFrom(
  'README.md',
  'src/a.ts:3',
  'https://example.com/x',
  'plain',
  '漢字',
  '(',
  ').',
  ' ',
  ':',
  'a/',
  '...',
  '~/',
  '@',
);

test('linking changes no letter, and every target can be written to a terminal', () => {
  fc.assert(
    fc.property(fc.array(word, { maxLength: 15 }), (words) => {
      for (const [, href] of links(words.join(''))) expect(href).toMatch(/^(?:https?|file):[\x21-\x7e]+$/);
    }),
  );
});

test('paths of hostile shape are searched in time', () => {
  const texts = [
    'a/'.repeat(2_000),
    '.'.repeat(4_000),
    'a.'.repeat(2_000),
    '../'.repeat(1_300),
    `${'a'.repeat(3_999)}:`,
  ];
  expect(cpuSeconds(() => texts.map(links))).toBeLessThan(5);
});
