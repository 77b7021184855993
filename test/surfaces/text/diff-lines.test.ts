import { structuredPatch } from 'diff';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DiffLine, diffLines } from '../../../src/surfaces/text/diff-lines.ts';

const read = (diff: string) => diffLines(diff, 'unified');

/** A line as people read it: its sign, its number, its text. */
function shown(line: DiffLine): string {
  if (line.type === 'gap') return '⋮';
  if (line.type === 'file') return `file ${line.path}`;
  if (line.type === 'note') return `note ${line.text}`;
  return `${{ added: '+', removed: '-', kept: ' ' }[line.type]}${line.number} ${line.text}`;
}

const reads = (diff: string) => read(diff).map(shown);

describe('whole files', () => {
  test('each line is numbered from 1', () => {
    expect(diffLines('a\nb\n', 'added').map(shown)).toEqual(['+1 a', '+2 b']);
    expect(diffLines('a\nb\n', 'deleted').map(shown)).toEqual(['-1 a', '-2 b']);
  });

  test('the last line counts with or without its line end, and blank lines count', () => {
    expect(diffLines('a', 'added')).toHaveLength(1);
    expect(diffLines('a\n\n', 'added').map(shown)).toEqual(['+1 a', '+2 ']);
    expect(diffLines('\n', 'added').map(shown)).toEqual(['+1 ']);
  });

  test('an empty file has no lines', () => {
    for (const form of ['added', 'deleted', 'unified'] as const) expect(diffLines('', form)).toEqual([]);
  });

  test('line ends of Windows are no text', () => {
    expect(diffLines('a\r\nb\r\n', 'added').map(shown)).toEqual(['+1 a', '+2 b']);
  });

  test('text that looks like a diff is text', () => {
    expect(diffLines('@@ -1 +1 @@\n+++ b/x\n', 'added').map(shown)).toEqual(['+1 @@ -1 +1 @@', '+2 +++ b/x']);
  });
});

describe('hunks', () => {
  test('kept and added lines have their number in the new file, removed ones that in the old', () => {
    expect(reads('@@ -10,3 +20,3 @@\n a\n-b\n+c\n d\n')).toEqual([' 20 a', '-11 b', '+21 c', ' 22 d']);
  });

  test('a count of one can be left out', () => {
    expect(reads('@@ -5 +7 @@\n-a\n+b\n')).toEqual(['-5 a', '+7 b']);
  });

  test('the heading after the second @@ is no line', () => {
    expect(reads('@@ -1 +1 @@ function a() {\n-a\n+b\n')).toEqual(['-1 a', '+1 b']);
  });

  test('two hunks of a file have a gap between them', () => {
    expect(reads('@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n-c\n+d\n')).toEqual(['-1 a', '+1 b', '⋮', '-9 c', '+9 d']);
  });

  test('an empty line whose blank was dropped is a kept line', () => {
    expect(reads('@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n')).toEqual([' 1 a', ' 2 ', '-3 b', '+3 c']);
  });

  test('lines that look like names of files are text as long as the hunk has lines to come', () => {
    expect(reads('@@ -1,2 +1,2 @@\n--- old\n+++ new\n end\n')).toEqual(['-1 -- old', '+1 ++ new', ' 2 end']);
  });

  test('a line that looks like the head of a hunk is text if it has a sign', () => {
    expect(reads('@@ -1 +1 @@\n-@@ -1 +1 @@\n+@@ -2 +2 @@\n')).toEqual(['-1 @@ -1 +1 @@', '+1 @@ -2 +2 @@']);
  });

  test('a missing line end is noted where it is missing', () => {
    expect(reads('@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n')).toEqual([
      '-1 a',
      'note \\ No newline at end of file',
      '+1 a',
    ]);
  });

  test('a hunk that only adds, or only removes, has a count of 0 on the other side', () => {
    expect(reads('@@ -0,0 +1,2 @@\n+a\n+b\n')).toEqual(['+1 a', '+2 b']);
    expect(reads('@@ -1,2 +0,0 @@\n-a\n-b\n')).toEqual(['-1 a', '-2 b']);
  });

  test('a diff that breaks off within a hunk shows what came', () => {
    expect(reads('@@ -1,9 +1,9 @@\n a\n-b')).toEqual([' 1 a', '-2 b']);
  });
});

