import { functionCall } from '../../src/testing/index.ts';

/** Two questions of the model as it asks them. */
export const QUESTIONS = [
  {
    id: 'colour',
    header: 'Colour',
    question: 'Which colour should the button have?',
    options: [
      { label: 'Blue', description: 'As the others.' },
      { label: 'Red', description: 'It is easy to see.' },
    ],
  },
  {
    id: 'size',
    header: 'Size',
    question: 'How large should it be?',
    options: [
      { label: 'Small', description: 'One line.' },
      { label: 'Large', description: 'Two lines.' },
    ],
  },
];

/** The call by which a model asks them. */
export function asksUser(id = 'ask_1', questions: readonly object[] = QUESTIONS) {
  return functionCall('request_user_input', { questions }, id);
}
