import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BlockRequest, indentationBlock } from '../../../../src/tools/builtin/files/indentation-block.ts';

const SOURCE = `import x

# adds numbers
def add(a, b):
    # both
    if a:
        return a + b

    return b

def other():
    pass`.split('\n');

function taken(
  request: Partial<BlockRequest> & { readonly anchor: number },
  lines: readonly string[] = SOURCE,
): string {
  const block = indentationBlock(lines, { limit: 100, ...request });
  return block.ok ? lines.slice(block.first - 1, block.last).join('\n') : block.message;
}

describe('the block that a line belongs to', () => {
  test('is the innermost one with one level, and grows outwards with more', () => {
    expect(taken({ anchor: 7, max_levels: 1 })).toBe('    # both\n    if a:\n        return a + b\n\n    return b');
    expect(taken({ anchor: 7, max_levels: 2 })).toContain('def add(a, b):');
    expect(taken({ anchor: 7, max_levels: 2 })).not.toContain('import x');
  });

  test('has the comment above its head unless that is not wanted', () => {
    expect(taken({ anchor: 7, max_levels: 2 })).toContain('# adds numbers');
    expect(taken({ anchor: 7, max_levels: 2, include_header: false })).not.toContain('# adds numbers');
  });

  test('has its siblings where they are wanted', () => {
    const all = taken({ anchor: 7, max_levels: 2, include_siblings: true });
    expect(all).toContain('import x');
    expect(all).toContain('def other():');
  });

  test('counts a tab as four columns', () => {
    const lines = ['a:', '\tb:', '        c', '\td', 'e'];
    expect(taken({ anchor: 3, max_levels: 1 }, lines)).toBe('\tb:\n        c\n\td');
  });

  test('neither starts nor ends with empty lines', () => {
    expect(taken({ anchor: 2, max_lines: 5 }, ['', 'x', '', ''])).toBe('x');
  });

  test('is no longer than was asked for', () => {
    expect(taken({ anchor: 7, max_lines: 1 })).toBe('        return a + b');
    expect(taken({ anchor: 7, max_lines: 3 }).split('\n').length).toBeLessThanOrEqual(3);
    expect(taken({ anchor: 7, limit: 2 }).split('\n').length).toBeLessThanOrEqual(2);
  });

  test.each([
    [{ anchor: 0 }, 'anchor_line must lie between 1 and 12'],
    [{ anchor: 13 }, 'anchor_line must lie between 1 and 12'],
    [{ anchor: 1, max_lines: 0 }, 'max_lines must be at least 1'],
  ])('%j is refused with what is possible', (request, message) => {
    expect(taken(request)).toBe(message);
  });

  test('of any file has its line, stays within it and within the limit, and has no line that is less deep', () => {
    const line = fc
      .tuple(fc.constantFrom('', '  ', '    ', '\t', '        '), fc.constantFrom('', 'x', '# note', '}'))
      .map(([indent, text]) => indent + text);
    const request = fc.record({
      at: fc.nat(),
      max_levels: fc.nat(3),
      include_siblings: fc.boolean(),
      include_header: fc.boolean(),
      max_lines: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
      limit: fc.integer({ min: 1, max: 40 }),
    });
    const width = (text: string) => text.replaceAll('\t', '    ').search(/\S/);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 30 }), request, (lines, { at, ...rest }) => {
        const anchor = (at % lines.length) + 1;
        const block = indentationBlock(lines, { anchor, ...rest });
        if (!block.ok) throw new Error(block.message);
        const { first, last } = block;
        expect(first >= 1 && last <= lines.length && first <= last).toBe(true);
        expect(last - first + 1).toBeLessThanOrEqual(Math.min(rest.limit, rest.max_lines ?? 99));
        // Empty lines at the edges are left out, the anchor among them.
        if ((lines[anchor - 1] ?? '').trim() === '') return;
        expect(first <= anchor && anchor <= last).toBe(true);
        const least = rest.max_levels === 0 ? 0 : Math.max(0, width(lines[anchor - 1] ?? '') - 4 * rest.max_levels);
        for (const one of lines.slice(first - 1, last)) {
          if (one.trim() !== '') expect(width(one)).toBeGreaterThanOrEqual(least);
        }
      }),
      { numRuns: 200 },
    );
  });
});
