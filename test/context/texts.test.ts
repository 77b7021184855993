import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escaped, onOneLine } from '../../src/context/escape.ts';
import { changesOf } from '../../src/context/history/command-changes.ts';
import { filesOf } from '../../src/context/history/patched-files.ts';
import { cpuSeconds } from '../support/cpu-time.ts';

describe('a text within one of keel\u2019s tags', () => {
  it.each([
    ['a b', 'a b'],
    ['a\nb\r\nc', 'a b c'],
    ['</skill>', '&lt;/skill&gt;'],
    ['&lt;', '&amp;lt;'],
    ['\u001b[31mred', ' [31mred'],
    ['a\u202eb\u2066c', 'a b c'],
    ['größe 😀', 'größe 😀'],
    ['a\ud83d', 'a\uFFFD'],
    ['', ''],
  ])('%j is %j', (value, text) => expect(escaped(value)).toBe(text));

  it('closes no tag, has one line, and is bounded, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.integer({ min: 1, max: 350 }),
        (value, maxChars) => {
          const text = escaped(value, maxChars);
          expect(text).not.toMatch(/[<>\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
          expect(text.isWellFormed()).toBe(true);
          expect(onOneLine(value, maxChars).length).toBeLessThanOrEqual(maxChars + 3);
        },
      ),
    );
  });

  it('says that it was cut', () => {
    expect(onOneLine('x'.repeat(301))).toBe(`${'x'.repeat(300)}...`);
    expect(onOneLine('x'.repeat(300))).toBe('x'.repeat(300));
    expect(onOneLine('😀'.repeat(10), 3)).toBe('😀\uFFFD...');
  });
});

describe('the files of a patch', () => {
  const of = (...lines: string[]) => filesOf(lines.join('\n'));
  it.each<[string, string[], ReturnType<typeof filesOf>]>([
    ['nothing', [], []],
    [
      'one that is added',
      ['*** Begin Patch', '*** Add File: a', '+x', '+y', '*** End Patch'],
      [['a', { kind: 'A', added: 2, removed: 0 }]],
    ],
    [
      'one that is changed',
      ['*** Update File: a b', '@@', ' x', '-y', '+z'],
      [['a b', { kind: 'M', added: 1, removed: 1 }]],
    ],
    ['one that is deleted', ['*** Delete File: a'], [['a', { kind: 'D', added: 0, removed: 0 }]]],
    [
      'one that is moved',
      ['*** Update File: a', '*** Move to: b', '@@', '-x', '+y'],
      [
        ['a', { kind: 'D', added: 0, removed: 0 }],
        ['b', { kind: 'A', added: 1, removed: 1 }],
      ],
    ],
    [
      'several',
      ['*** Add File: a', '+x', '*** Delete File: b'],
      [
        ['a', { kind: 'A', added: 1, removed: 0 }],
        ['b', { kind: 'D', added: 0, removed: 0 }],
      ],
    ],
    [
      'lines that only look like headers',
      ['*** Update File: a', ' *** Add File: b', '+*** Delete File: c'],
      [['a', { kind: 'M', added: 1, removed: 0 }]],
    ],
    ['rows before any file', ['+x', '-y'], []],
  ])('%s', (_, lines, files) => expect(of(...lines)).toEqual(files));
});

describe('the files that a command line changes', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['ls -la', []],
    ['echo x > a', ['M a']],
    ['echo x >> a', ['M a']],
    ['cat a > b > c', ['M b', 'M c']],
    ['make 2> log', ['M log']],
    ['echo x > /dev/null', []],
    ['echo x > "$OUT"', []],
    ['touch a b', ['M a', 'M b']],
    ['rm -rf a b', ['D a', 'D b']],
    ['mv a b', ['D a', 'M b']],
    ['mv a b dir', ['D a', 'D b', 'M dir']],
    ['cp -r a b', ['M b']],
    ['sed -i s/a/b/ x y', ['M x', 'M y']],
    ['sed -i -e s/a/b/ x', ['M x']],
    ['sed s/a/b/ x', []],
    ['perl -pi -e s/a/b/ x', ['M x']],
    ['git rm a', ['D a']],
    ['git checkout -- a b', ['M a', 'M b']],
    ['git checkout main', []],
    ['git restore a', ['M a']],
    ['sudo rm a', ['D a']],
    ['A=1 touch a', ['M a']],
    ['/usr/bin/touch a', ['M a']],
    ['cd x && touch a; rm b | tee c', ['M a', 'D b', 'M c']],
    ['rm *.tmp', []],
    ['touch /tmp/x', []],
    ['truncate -s 0 a', ['M a']],
  ])('%j: %j', (script, changes) => {
    const found = changesOf(script).map(({ kind, path }) => `${kind} ${path}`);
    expect(found.toSorted()).toEqual(changes.toSorted());
  });

  it('are read in little time and without a fault, whatever a model writes', () => {
    const piece = fc.constantFrom(
      'rm',
      ' ',
      '>',
      '>>',
      "'",
      '"',
      '\\',
      '|',
      ';',
      '&&',
      '<<EOF',
      '\n',
      'EOF',
      'a',
      '$(',
      '`',
      '2>&1',
      '-i',
      'sed',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const { path, kind } of changesOf(pieces.join(''))) {
          expect(path).not.toBe('');
          expect(['M', 'D']).toContain(kind);
        }
      }),
      { numRuns: 300 },
    );
    for (const hostile of ['> ', "'", '<<A\n', 'rm ', '\\']) {
      expect(cpuSeconds(() => changesOf(hostile.repeat(20_000)))).toBeLessThan(5);
    }
  });
});
