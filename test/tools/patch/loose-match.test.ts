import { describe, expect, it } from 'vitest';
import { fallible, parsePatch, verifyPatch } from '../../../src/tools/patch/index.ts';
import { patchOf, Workspace } from './support.ts';

async function outcome(before: string, chunks: string) {
  using workspace = new Workspace({ f: before });
  const result = await fallible(() => verifyPatch(parsePatch(patchOf(`*** Update File: f\n${chunks}`)), workspace.dir));
  if (!result.ok) return { refusal: result.fault.message };
  return { text: result.value.changes[0]?.after ?? before, notes: result.value.notes };
}

const reindentedNote = 'matched apart from white space: the added rows were given the indentation of the file.';

describe('a match apart from indentation', () => {
  it.each([
    ['tabs for spaces', 'all:\n\techo hi\n', '@@\n all:\n-    echo hi\n+    echo hello', 'all:\n\techo hello\n'],
    [
      'spaces for tabs',
      'if x:\n    y()\n',
      '@@\n if x:\n-\ty()\n+\tz()\n+\t\tdeeper()',
      'if x:\n    z()\n        deeper()\n',
    ],
    [
      'nested tabs',
      'a {\n\tb {\n\t\tc\n',
      '@@\n a {\n     b {\n-        c\n+        d\n+            e',
      'a {\n\tb {\n\t\td\n\t\t\te\n',
    ],
    [
      'an outer level left out',
      '    if x:\n        y()\n',
      '@@\n if x:\n-    y()\n+    z()\n+    w()',
      '    if x:\n        z()\n        w()\n',
    ],
    [
      'a deeper row than any shown',
      '        a = 1\n',
      '@@\n-    a = 1\n+    if b:\n+        a = 2',
      '        if b:\n            a = 2\n',
    ],
    ['too much of it', 'a\nb\n', '@@\n     a\n-    b\n+    c', 'a\nc\n'],
    [
      'another number of spaces a level',
      'a:\n  b:\n    c\n',
      '@@\n a:\n     b:\n-        c\n+        d\n+            e',
      'a:\n  b:\n    d\n      e\n',
    ],
    ['a blank row among the added ones', '\tx\n', '@@\n-    x\n+    y\n+\n+    z', '\ty\n\n\tz\n'],
  ])('gives added rows the indentation of the file: %s', async (_, before, chunks, after) => {
    expect(await outcome(before, chunks)).toEqual({ text: after, notes: [`f line 1: ${reindentedNote}`] });
  });

  it.each([
    ['the file has it', 'all:\n\tbuild\n', '@@\n all:\n-    build\n+\tbuild -v', 'all:\n\tbuild -v\n'],
    ['only rows are removed', '    a\n        b\nc\n', '@@\n-a\n-b\n c', 'c\n'],
    ['a removed row was exact', '  lead\nval=1\n', '@@\n lead\n-val=1\n+val=2', '  lead\nval=2\n'],
    ['only white space at line ends differs', 'total   \nnext\n', '@@\n-total\n+sum\n next', 'sum\nnext\n'],
  ])('leaves added rows alone where %s', async (_, before, chunks, after) => {
    expect(await outcome(before, chunks)).toEqual({ text: after, notes: [] });
  });

  it.each([
    ['may be nested or right already', '    x = 1\n', '@@\n-x = 1\n+    x = 2'],
    ['matches several levels', '    a\n        b\n', '@@\n-a\n-b\n+c\n+d'],
    ['would mix tabs and spaces', '\tx\n', '@@\n-x\n+if y:\n+    x'],
    ['is measured by a header that was not copied exactly', '  class A:\n    x\n', '@@ class A:\n+  y'],
  ])('is refused where the indentation of an added row %s', async (_, before, chunks) => {
    const { refusal } = await outcome(before, chunks);
    expect(refusal).toMatch(/^The rows fit line \d of f apart from their indentation \(expected .*, found .*\)/);
  });

  it('names the white space of both sides when it is refused', async () => {
    const { refusal } = await outcome('\tx\n', '@@\n-  x\n+    y\n+ z');
    expect(refusal).toContain('(expected 2 spaces, found a tab (column 1))');
  });

  it('keeps the line ends of the file', async () => {
    expect((await outcome('a:\r\n\tb\r\n', '@@\n a:\n-    b\n+    c')).text).toBe('a:\r\n\tc\r\n');
  });

  it('says which characters only look alike', async () => {
    expect(await outcome('range 1–5\n', '@@\n-range 1-5\n+range 1-6')).toEqual({
      text: 'range 1-6\n',
      notes: [
        'f line 1: matched apart from look-alike characters in line 1: expected U+002D, found U+2013 (column 8).',
      ],
    });
  });
});

describe('a block that fits several places', () => {
  it('takes the first exact one, and names it and the others', async () => {
    expect(await outcome('v=1\na\nv=1\nb\nv=1\n', '@@\n-v=1\n+v=2')).toEqual({
      text: 'v=2\na\nv=1\nb\nv=1\n',
      notes: ['f line 1: the first of several places that fit was taken; the others: lines 3, 5.'],
    });
  });

  it('names no place that another block of the patch takes', async () => {
    const { notes } = await outcome('v=1\na\nv=1\n', '@@\n-v=1\n+v=2\n@@\n-v=1\n+v=3');
    expect(notes).toEqual([]);
  });

  it('is distinguished by a header, without a note', async () => {
    expect(await outcome('[a]\nv=1\n[b]\nv=1\n[c]\nv=1\n', '@@ [b]\n-v=1\n+v=2')).toEqual({
      text: '[a]\nv=1\n[b]\nv=2\n[c]\nv=1\n',
      notes: [],
    });
  });

  it('is named by its header where that fits several places too', async () => {
    const { notes } = await outcome('go:\nv=1\ngo:\nv=1\n', '@@ go:\n-v=1\n+v=2');
    expect(notes).toEqual(['f line 2: the first of several places that fit was taken; the others: line 3.']);
  });

  it.each([
    ['indentation', '    x = 1\n\ty = 1\n    x = 1\n', '@@\n-x = 1\n+x = 2', 'lines 1, 3'],
    ['white space at its end', 'x  \ny\nx \n', '@@\n-x\n+z', 'lines 1, 3'],
    ['look-alikes', '“a”\nb\n“a”\n', '@@\n-"a"\n+c', 'lines 1, 3'],
    ['a header', '  go:\nv=1\n  go:\nv=1\n', '@@ go:\n-v=1\n+v=2', 'lines 1, 3'],
  ])('is refused with its places where only %s distinguishes it from the rows', async (_, before, chunks, places) => {
    const { refusal } = await outcome(before, chunks);
    expect(refusal).toBe(
      `The rows fit several places in f, none of them exactly: ${places}. Copy the rows exactly, with more unchanged ones around them.`,
    );
  });
});
