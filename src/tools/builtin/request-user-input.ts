import * as z from 'zod/mini';
import { UserQuestion } from '../../foundation/protocol/index.ts';
import { cutBytesEnd, monotonicMs } from '../../foundation/util/index.ts';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  parseArguments,
  type Tool,
  type ToolHandler,
  textSchema,
  type UserAnswers,
} from '../contract/index.ts';

const MAX_QUESTIONS = 3;
const MIN_OPTIONS = 2;
const MAX_OPTIONS = 4;
/** Of one answer, UTF-8 bytes: all of them stay below the limit for outputs, so that the JSON is never cut. */
const MAX_ANSWER_BYTES = 2_048;

const questionArguments = z.object({
  questions: z.array(UserQuestion).check(
    z.minLength(1),
    z.maxLength(MAX_QUESTIONS),
    z.refine((questions) => new Set(questions.map(({ id }) => id)).size === questions.length, {
      error: 'questions with an id of their own each',
    }),
    z.refine((questions) => questions.every(isWhole), {
      error: `questions with id, header and question, and ${MIN_OPTIONS} to ${MAX_OPTIONS} options with different labels`,
    }),
  ),
});

const spec = functionSpec({
  name: 'request_user_input',
  description:
    'Ask the user one to three short questions, and wait for the answers. Only where the answer decides what you do next and the files do not show it.',
  required: ['questions'],
  properties: {
    questions: {
      type: 'array',
      items: {
        type: 'object',
        required: ['id', 'header', 'question', 'options'],
        properties: {
          id: described(textSchema, 'Names the answer, e.g. database.'),
          header: described(textSchema, 'A word or two.'),
          question: described(textSchema, 'One sentence.'),
          options: described(
            {
              type: 'array',
              items: {
                type: 'object',
                required: ['label', 'description'],
                properties: { label: textSchema, description: described(textSchema, 'What it would mean.') },
                additionalProperties: false,
              },
            },
            'Two to four that exclude each other, the best one first. The user can also answer in their own words.',
          ),
        },
        additionalProperties: false,
      },
    },
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(questionArguments),
  parallel: false,
  repeat: 'safe',
  async run(call, { askUser, events }, signal) {
    const text = argumentsText(call);
    const parsed = parseArguments(text, questionArguments);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { questions } = parsed.value;
    const item = { type: 'toolCall', id: call.callId, tool: call.name, arguments: text } as const;
    const startedAt = monotonicMs();
    events.itemStarted({ ...item, status: 'inProgress', durationMs: null });
    const answers = await askUser(questions, signal);
    if (signal.aborted) return failedOutput('aborted');
    const durationMs = Math.round(monotonicMs() - startedAt);
    if (answers === null) {
      events.itemCompleted({ ...item, status: 'declined', durationMs, reason: 'not answered' });
      return failedOutput('The user gave no answer. Decide yourself, and say what you assumed.');
    }
    const given = bounded(questions, answers);
    events.itemCompleted({ ...item, status: 'completed', durationMs, answer: answerLines(questions, given) });
    const outputs = Object.entries(given).map(([id, list]) => [id, { answers: list }] as const);
    return { body: JSON.stringify({ answers: Object.fromEntries(outputs) }), success: true };
  },
};

/** `request_user_input`: asks the user. It has no effect, so that it is simply asked again after a crash. */
export const requestUserInputTool: Tool = { name: spec.name, spec, handler };

function isWhole({ id, header, question, options }: UserQuestion): boolean {
  const labels = options.map(({ label }) => label.trim());
  const areWhole = [id, header, question, ...labels].every((text) => text.trim() !== '');
  const count = new Set(labels).size;
  return areWhole && count === labels.length && count >= MIN_OPTIONS && count <= MAX_OPTIONS;
}

/** Only answers to what was asked, each within its limit. */
function bounded(questions: readonly UserQuestion[], answers: UserAnswers): UserAnswers {
  const given = questions.flatMap(({ id }) => {
    const list = Object.hasOwn(answers, id) ? answers[id] : undefined;
    return list === undefined ? [] : [[id, list.map((text) => cutBytesEnd(text, MAX_ANSWER_BYTES))] as const];
  });
  return Object.fromEntries(given);
}

function answerLines(questions: readonly UserQuestion[], answers: UserAnswers): string {
  return questions.map(({ id, header }) => `${header}: ${(answers[id] ?? []).join(', ') || 'no answer'}`).join('\n');
}
