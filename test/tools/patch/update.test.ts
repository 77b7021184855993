import { describe, expect, it } from 'vitest';
import { fallible, hintToModel, parsePatch, verifyPatch } from '../../../src/tools/patch/index.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';
import { patchOf, Workspace } from './support.ts';

/** The file's text after an update with these chunks. */
function updated(before: string, chunks: string): string {
  using workspace = new Workspace({ 'f.txt': before });
  workspace.apply(`*** Update File: f.txt\n${chunks}`);
  return workspace.read('f.txt');
}

async function refusal(before: string, chunks: string) {
  using workspace = new Workspace({ 'f.txt': before });
  const text = patchOf(`*** Update File: f.txt\n${chunks}`);
  const result = await fallible(() => verifyPatch(parsePatch(text), workspace.dir));
  if (result.ok) throw new Error('verified');
  return { message: result.fault.message, hint: hintToModel(result.fault) };
}

describe('an update', () => {
  it('A7: takes a typographic dash for a plain one, but not one case for the other', async () => {
    expect(updated('1–2\n', '@@\n-1-2\n+3')).toBe('3\n');
    expect((await refusal('Hello\n', '@@\n-hello\n+bye')).message).toBe(
      'Failed to find expected lines in f.txt:\nhello',
    );
  });

  it('A8: prefers the exact line to an earlier one with another indent', () => {
    expect(updated('  key\nkey\n', '@@\n-key\n+KEY')).toBe('  key\nKEY\n');
  });

  it('A9: fails if a block marked as the end occurs only earlier', async () => {
    expect((await refusal('x\nend\ny\n', '@@\n x\n-end\n+END\n*** End of File')).message).toContain(
      'Failed to find expected lines',
    );
  });

  it('A10: ends a file that had no newline at its end with exactly one', () => {
    expect(updated('a\nb', '@@\n-a\n+A')).toBe('A\nb\n');
    expect(updated('a\nb', '@@\n-b\n+B')).toBe('a\nB\n');
  });

  it('puts an insertion at the end of a file without a newline on a line of its own', () => {
    expect(updated('a\nb', '@@\n+c')).toBe('a\nb\nc\n');
  });

  it('A11: leaves blank lines at the end where they are', () => {
    expect(updated('a\nb\n\n\n', '@@\n-a\n+A')).toBe('A\nb\n\n\n');
  });

  it('gives added lines the ending that most lines of the file have', () => {
    expect(updated('a\r\nb\r\nc\nd\r\n', '@@\n a\n+x\n b\n c')).toBe('a\r\nx\r\nb\r\nc\nd\r\n');
    expect(updated('a\r\nb', '@@\n-b\n+B')).toBe('a\r\nB\r\n');
  });

  it('keeps a byte order mark', () => {
    expect(updated('\ufeffone\ntwo\n', '@@\n-one\n+1')).toBe('\ufeff1\ntwo\n');
  });

  it('keeps one of two blank lines added before a blank line that is not in the file', () => {
    expect(updated('a\nb\n', '@@\n b\n+x\n+\n')).toBe('a\nb\nx\n\n');
  });

  it('refuses a block at the end of the file that lies on lines taken already', async () => {
    expect((await refusal('a\nb\n', '@@\n-a\n-b\n+c\n@@\n-b\n+d\n*** End of File')).message).toBe(
      'Failed to find expected lines in f.txt:\nb',
    );
  });

  it('replaces a run of lines of any length', () => {
    const count = 200_000;
    const added = Array.from({ length: count }, (_, at) => `+n${at}`).join('\n');
    expect(updated('a\n', `@@\n-a\n${added}`).split('\n')).toHaveLength(count + 1);
  });

  it('A29: places 200 chunks in a file of 2 MB in under a second, also where only blanks differ', () => {
    const lines = Array.from(
      { length: 40_000 },
      (_, at) => `${'  '.repeat(at % 9)}const value${at} = compute(${at}); // x`,
    );
    using workspace = new Workspace({ 'big.ts': `${lines.join('\n')}\n` });
    const chunks = Array.from({ length: 200 }, (_, at) => {
      const line = (lines[at * 200] ?? '').trim();
      return `@@\n-${at % 2 === 0 ? line : ` ${line} `}\n+changed ${at}`;
    });
    const patch = parsePatch(patchOf(`*** Update File: big.ts\n${chunks.join('\n')}`));
    const verify = () => {
      const { changes } = verifyPatch(patch, workspace.dir);
      expect(changes[0]?.after?.match(/changed \d+/g)).toHaveLength(200);
    };
    expect(cpuSeconds(verify)).toBeLessThan(1);
  });
});

describe('what is said of lines that are not there', () => {
  it('names the place where most of them are and the first difference', async () => {
    const { hint } = await refusal('a\nfoo(1)\nb\nc\n', '@@\n a\n-foo(2)\n+foo(3)\n b');
    expect(hint).toBe('Closest place in f.txt: line 2. First difference: expected "foo(2)", found "foo(1)".');
  });

  it('names the most alike line when none is there', async () => {
    const { hint } = await refusal('x = 1\nreturn total + tax\n', '@@\n-return total + vat\n+return 0');
    expect(hint).toBe(
      'Closest place in f.txt: line 2. First difference: expected "return total + vat", found "return total + tax".',
    );
  });

  it.each([
    ['normal forms', 'cafe\u0301\n', 'caf\u00e9', 'expected U+00E9, found U+0065 U+0301 (column 4)'],
    ['an ellipsis', 'wait\u2026\n', 'wait...', 'expected U+002E U+002E U+002E, found U+2026 (column 5)'],
    ['a zero-width joiner', 'a\u200db\n', 'ab', 'expected nothing, found U+200D (column 2)'],
    ['a tab inside', 'key:\tvalue\n', 'key: value', 'expected a space, found a tab (column 5)'],
    ['more spaces inside', 'a  = 1\n', 'a = 1', 'expected nothing, found a space (column 3)'],
  ])('names the characters of lines that only look the same: %s', async (_, before, wanted, difference) => {
    const { hint } = await refusal(`first\n${before}`, `@@\n first\n-${wanted}\n+x`);
    expect(hint).toMatch(/^Closest place in f\.txt: line 2\. /);
    expect(hint).toContain(` They look alike but differ: ${difference}.`);
  });

  it('says when the lines are there but before an earlier block', async () => {
    const { hint } = await refusal('1\n2\n3\n', '@@\n-3\n+c\n@@\n-1\n+a');
    expect(hint).toMatch(/^The same lines begin at line 1 of f\.txt/);
  });

  it('says when the file ends too early', async () => {
    const { hint } = await refusal('a\nb\n', '@@\n a\n b\n-c\n+d');
    expect(hint).toBe('Closest place in f.txt: line 3. First difference: expected "c", found the end of the file.');
  });

  it('names the closest line to a header', async () => {
    const { hint } = await refusal('class A(Base):\n  x\n', '@@ class A(Base)\n-  x\n+  y');
    expect(hint).toContain('Closest place in f.txt: line 1.');
  });

  it('says nothing if nothing is like it', async () => {
    expect((await refusal('alpha\n', '@@\n-zeta = 4\n+x')).hint).toBeNull();
  });

  it('shows only the beginning of long lines', async () => {
    const long = `call(${'x'.repeat(1000)})`;
    const { hint } = await refusal(`a\n${long}\nb\n`, `@@\n a\n-${long}!\n b`);
    expect(hint?.length).toBeLessThan(500);
  });
});
