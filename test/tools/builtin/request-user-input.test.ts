import { describe, expect, test } from 'vitest';
import type { UserQuestion } from '../../../src/foundation/protocol/index.ts';
import { requestUserInputTool } from '../../../src/tools/builtin/index.ts';
import type { ToolContext } from '../../../src/tools/contract/index.ts';
import { QUESTIONS } from '../../support/questions.ts';
import { ToolTurn, textOf } from './support.ts';

const [colour, size] = QUESTIONS;
const { handler } = requestUserInputTool;

/** The call with a user who gives these answers. */
async function asked(args: unknown, askUser: ToolContext['askUser'], signal = new AbortController().signal) {
  const turn = new ToolTurn('/w');
  const context = { ...turn.context, askUser };
  const payload = { type: 'function', arguments: JSON.stringify(args) } as const;
  const output = await handler.run({ callId: 'c1', name: 'request_user_input', payload }, context, signal);
  return { output, turn };
}

describe('questions to the user', () => {
  test('are asked as the model wrote them, and answered by their ids', async () => {
    let questions: readonly UserQuestion[] = [];
    const { output, turn } = await asked({ questions: QUESTIONS }, async (given) => {
      questions = given;
      return { colour: ['Red'], size: ['as large as the logo'] };
    });
    expect(questions).toEqual(QUESTIONS);
    expect(output.success).toBe(true);
    expect(JSON.parse(textOf(output))).toEqual({
      answers: { colour: { answers: ['Red'] }, size: { answers: ['as large as the logo'] } },
    });
    expect(turn.seen).toEqual(['started toolCall inProgress', 'completed toolCall completed']);
    expect(turn.items.at(-1)).toMatchObject({ answer: 'Colour: Red\nSize: as large as the logo' });
  });

  test('may be answered in part; what was not asked does not count', async () => {
    const { output, turn } = await asked({ questions: QUESTIONS }, async () => ({ size: ['Small'], other: ['x'] }));
    expect(JSON.parse(textOf(output))).toEqual({ answers: { size: { answers: ['Small'] } } });
    expect(turn.items.at(-1)).toMatchObject({ answer: 'Colour: no answer\nSize: Small' });
  });

  test('without an answer leave the model to decide', async () => {
    const { output, turn } = await asked({ questions: [colour] }, async () => null);
    expect(output).toMatchObject({ success: false, body: expect.stringContaining('Decide yourself') });
    expect(turn.items.at(-1)).toMatchObject({ status: 'declined', reason: 'not answered' });
  });

  test('that are withdrawn end without an item of their own: the end of the turn shows them', async () => {
    const stop = new AbortController();
    const { output, turn } = await asked(
      { questions: [colour] },
      async () => {
        stop.abort();
        return null;
      },
      stop.signal,
    );
    expect(output).toEqual({ body: 'aborted', success: false });
    expect(turn.seen).toEqual(['started toolCall inProgress']);
  });

  test.each([
    ['letters of three bytes', '漢'],
    ['letters that take more as JSON', '"\n'],
    ['letters that take six times as much as JSON', '\u0001'],
    ['letters of two halves', '🙂'],
  ])('get an answer of bounded length, whole letters and a mark: %s', async (_, letter) => {
    const long = Array.from({ length: 9 }, () => letter.repeat(9_000));
    for (const [answers, count] of [
      [{ colour: long.slice(0, 1) }, 1],
      [{ colour: long, size: ['Small'] }, 5],
      [{ colour: long, size: long }, 5],
    ] as const) {
      const { output } = await asked({ questions: QUESTIONS }, async () => answers);
      const text = textOf(output);
      expect(Buffer.byteLength(text)).toBeLessThan(10_240);
      if (count === 1) expect(Buffer.byteLength(text)).toBeGreaterThan(9_000);
      const given: string[] = JSON.parse(text).answers.colour.answers;
      expect(given).toHaveLength(count);
      for (const answer of given) {
        expect(answer.endsWith('… (cut)')).toBe(true);
        expect(`${letter.repeat(9_000)}`.startsWith(answer.slice(0, -'… (cut)'.length))).toBe(true);
        expect(answer.isWellFormed()).toBe(true);
      }
    }
  });

  test('get a long answer whole where an output has room for it', async () => {
    const long = 'x'.repeat(9_000);
    const { output } = await asked({ questions: QUESTIONS }, async () => ({ colour: [long] }));
    expect(JSON.parse(textOf(output)).answers.colour.answers).toEqual([long]);
  });

  const option = (label: string) => ({ label, description: '' });
  test.each<[string, unknown]>([
    ['none', { questions: [] }],
    ['no list', { questions: 'Which colour?' }],
    ['more than three', { questions: [1, 2, 3, 4].map((at) => ({ ...colour, id: String(at) })) }],
    ['two with one id', { questions: [colour, { ...size, id: 'colour' }] }],
    ['one without options', { questions: [{ ...colour, options: [] }] }],
    ['one option', { questions: [{ ...colour, options: [option('Blue')] }] }],
    ['five options', { questions: [{ ...colour, options: ['a', 'b', 'c', 'd', 'e'].map(option) }] }],
    ['two options of one label', { questions: [{ ...colour, options: [option('Blue'), option(' Blue ')] }] }],
    ['an empty question', { questions: [{ ...colour, question: ' ' }] }],
    ['an empty label', { questions: [{ ...colour, options: [option(''), option('Blue')] }] }],
    ['a question without a header', { questions: [{ ...colour, header: undefined }] }],
    ['an id of every object', { questions: [{ ...colour, id: 'constructor' }] }],
    ['an id that is no property', { questions: [{ ...colour, id: '__proto__' }] }],
    ['an id with other letters', { questions: [{ ...colour, id: 'the colour' }] }],
    ['a long id', { questions: [{ ...colour, id: 'x'.repeat(65) }] }],
    ['a long header', { questions: [{ ...colour, header: 'x'.repeat(61) }] }],
    ['a long question', { questions: [{ ...colour, question: 'x'.repeat(501) }] }],
    ['a long label', { questions: [{ ...colour, options: [option('x'.repeat(101)), option('Blue')] }] }],
    [
      'a long description',
      { questions: [{ ...colour, options: [option('Red'), { label: 'Blue', description: 'x'.repeat(301) }] }] },
    ],
    ['an option without a description', { questions: [{ ...colour, options: [{ label: 'a' }, { label: 'b' }] }] }],
  ])('of a wrong form (%s) are not asked, and the model reads what is wrong', async (_, args) => {
    const { output, turn } = await asked(args, () => Promise.reject(new Error('nothing was to be asked')));
    expect(output.success).toBe(false);
    expect(textOf(output)).toMatch(/^failed to parse function arguments: /);
    expect(turn.seen).toEqual([]);
  });

  test('may be as long as their limits', async () => {
    const options = ['a', 'b', 'c', 'd'].map((at) => ({ label: at.repeat(100), description: 'x'.repeat(300) }));
    const longest = { id: 'x'.repeat(64), header: 'x'.repeat(60), question: 'x'.repeat(500), options };
    const { output } = await asked({ questions: [longest] }, async () => ({ [longest.id]: ['a'] }));
    expect(output.success).toBe(true);
  });

  test('are accepted as a list that is written as a text', async () => {
    const { output } = await asked({ questions: JSON.stringify(QUESTIONS) }, async () => ({ colour: ['Blue'] }));
    expect(output.success).toBe(true);
  });
});