describe('files', () => {
  test('a changed file is named once', () => {
    expect(reads('diff --git a/x.ts b/x.ts\nindex 1..2 100644\n--- a/x.ts\n+++ b/x.ts\n@@ -1 +1 @@\n-a\n+b\n')).toEqual(
      ['file x.ts', '-1 a', '+1 b'],
    );
  });

  test('a plain diff names the new file, without the time behind it', () => {
    expect(reads('--- x.c\t2026-01-01\n+++ x.c\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n')[0]).toBe('file x.c');
  });

  test('a new file is named', () => {
    expect(
      reads('diff --git a/n b/n\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+a\n'),
    ).toEqual(['file n', 'note new file mode 100644', '+1 a']);
  });

  test('a deleted file is named, with git’s header and without it', () => {
    const plain = '--- a/old.ts\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n';
    expect(reads(plain)).toEqual(['file old.ts', '-1 a']);
    expect(reads(`diff --git a/old.ts b/old.ts\ndeleted file mode 100644\nindex 1..0\n${plain}`)).toEqual([
      'file old.ts',
      'note deleted file mode 100644',
      '-1 a',
    ]);
  });

  test('a file of which only the mode changed, or that is empty, is named', () => {
    expect(reads('diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n')).toEqual([
      'file run.sh',
      'note old mode 100644',
      'note new mode 100755',
    ]);
    expect(reads('diff --git a/e b/e\nnew file mode 100644\nindex 0..1\n')).toEqual([
      'file e',
      'note new file mode 100644',
    ]);
  });

  test('a name with blanks is whole', () => {
    expect(reads('diff --git a/my file b/my file\nold mode 100644\nnew mode 100755\n')[0]).toBe('file my file');
    expect(reads('--- a/my file\t\n+++ b/my file\t\n@@ -1 +1 @@\n-a\n+b\n')[0]).toBe('file my file');
  });

  test('a rename says both names', () => {
    expect(reads('diff --git a/y b/z\nsimilarity index 100%\nrename from y\nrename to z\n')).toEqual([
      'note rename from y',
      'note rename to z',
    ]);
  });

  test('binary files are noted', () => {
    expect(reads('diff --git a/i.png b/i.png\nindex 1..2\nBinary files a/i.png and b/i.png differ\n')).toEqual([
      'file i.png',
      'note Binary files a/i.png and b/i.png differ',
    ]);
  });

  test('hunks of different files have no gap between them, whichever program wrote the diff', () => {
    const file = (name: string) => `--- a/${name}\n+++ b/${name}\n@@ -1 +1 @@\n-a\n+b\n`;
    const plain = ['file x', '-1 a', '+1 b', 'file y', '-1 a', '+1 b'];
    expect(reads(file('x') + file('y'))).toEqual(plain);
    expect(reads(`diff --git a/x b/x\n${file('x')}diff --git a/y b/y\n${file('y')}`)).toEqual(plain);
  });
});

const line = fc.constantFrom('a', 'b', '', ' ', '-- x', '++ y', '@@ -1 +1 @@', 'diff --git a/x b/x', '\\ no', '漢');
const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.map((own) => `${own}\n`).join(''));

test('the lines of a diff rebuild both files', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const { hunks } = structuredPatch('a', 'b', before, after, '', '', { context: 50 });
      const diff = hunks
        .map((hunk) =>
          [`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`, ...hunk.lines, ''].join('\n'),
        )
        .join('');
      const lines = read(diff);
      const side = (other: 'added' | 'removed') =>
        lines.flatMap((own) => ('number' in own && own.type !== other ? [own] : []));
      if (before === after) return;
      expect(
        side('added')
          .map((own) => `${own.text}\n`)
          .join(''),
      ).toBe(before);
      expect(
        side('removed')
          .map((own) => `${own.text}\n`)
          .join(''),
      ).toBe(after);
      expect(side('removed').map(({ number }) => number)).toEqual(side('removed').map((_, at) => at + 1));
    }),
  );
});

test('whatever the text, all of a diff is read', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 20 }), (lines) => void read(lines.join('\n'))),
  );
});
