import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseReview } from '../../../../src/engine/session/tasks/parse-review.ts';

const finding = (title: string, more: object = {}) => ({
  title,
  body: 'why',
  confidence_score: 0.5,
  priority: 1,
  code_location: { absolute_file_path: '/w/a.ts', line_range: { start: 3, end: 4 } },
  ...more,
});
const review = (more: object = {}) => ({
  findings: [finding('leak')],
  overall_correctness: 'patch is incorrect',
  overall_explanation: 'It leaks.',
  overall_confidence_score: 0.8,
  ...more,
});
const titles = (text: string) => parseReview(text).findings.map(({ title }) => title);

describe('a review in a model’s words', () => {
  const whole = JSON.stringify(review());

  test.each([
    ['alone', whole],
    ['in a fence', `\`\`\`json\n${whole}\n\`\`\``],
    ['behind prose', `Here is my review: ${whole}`],
    ['before prose', `${whole}\n\nThat is all.`],
    ['behind prose with braces', `The change in \`{ a, b }\` matters. ${whole}`],
    ['before prose with braces', `${whole} See also {config}.`],
    ['between braces on both sides', `{x} and {y}: ${whole} {z}`],
    ['spread over lines', JSON.stringify(review(), null, 2)],
    ['with another object before it', `{"status":"done"}\n${whole}`],
  ])('is found %s', (_where, text) => {
    expect(parseReview(text)).toEqual(review());
  });

  test.each([
    ['null for the score of the whole', review({ overall_confidence_score: null })],
    ['a text for the score of the whole', review({ overall_confidence_score: '0.8' })],
    ['null for the verdict', review({ overall_correctness: null })],
    ['no explanation', review({ overall_explanation: undefined })],
    ['an unknown key', review({ model: 'x' })],
    ['null for a body', review({ findings: [finding('leak', { body: null })] })],
    ['a word for a priority', review({ findings: [finding('leak', { priority: 'P1' })] })],
    ['a fraction for a priority', review({ findings: [finding('leak', { priority: 1.5 })] })],
    [
      'no priority and no score',
      review({ findings: [finding('leak', { priority: undefined, confidence_score: null })] }),
    ],
    ['a text for a score', review({ findings: [finding('leak', { confidence_score: 'high' })] })],
  ])('keeps its findings with %s', (_what, written) => {
    expect(titles(JSON.stringify(written))).toEqual(['leak']);
  });

  test.each([
    ['null', null],
    ['a text', 'line 3'],
    ['without a title', finding('x', { title: undefined })],
    ['without a place', finding('x', { code_location: undefined })],
    ['without its end', finding('x', { code_location: { absolute_file_path: '/a', line_range: { start: 1 } } })],
  ])('loses a finding that is %s, and no other', (_what, broken) => {
    expect(titles(JSON.stringify(review({ findings: [finding('a'), broken, finding('b')] })))).toEqual(['a', 'b']);
  });

  test.each([
    ['plain words', 'Looks fine.', 'Looks fine.'],
    ['words around white space', '  Looks fine.\n', 'Looks fine.'],
    ['another JSON', '{"ok":true}', '{"ok":true}'],
    ['a list', '[1]', '[1]'],
    ['a cut off review', '{"findings":[{"title":"a', '{"findings":[{"title":"a'],
    ['nothing', '', ''],
    ['nothing but braces', '}{', '}{'],
  ])('of %s is its own explanation', (_what, text, explanation) => {
    expect(parseReview(text)).toEqual({
      ...{ findings: [], overall_correctness: '', overall_explanation: explanation, overall_confidence_score: 0 },
    });
  });

  test('is read without an error and at once, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.constant('{'.repeat(5_000)), fc.constant('[{'.repeat(3_000))),
        (text) => {
          expect(parseReview(text).findings).toEqual(expect.any(Array));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('of any value in any place has only findings with a title and a place', () => {
    const parts = fc.record(
      {
        title: fc.oneof(fc.string(), fc.jsonValue()),
        body: fc.jsonValue(),
        confidence_score: fc.jsonValue(),
        priority: fc.jsonValue(),
        code_location: fc.oneof(fc.constant(finding('x').code_location), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const any = fc.record(
      { findings: fc.oneof(fc.array(parts), fc.jsonValue()), overall_explanation: fc.jsonValue() },
      { requiredKeys: ['findings'] },
    );
    fc.assert(
      fc.property(any, (written) => {
        for (const { title, code_location: place } of parseReview(JSON.stringify(written)).findings) {
          expect(typeof title).toBe('string');
          expect(typeof place.absolute_file_path).toBe('string');
          expect(typeof place.line_range.start).toBe('number');
        }
      }),
      { numRuns: 100 },
    );
  });
});
