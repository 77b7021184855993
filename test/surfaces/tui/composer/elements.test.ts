import { describe, expect, test } from 'vitest';
import {
  completedToken,
  draftOf,
  EMPTY_COMPOSER,
  imagePathIn,
  imagesIn,
  isBlank,
  layoutOf,
  pasted,
  sentText,
  tokenAt,
  trimmed,
  visibleText,
  withEdit,
  withImage,
} from '../../../../src/surfaces/tui/composer/index.ts';

describe('pastes', () => {
  test.each([
    ['a', 'a'],
    ['a\r\nb\rc', 'a\nb\nc'],
    ['x'.repeat(1_000), 'x'.repeat(1_000)],
    ['👍'.repeat(1_000), '👍'.repeat(1_000)],
  ])('that are short are text', (text, shown) => {
    const { atoms, cursor } = pasted(EMPTY_COMPOSER, text).draft;
    expect(visibleText(atoms)).toBe(shown);
    expect(cursor).toBe(atoms.length);
  });

  test('that are long are one element, which is sent whole and removed whole', () => {
    const text = 'line\r\n'.repeat(300);
    const composer = pasted(pasted(EMPTY_COMPOSER, 'see '), text);
    expect(visibleText(composer.draft.atoms)).toBe('see [Pasted Content 1500 chars]');
    expect(sentText(composer.draft.atoms)).toBe(`see ${'line\n'.repeat(300)}`);
    expect(visibleText(withEdit(composer, 'delete_back', 40).draft.atoms)).toBe('see ');
    expect(withEdit(composer, 'left', 40).draft.cursor).toBe(4);
    expect(withEdit(composer, 'word_left', 40).draft.cursor).toBe(4);
  });
});

describe('images', () => {
  test('are numbered, with a blank behind each, and are no text that is sent', () => {
    const composer = withImage(withImage(EMPTY_COMPOSER, '/a.png'), '/b.png');
    expect(visibleText(composer.draft.atoms)).toBe('[Image #1] [Image #2] ');
    expect(imagesIn(composer.draft.atoms).map(({ path }) => path)).toEqual(['/a.png', '/b.png']);
  });

  test('keep their numbers when one before them goes', () => {
    const composer = withImage(EMPTY_COMPOSER, '/a.png');
    const without = withEdit(withEdit(composer, 'delete_back', 40), 'delete_back', 40);
    expect(visibleText(withImage(without, '/b.png').draft.atoms)).toBe('[Image #2] ');
  });

  test('are something, and blanks around them go', () => {
    const { atoms } = withImage(EMPTY_COMPOSER, '/a.png').draft;
    expect(isBlank(atoms)).toBe(false);
    expect(visibleText(trimmed([' ', '\n', ...atoms]))).toBe('[Image #1]');
    expect(trimmed(draftOf(' \n ').atoms)).toEqual([]);
    expect(visibleText(trimmed(draftOf('  a b \n').atoms))).toBe('a b');
  });

  test.each([
    ['/a/b.png', '/a/b.png'],
    ['b.JPG', '/app/b.JPG'],
    ['./b.jpeg', '/app/b.jpeg'],
    ['../b.gif', '/b.gif'],
    ['  /a.webp\n', '/a.webp'],
    ["'/my file.png'", '/my file.png'],
    ['"/my file.png"', '/my file.png'],
    ['/my\\ file.png', '/my file.png'],
    ['file:///a%20b.png', '/a b.png'],
    ["/it\\'s.png", "/it's.png"],
  ])('the paste %j is the image %s', (text, path) => {
    expect(imagePathIn(text, '/app')).toBe(path);
  });

  test.each([
    '',
    ' ',
    '/a.txt',
    'png',
    'look at a.png',
    '/a.png\n/b.png',
    '/a.png /b.png',
    'file://elsewhere/a.png',
    'https://example.com/a.png?x',
    '$HOME/a.png',
    '`id`.png',
    'a;b.png',
    '"$(id).png"',
    "'a'b'.png'",
    `/${'x'.repeat(5_000)}.png`,
  ])('the paste %j is no image', (text) => {
    expect(imagePathIn(text, '/app')).toBeNull();
  });
});

describe('the word under the cursor', () => {
  const tokenIn = (text: string) => {
    const [before = '', after = ''] = text.split('|');
    const { atoms } = draftOf(before + after);
    const token = tokenAt({ atoms, cursor: draftOf(before).atoms.length });
    return token === null ? null : `${token.kind} ${token.text}`;
  };

  test.each([
    ['/|', 'command '],
    ['/mo|', 'command mo'],
    ['/m|o', 'command mo'],
    ['@|', 'file '],
    ['see @src/a|', 'file src/a'],
    ['@a| more', 'file a'],
    ['$|', 'skill '],
    ['use $my-skill|', 'skill my-skill'],
    ['use $plugin:skill|', 'skill plugin:skill'],
    ['a\n@b|', 'file b'],
    ['|/mo', 'command mo'],
  ])('of %j is the %s', (text, token) => {
    expect(tokenIn(text)).toBe(token);
  });

  test.each(['|', 'word|', '/usr/bin|', ' /mo|', 'a /mo|', 'me@home|', '$a.b|', '@a |', 'a |@b', '$HOME/x|', '/mo |x'])(
    'of %j is none',
    (text) => {
      expect(tokenIn(text)).toBeNull();
    },
  );

  test('is replaced as a whole', () => {
    const draft = draftOf('see @src');
    const token = tokenAt(draft);
    if (token === null) throw new Error('no token');
    expect(visibleText(completedToken(draft, token, 'src/a.ts ').atoms)).toBe('see src/a.ts ');
  });

  test('ends at an element', () => {
    const composer = withImage(EMPTY_COMPOSER, '/a.png');
    expect(tokenAt(composer.draft)).toBeNull();
  });
});

describe('the layout', () => {
  const rowsOf = (text: string, width: number) => {
    const draft = draftOf(text);
    return layoutOf(draft, width).rows.map(({ from, to }) => visibleText(draft.atoms.slice(from, to)));
  };

  test.each<[string, number, string[]]>([
    ['', 10, ['']],
    ['one', 10, ['one']],
    ['one two three', 8, ['one two ', 'three']],
    ['abcdefgh', 3, ['abc', 'def', 'gh']],
    ['abc', 3, ['abc', '']],
    ['a\n\nb', 5, ['a', '', 'b']],
    ['a\n', 5, ['a', '']],
    ['漢字漢字', 5, ['漢字', '漢字']],
    ['aaaa bb', 4, ['aaaa ', 'bb']],
    ['a\tb', 10, ['a\tb']],
    [' a漢', 2, [' ', 'a', '漢', '']],
    ['b a漢字', 3, ['b ', 'a漢', '字']],
  ])('of %j in %i cells is %j', (text, width, rows) => {
    expect(rowsOf(text, width)).toEqual(rows);
  });

  test('has the cursor of a full last row at the start of the next', () => {
    expect(layoutOf(draftOf('abc'), 3)).toMatchObject({ row: 1, column: 0 });
    expect(layoutOf(draftOf('ab'), 3)).toMatchObject({ row: 0, column: 2 });
    expect(layoutOf({ ...draftOf('abcdef'), cursor: 3 }, 3)).toMatchObject({ row: 1, column: 0 });
  });

  test('is one even where there is no room', () => {
    expect(layoutOf(draftOf('漢'), 0).rows.length).toBeGreaterThan(0);
  });
});
