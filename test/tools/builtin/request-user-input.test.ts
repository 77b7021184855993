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

  test('get an answer of bounded length, without a broken character', async () => {
    const { output } = await asked({ questions: QUESTIONS }, async () => ({ colour: ['漢'.repeat(9_000)] }));
    const text = textOf(output);
    expect(Buffer.byteLength(text)).toBeLessThan(2_200);
    expect(JSON.parse(text).answers.colour.answers[0]).toMatch(/^漢+$/);
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
    ['an option without a description', { questions: [{ ...colour, options: [{ label: 'a' }, { label: 'b' }] }] }],
  ])('of a wrong form (%s) are not asked, and the model reads what is wrong', async (_, args) => {
    const { output, turn } = await asked(args, () => Promise.reject(new Error('nothing was to be asked')));
    expect(output.success).toBe(false);
    expect(textOf(output)).toMatch(/^failed to parse function arguments: /);
    expect(turn.seen).toEqual([]);
  });

  test('are accepted as a list that is written as a text', async () => {
    const { output } = await asked({ questions: JSON.stringify(QUESTIONS) }, async () => ({ colour: ['Blue'] }));
    expect(output.success).toBe(true);
  });
});
