import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinWords, splitWords } from '../../../../src/tools/approvals/shell/shell-words.ts';
import { ANY_TEXT, ANY_WORDS, knownBaseName, mayBe } from '../../../../src/tools/approvals/shell/words.ts';

describe('the words of a line', () => {
  it.each<[string, string[] | null]>([
    ['', []],
    ['   \t\n ', []],
    ['a b', ['a', 'b']],
    [' a\tb\nc ', ['a', 'b', 'c']],
    [`'a b'`, ['a b']],
    [`"a b"`, ['a b']],
    [`a'b'"c"d`, ['abcd']],
    [`''`, ['']],
    [`""`, ['']],
    [`a ''`, ['a', '']],
    [`'\\'`, ['\\']],
    [`"\\""`, ['"']],
    [`"\\a"`, ['\\a']],
    [`"\\$\\\`"`, ['$`']],
    [`a\\ b`, ['a b']],
    [`\\'`, ["'"]],
    [`a\\\nb`, ['ab']],
    [`"a\\\nb"`, ['ab']],
    [`'a\\\nb'`, ['a\\\nb']],
    ['# all', []],
    ['a # b', ['a']],
    ['a #b\nc', ['a', 'c']],
    ['a#b', ['a#b']],
    [`'#'`, ['#']],
    [`'open`, null],
    [`"open`, null],
    [`a"`, null],
    ['a\\', null],
    [`"a\\`, null],
    ['größe 😀', ['größe', '😀']],
  ])('%j are %j', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  const word = fc.oneof(
    fc.string(),
    fc
      .array(
        fc.constantFrom(
          "'",
          '"',
          '\\',
          '$',
          '`',
          '!',
          '^',
          '\n',
          ' ',
          ';',
          '&',
          '|',
          '*',
          '~',
          '#',
          '=',
          'a',
          'é',
          '😀',
        ),
        {
          maxLength: 8,
        },
      )
      .map((parts) => parts.join('')),
  );

  it('are the same after they were joined and split again', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        expect(splitWords(joinWords(words))).toEqual(words);
      }),
      { numRuns: 300 },
    );
  });

  it('are those that a shell reads from the joined line', () => {
    const words = fc
      .sample(word, { numRuns: 200, seed: 11 })
      .filter((text) => !text.includes('\0') && text.isWellFormed());
    for (const shell of ['sh', 'bash']) {
      const printed = execFileSync(shell, ['-c', `printf '%s\\0' ${joinWords(words)}`], { encoding: 'utf8' });
      expect(printed.split('\0').slice(0, -1)).toEqual(words);
    }
  });

  it('are split as a shell does where nothing is expanded', () => {
    const piece = fc.constantFrom('a', 'b ', "'", '"', '\\', ' ', '\n', '#', "'x y'", '"x\\"y"', 'é', '\\ ');
    const lines = fc
      .sample(fc.array(piece, { minLength: 1, maxLength: 10 }), { numRuns: 250, seed: 5 })
      .map((pieces) => pieces.join(''))
      // A line break would end the command, and what the shell refuses has no words.
      .filter((line) => splitWords(line) !== null && !/^[^'"]*\n/.test(line) && !line.includes('\n'));
    expect(lines.length).toBeGreaterThan(50);
    const script = lines.map((line) => `printf '%s\\0' - ${line}\nprintf '\\1'\n`).join('');
    const printed = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
    const read = printed
      .split('\x01')
      .slice(0, -1)
      .map((one) => one.split('\0').slice(1, -1));
    expect(read).toEqual(lines.map((line) => splitWords(line)));
  });

  it('are joined plainly where nothing needs a quote', () => {
    expect(joinWords(['git', 'push', '--force', 'a/b:c@d+e_f'])).toBe('git push --force a/b:c@d+e_f');
    expect(joinWords(['a b', "it's", '$x', ''])).toBe(`'a b' "it's" '$x' ''`);
  });
});

describe('a word of which parts are unknown', () => {
  it.each<[string, string, boolean]>([
    ['push', 'push', true],
    ['push', 'pull', false],
    ['?', 'anything', true],
    ['p?', 'push', true],
    ['?h', 'push', true],
    ['p?h', 'push', true],
    ['p?x', 'push', false],
    ['*', 'anything', true],
    ['a*', 'push', true],
    ['pu?sh?', 'push', true],
    ['', '', true],
    ['', 'x', false],
  ])('%s may be %s: %s', (text, wanted, may) => {
    expect(mayBe(text.replaceAll('?', ANY_TEXT).replaceAll('*', ANY_WORDS), wanted)).toBe(may);
  });

  it.each<[string, string | null]>([
    ['git', 'git'],
    ['/usr/bin/git', 'git'],
    ['?/git', 'git'],
    ['/usr/?', null],
    ['*/git', null],
    ['?', null],
    ['a/', ''],
  ])('of a program called %s the name is %s', (text, name) => {
    expect(knownBaseName(text.replaceAll('?', ANY_TEXT).replaceAll('*', ANY_WORDS))).toBe(name);
  });
});
