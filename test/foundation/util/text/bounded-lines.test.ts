import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundedLines } from '../../../../src/foundation/util/index.ts';

async function* inChunks(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

/** The lines of a text that arrives in these pieces; null for one that is too long. */
async function read(pieces: readonly string[], maxBytes = 8): Promise<(string | null)[]> {
  const lines: (string | null)[] = [];
  for await (const line of boundedLines(inChunks(pieces.map((piece) => Buffer.from(piece))), maxBytes)) {
    lines.push(line.type === 'line' ? line.bytes.toString() : null);
  }
  return lines;
}

describe('lines of a stream', () => {
  it.each<[string, string[], (string | null)[]]>([
    ['nothing', [], []],
    ['an empty piece', [''], []],
    ['one line', ['a\n'], ['a']],
    ['a last line without an end', ['a\nb'], ['a', 'b']],
    ['empty lines', ['\n\na\n'], ['', '', 'a']],
    ['a line in several pieces', ['a', '', 'b', 'c\nd'], ['abc', 'd']],
    ['its end in a piece of its own', ['ab', '\n', 'c', '\n'], ['ab', 'c']],
    ['a line of just the limit', ['12345678\n'], ['12345678']],
    ['a line over it', ['123456789\nnext\n'], [null, 'next']],
    ['one that is over it in the second piece', ['12345678', '9\nnext'], [null, 'next']],
    ['a long last line without an end', ['a\n', '123456789'], ['a', null]],
    ['a long line in many pieces', [...'123456789012'.split(''), '\nb'], [null, 'b']],
    ['a carriage return, which belongs to the line', ['a\r\nb'], ['a\r', 'b']],
    ['a character in two pieces', ['\u00e9\n'], ['\u00e9']],
  ])('%s', async (_, pieces, lines) => {
    expect(await read(pieces)).toEqual(lines);
  });

  it('are the same however the bytes arrive, and none is longer than the limit', async () => {
    const text = fc.array(fc.constantFrom('a', 'bc', '\n', '漢', 'long words '), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(200), { maxLength: 8 }), fc.nat(12), async (parts, cuts, maxBytes) => {
        const bytes = Buffer.from(parts.join(''));
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        const lines: (string | null)[] = [];
        for await (const line of boundedLines(inChunks(chunks), maxBytes)) {
          lines.push(line.type === 'line' ? line.bytes.toString() : null);
        }
        const wanted = bytes.toString().split('\n');
        if (wanted.at(-1) === '') wanted.pop();
        expect(lines).toEqual(wanted.map((line) => (Buffer.byteLength(line) > maxBytes ? null : line)));
      }),
    );
  });

  it('stop to read when nobody wants more', async () => {
    let isClosed = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield await Promise.resolve(Buffer.from('line\n'));
      } finally {
        isClosed = true;
      }
    }
    for await (const line of boundedLines(endless(), 8)) {
      expect(line.type).toBe('line');
      break;
    }
    expect(isClosed).toBe(true);
  });

  it('pass on why the stream broke, after the lines before', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from('a\nb'));
      throw new Error('connection lost');
    }
    const lines: string[] = [];
    const reading = async () => {
      for await (const line of boundedLines(broken(), 8)) if (line.type === 'line') lines.push(line.bytes.toString());
    };
    await expect(reading()).rejects.toThrow('connection lost');
    expect(lines).toEqual(['a']);
  });
});
