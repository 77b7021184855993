/** A line of input without its end. */
export type Line = { readonly type: 'line'; readonly bytes: Buffer } | { readonly type: 'tooLong' };

const NEWLINE = 0x0a;

/** Cuts bytes into lines. Of a line with more than `maxBytes` nothing is kept, and what follows it is read as usual. */
export async function* boundedLines(input: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line, void> {
  let parts: Buffer[] = [];
  let length = 0;
  const add = (bytes: Buffer) => {
    length += bytes.byteLength;
    if (length > maxBytes) parts = [];
    else if (bytes.byteLength > 0) parts.push(bytes);
  };
  const take = (): Line => {
    const line: Line = length > maxBytes ? { type: 'tooLong' } : { type: 'line', bytes: Buffer.concat(parts) };
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}
