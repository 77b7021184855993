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
