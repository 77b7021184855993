import { describe, expect, it } from 'vitest';
import { fallible, parsePatch } from '../../../src/tools/patch/index.ts';
import { patchOf } from './support.ts';

async function fault(text: string) {
  const result = await fallible(() => parsePatch(text));
  if (result.ok) throw new Error('parsed');
  return result.fault;
}

const update = '*** Update File: a.txt\n@@ head\n keep\n-old\n+new\n*** End of File';

describe('parsePatch', () => {
  it('A4: reads a patch with CRLF as the same patch with LF', () => {
    const text = patchOf(`*** Add File: n.txt\n+one\n+\n${update}\n*** Delete File: d.txt`);
    expect(parsePatch(text.replaceAll('\n', '\r\n'))).toEqual(parsePatch(text));
  });

  it('A5: names the first line when the quotes of a here-document do not match', async () => {
    expect(await fault(`<<"EOF'\n${patchOf(update)}\nEOF`)).toEqual({
      type: 'boundary',
      message: "The first line of the patch must be '*** Begin Patch'",
    });
  });

  it.each(['<<EOF', "<<'EOF'", '<<"EOF"'])('takes off a here-document that begins with %s', (open) => {
    expect(parsePatch(`${open}\n${patchOf(update)}\nEOF\n`)).toEqual(parsePatch(patchOf(update)));
  });

  it('gives the patch as it is shown and approved without the here-document', () => {
    expect(parsePatch(`<<EOF\n${patchOf(update)}\nEOF`).text).toBe(patchOf(update));
  });

  it.each([
    ['an empty path', '*** Delete File:  '],
    ['a path with a zero byte', '*** Delete File: a\0b'],
    ['a move to a path with a zero byte', '*** Update File: a\n*** Move to: b\0c\n@@\n x'],
  ])('A30: refuses %s', async (_, section) => {
    expect(await fault(patchOf(section))).toMatchObject({ type: 'syntax' });
  });

  it('names the last line for an empty text', async () => {
    expect(await fault('  \n ')).toMatchObject({ message: "The last line of the patch must be '*** End Patch'" });
  });

  it('gives the line of a section header that is none', async () => {
    expect(await fault(patchOf(`${update}\n\n*** Rename File: x`))).toMatchObject({ type: 'syntax', line: 9 });
  });

  it('accepts an end-of-file marker with blanks behind it', () => {
    const [section] = parsePatch(patchOf(`${update}  `)).sections;
    expect(section).toMatchObject({ chunks: [{ atEnd: true }] });
  });

  it('keeps only the text of a header that has the ranges of a unified diff', () => {
    const [section] = parsePatch(patchOf('*** Update File: a\n@@ -1,2 +3 @@ def f():\n-x')).sections;
    expect(section).toMatchObject({ chunks: [{ headers: ['def f():'] }] });
  });
});
