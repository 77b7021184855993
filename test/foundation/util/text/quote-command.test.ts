import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteCommand } from '../../../../src/foundation/util/index.ts';

describe('a command line that can be typed', () => {
  it.each<[string[], string]>([
    [[], ''],
    [['ls'], 'ls'],
    [['ls', '-la', '/usr/bin'], 'ls -la /usr/bin'],
    [['git', 'log', '--format=%H', 'a@{1}'], "git log --format=%H 'a@{1}'"],
    [['echo', ''], "echo ''"],
    [['echo', 'two words'], "echo 'two words'"],
    [['echo', "it's"], "echo 'it'\\''s'"],
    [['echo', '$HOME', '`id`', '$(id)'], "echo '$HOME' '`id`' '$(id)'"],
    [['echo', 'a\nb'], "echo 'a\nb'"],
    [['echo', '*', '?', '~', '!', '#'], "echo '*' '?' '~' '!' '#'"],
    [['größe'], "'größe'"],
  ])('%j is %s', (argv, line) => {
    expect(quoteCommand(argv)).toBe(line);
  });

  it('means the same to a shell, whatever the words', () => {
    const word = fc
      .oneof(
        fc.string(),
        fc
          .array(fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', ';', '&', '|', '*', '~', '#', '!', 'a', '😀'), {
            maxLength: 8,
          })
          .map((parts) => parts.join('')),
      )
      .filter((text) => !text.includes('\0') && text.isWellFormed());
    const words = fc.sample(word, { numRuns: 150, seed: 7 });
    const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${quoteCommand(words)}`], { encoding: 'utf8' });
    expect(printed.split('\0').slice(0, -1)).toEqual(words);
  });
});
