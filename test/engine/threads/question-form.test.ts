import { describe, expect, test } from 'vitest';
import { formAnswer, questionForm } from '../../../src/engine/threads/index.ts';
import { QUESTIONS } from '../../support/questions.ts';

describe('questions as a form', () => {
  test('have a choice and a text each, with what the choices mean', () => {
    const { message, requestedSchema } = questionForm(QUESTIONS);
    expect(message).toBe('The agent asks:\nWhich colour should the button have?\nHow large should it be?');
    expect(requestedSchema).toEqual({
      type: 'object',
      properties: {
        answer_1: {
          type: 'string',
          title: 'Colour',
          description: 'Which colour should the button have?\nBlue: As the others.\nRed: It is easy to see.',
          enum: ['Blue', 'Red'],
        },
        other_1: { type: 'string', title: 'Colour, in your own words' },
        answer_2: {
          type: 'string',
          title: 'Size',
          description: 'How large should it be?\nSmall: One line.\nLarge: Two lines.',
          enum: ['Small', 'Large'],
        },
        other_2: { type: 'string', title: 'Size, in your own words' },
      },
    });
  });

  const hostile = (text: string) => `${text}\u001b[2J\u202e\u0007`;
  const hostileQuestions = [
    {
      ...{ id: 'colour', header: hostile('Colour'), question: hostile('Which?') },
      options: [
        { label: hostile('Blue'), description: hostile('As the others.') },
        { label: 'Blue', description: '' },
      ],
    },
  ];

  test('can’t act on a terminal, and say which subagent asks', () => {
    const form = questionForm(hostileQuestions, hostile('Asked by the subagent tests. '));
    const { answer_1: choice } = form.requestedSchema.properties;
    expect(form.message).toBe('Asked by the subagent tests. The agent asks:\nWhich?');
    expect(choice).toMatchObject({ title: 'Colour', enum: ['Blue', 'Blue (2)'] });
    for (const text of Object.values(form.requestedSchema.properties).flatMap((field) => Object.values(field).flat()))
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
  });

  test.each([
    ['Blue', hostile('Blue')],
    ['Blue (2)', 'Blue'],
  ])('filled with the choice %s have the model’s own label', (shown, label) => {
    expect(formAnswer(hostileQuestions, { answer_1: shown })).toEqual({ type: 'approved', content: { colour: label } });
  });

  test.each<[string, unknown, unknown]>([
    ['a choice', { answer_1: 'Red' }, { colour: 'Red' }],
    ['own words', { other_2: 'huge' }, { size: 'huge' }],
    ['own words over a choice', { answer_1: 'Red', other_1: 'green' }, { colour: 'green' }],
    ['a choice beside empty words', { answer_1: 'Red', other_1: '  ' }, { colour: 'Red' }],
    ['both questions', { answer_1: 'Blue', answer_2: 'Small' }, { colour: 'Blue', size: 'Small' }],
  ])('filled with %s', (_, filled, content) => {
    expect(formAnswer(QUESTIONS, filled)).toEqual({ type: 'approved', content });
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['no object', 'Red'],
    ['null', null],
    ['undefined', undefined],
    ['another type', { answer_1: 7 }],
    ['a name that is not a field', { colour: 'Red' }],
    ['what every object has', { constructor: 'x' }],
  ])('filled with %s is no answer', (_, filled) => {
    expect(formAnswer(QUESTIONS, filled)).toEqual({ type: 'denied' });
  });
});
