import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CustomToolSpec } from '../../../../src/models/prompt/index.ts';
import { applyPatch, parsePatch, verifyPatch } from '../../../../src/tools/patch/index.ts';
import { LarkGrammar } from '../../../support/lark-grammar.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { allSpecs, descriptionOf, functionSpecs } from './support.ts';

const functionForm = functionSpecs.find(({ name }) => name === 'apply_patch');
const freeform = allSpecs.find((spec): spec is CustomToolSpec => spec.type === 'custom');
const grammar = new LarkGrammar(freeform?.format.definition ?? '');
const example = exampleIn(functionForm ? descriptionOf(functionForm) : '');

function exampleIn(text: string): string {
  return /\*\*\* Begin Patch\n[\s\S]*\*\*\* End Patch\n/.exec(text)?.[0] ?? '';
}

describe('P12: the example of a patch', () => {
  it('applies to the files it speaks of', () => {
    using dir = tempDir();
    const clock = 'export function tick() {\n  const now = read();\n  return now;\n}\n';
    dir.write({ 'src/clock.ts': clock, 'src/old.ts': 'gone\n' });
    const { summary } = applyPatch(verifyPatch(parsePatch(example), dir.path), () => true);
    expect(summary.toSorted()).toEqual(['A notes/skew.md', 'D src/old.ts', 'M src/time/clock.ts']);
    expect(readFileSync(`${dir.path}/src/time/clock.ts`, 'utf8')).toBe(
      clock.replace('return now', 'return now + skew'),
    );
    expect(readFileSync(`${dir.path}/notes/skew.md`, 'utf8')).toBe('# Skew\n');
  });

  it('must-hold 33: is accepted by the grammar', () => {
    expect(grammar.accepts(example)).toBe(true);
  });
});

describe('P12: the grammar', () => {
  const patch = (...lines: string[]) => `*** Begin Patch\n${lines.join('\n')}\n*** End Patch`;

  it.each([
    ['a file without content', patch('*** Add File: a.txt')],
    ['a newline at the end', `${patch('*** Delete File: a.txt')}\n`],
    ['several headers above a block', patch('*** Update File: a.txt', '@@ class A', '@@ method b', '-a', '+b')],
    ['several blocks', patch('*** Update File: a.txt', '@@', ' x', '-a', '@@', '+b', '@@ here', '-', '+ ')],
    ['the end of a file', patch('*** Update File: a.txt', '*** Move to: b.txt', '@@', '+b', '*** End of File')],
    [
      'all kinds of sections',
      patch('*** Delete File: a', '*** Add File: b', '+', '+x', '*** Update File: c', '@@', '+y'),
    ],
  ])('accepts %s, and so does the parser', (_, text) => {
    expect(grammar.accepts(text)).toBe(true);
    expect(() => parsePatch(text)).not.toThrow();
  });

  it.each([
    ['nothing', ''],
    ['no section', '*** Begin Patch\n*** End Patch'],
    ['rows that no header opens', patch('*** Update File: a.txt', '-a', '+b')],
    ['an update without a row', patch('*** Update File: a.txt')],
    ['a move without a row', patch('*** Update File: a.txt', '*** Move to: b.txt')],
    ['a header without a row', patch('*** Update File: a.txt', '@@ here')],
    ['a header after the last row', patch('*** Update File: a.txt', '@@', '+a', '@@ here')],
    ['a row without a sign', patch('*** Update File: a.txt', '@@', 'a')],
    ['a file without a name', patch('*** Add File:  ', '+a')],
    ['a code fence', `\`\`\`\n${patch('*** Add File: a')}\n\`\`\``],
  ])('does not accept %s', (_, text) => {
    expect(grammar.accepts(text)).toBe(false);
  });

  /** Texts without line ends, unusual ones too: signs and marks of the language are likely. */
  const unusual = [
    '*** End Patch',
    '*** Begin Patch',
    '@@',
    '@@ -1,2 +1,2 @@',
    '+',
    '-',
    ' ',
    '*** End of File',
    '\t',
    'é',
    'a.ts',
  ];
  const words = fc
    .array(fc.constantFrom(...unusual, ...'abz/._'), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(''));

  it('must-hold 33: accepts nothing that the parser does not, in a thousand patches made from it', () => {
    const path = words.map((text) => `f${text}`);
    fc.assert(
      fc.property(fc.gen(), (generate) => {
        const text = grammar.make({
          below: (limit) => generate(fc.integer, { min: 0, max: limit - 1 }),
          textFor: (pattern) => generate(() => (pattern.source.startsWith('\\S') ? path : words)),
        });
        expect(grammar.accepts(text)).toBe(true);
        expect(parsePatch(text).sections.length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });
});
